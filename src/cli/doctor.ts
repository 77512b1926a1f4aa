import { visible } from "../errors.js";
import type { Finding } from "./doctor/check.js";
import { examine } from "./doctor/diagnose.js";
import { type LookOptions, lookAtHosts } from "./looking.js";
import { painter } from "./terminal.js";

export type { Finding } from "./doctor/check.js";

/** What was found on a host. */
export interface Examined {
  /** As it was given. */
  readonly host: string;
  readonly findings: readonly Finding[];
  /** What could not be tried there, each with the reason. */
  readonly untried: readonly string[];
}

/** Says what is wrong on hosts. The status that the command ends with: 0, 1 with findings, 2 where a host could not be looked at. */
export async function doctor(names: readonly string[], options: LookOptions): Promise<number> {
  const { looked, unread } = await lookAtHosts(names, options, examine);
  const examined = looked.map(
    ({ name, found: { findings, untried } }): Examined => ({ host: name, findings, untried }),
  );
  const paint = painter(process.stdout);
  process.stdout.write(
    options.json ? `${JSON.stringify(examined, null, 2)}\n` : examined.map((one) => report(one, paint)).join("\n"),
  );
  if (unread.length > 0) return 2;
  return examined.some(({ findings }) => findings.length > 0) ? 1 : 0;
}

const marks = { error: "✗", warning: "!" } as const;
const colours = { error: "red", warning: "yellow" } as const;

function report({ host, findings, untried }: Examined, paint: ReturnType<typeof painter>): string {
  const verdict =
    findings.length === 0
      ? paint("green", "nothing found")
      : `${findings.length} ${findings.length === 1 ? "finding" : "findings"}`;
  const lines = [`${paint("bold", host)}: ${verdict}`];
  for (const { check, severity, what, why, fix } of findings)
    lines.push(
      `  ${paint(colours[severity], marks[severity])} ${visible(what)} ${paint("dim", `[${check}]`)}`,
      `      why  ${visible(why)}`,
      `      fix  ${visible(fix)}`,
    );
  for (const one of untried) lines.push(`  ? not tried: ${visible(one)}`);
  return `${lines.join("\n")}\n`;
}
