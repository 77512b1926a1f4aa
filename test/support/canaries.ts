import { randomBytes } from "node:crypto";

/** A secret that no place but the one it was put in may show. */
export interface Canary {
  /** Where it was put: `host.proxy.password`. */
  readonly place: string;
  readonly text: string;
}

/** What has to be quoted differently by a shell, in JSON, in a URL and in XML. */
const awkward = `'"\\$(&%<`;

export function newCanary(place: string): Canary {
  return canaryOf(place, `simulated-canary-${place}-${randomBytes(9).toString("hex")}`);
}

/** Of a secret that somebody else made. */
export function canaryOf(place: string, secret: string): Canary {
  return { place, text: `${secret}${awkward}` };
}

/**
 * What a canary is known by. What has to be quoted stands at its end, so the beginning looks the same in plain, in JSON, in a URL and in a quoted
 * shell word, and a part of it is enough. Of a key each line counts by itself.
 */
export function needles({ text }: Canary): ReadonlyMap<string, string> {
  const lines = text.includes("-----BEGIN") ? text.split("\n").filter((line) => line && !line.startsWith("-----")) : [];
  const parts =
    lines.length > 0
      ? lines.map((line, at): [string, string] => [`line ${at + 1}`, line.slice(0, 60)])
      : [
          ["", text.slice(0, -awkward.length)],
          ["its beginning", text.slice(0, -awkward.length - 18)],
          ["its end", text.slice(-awkward.length - 18, -awkward.length)],
        ];
  return new Map(
    parts.flatMap(([what = "", part = ""]) =>
      Object.entries(encodings(part)).map(([how, needle]): [string, string] => [`${what} ${how}`.trim(), needle]),
    ),
  );
}

function encodings(part: string): Record<string, string> {
  const bytes = Buffer.from(part);
  // The same bytes have three forms, by where they stand in a text; of each the middle does not depend on what is around.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  return {
    "in plain": part,
    "in hex": bytes.toString("hex"),
    "in upper hex": bytes.toString("hex").toUpperCase(),
    ...Object.fromEntries(base64.map((text, at) => [`in base64 (${at})`, text])),
    ...Object.fromEntries(
      base64.map((text, at) => [`in base64url (${at})`, text.replaceAll("+", "-").replaceAll("/", "_")]),
    ),
  };
}

/** Which canaries are in which text, and how. */
export function found(canaries: readonly Canary[], texts: ReadonlyMap<string, string>): string[] {
  return canaries.flatMap((canary) =>
    [...needles(canary)].flatMap(([how, needle]) =>
      [...texts].flatMap(([where, text]) => (text.includes(needle) ? [`${canary.place} ${how} in ${where}`] : [])),
    ),
  );
}

/**
 * What Pulumi itself says of properties in plain, secrets too: the log of its calls at -v=9, and the SDK's word of debugging at the end of each
 * registration. Seen with CLI 3.259.0 and @pulumi/pulumi 3.270.0; nothing that a package does changes it.
 */
const call = /^(?:Unm|M)arshaling property for RPC\[/;
const registration = /^RegisterResource RPC finished: resource:/;

/** A text without exactly these words of Pulumi's. `events` is the engine's event log of the same command. */
export function withoutPulumisOwn(text: string, events: string): string {
  const kept = text.split("\n").filter((line) => !isLogOfCall(line) && messageOf(line) === undefined);
  // On a terminal the same word is indented, and of several lines where a property is.
  let shown = kept.map((line) => line.trim()).join("\n");
  for (const line of events.split("\n")) {
    const message = messageOf(line)
      ?.split("\n")
      .map((part) => part.trim())
      .join("\n")
      .trim();
    if (message) shown = shown.replaceAll(message, "");
  }
  return shown;
}

function isLogOfCall(line: string): boolean {
  const { msg, v } = parsed(line) as { msg?: string; v?: number };
  if (typeof msg !== "string") return false;
  return (v === 9 && call.test(msg)) || registration.test(msg.replace(/^eventSink::Debug\(<\{%reset%\}>/, ""));
}

/** The SDK's word in a line of the event log. */
function messageOf(line: string): string | undefined {
  const { diagnosticEvent: event } = parsed(line) as { diagnosticEvent?: { severity?: string; message?: string } };
  return event?.severity === "debug" && registration.test(event.message ?? "") ? event.message : undefined;
}

function parsed(line: string): object {
  if (!line.startsWith("{")) return {};
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
