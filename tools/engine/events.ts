import { z } from "zod";

/** One resource in one state, as the engine prints it: secrets are `[secret]`, unknown values the engine's marker string. */
export interface ResourceState {
  urn: string;
  type: string;
  id: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

export interface Step {
  /** What is done: create, update, delete, same, replace, create-replacement, delete-replaced, read, import, … In a refresh, what was found. */
  op: string;
  urn: string;
  type: string;
  /** The last part of the URN: the name given in the program. */
  name: string;
  old: ResourceState | undefined;
  new: ResourceState | undefined;
  /** The properties that force a replacement. */
  keys: string[];
  /** The properties that differ, where the provider says so. */
  diffs: string[];
  /** Always undefined for dynamic resources, whose host drops it (seen on CLI 3.259.0). */
  detailedDiff: Record<string, unknown> | undefined;
  failed: boolean;
}

export interface Diagnostic {
  severity: string;
  message: string;
  urn: string | undefined;
}

export interface Events {
  steps: Step[];
  /** Diagnostics of every severity but debug. */
  diagnostics: Diagnostic[];
  /** The engine's own count by operation. Leaves providers out, counts the stack itself, and one `replace` for the three steps of a replacement. */
  summary: Record<string, number>;
}

const state = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string(),
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(z.string(), z.unknown()),
});

const about = z.object({
  metadata: z.object({
    op: z.string(),
    urn: z.string(),
    type: z.string(),
    old: state.nullable(),
    new: state.nullable(),
    keys: z.array(z.string()).nullish(),
    diffs: z.array(z.string()).nullish(),
    detailedDiff: z.record(z.string(), z.unknown()).nullable(),
  }),
});

const event = z.object({
  resourcePreEvent: about.optional(),
  resOutputsEvent: about.optional(),
  resOpFailedEvent: about.optional(),
  diagnosticEvent: z.object({ severity: z.string(), message: z.string(), urn: z.string().optional() }).optional(),
  summaryEvent: z.object({ resourceChanges: z.record(z.string(), z.number()).nullish() }).optional(),
});

/** Reads the engine's event log (one JSON object a line; seen on CLI 3.259.0). A step is announced by one event and completed by another. */
export function parseEvents(log: string): Events {
  const events: Events = { steps: [], diagnostics: [], summary: {} };
  const open = new Map<string, Step>();
  for (const line of log.split("\n").filter((text) => text !== "")) {
    const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = parseLine(line);
    const started = resourcePreEvent?.metadata;
    if (started) {
      const step = toStep(started, false);
      events.steps.push(step);
      open.set(key(started), step);
    }
    const ended = resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata;
    if (ended) {
      // A refresh is announced as such and ends as what was found: same, update or delete.
      const step = open.get(key(ended)) ?? open.get(key({ ...ended, op: "refresh" }));
      const result = toStep(ended, resOpFailedEvent !== undefined);
      if (step) Object.assign(step, result);
      else events.steps.push(result);
    }
    if (diagnosticEvent && diagnosticEvent.severity !== "debug") {
      const { severity, message, urn } = diagnosticEvent;
      events.diagnostics.push({ severity, message: message.trim(), urn });
    }
    if (summaryEvent) events.summary = summaryEvent.resourceChanges ?? {};
  }
  return events;
}

/** The steps that change something, without the stack itself and the providers that the engine keeps beside the resources. */
export function changesIn(steps: readonly Step[]): Step[] {
  const unchanging = new Set(["same", "read", "refresh"]);
  return steps.filter(({ op, type }) => !unchanging.has(op) && !/^pulumi:(pulumi:Stack|providers:.*)$/.test(type));
}

function parseLine(line: string): z.infer<typeof event> {
  try {
    return event.parse(JSON.parse(line));
  } catch (error) {
    throw new Error(`The engine's event log has a line that is not understood: ${line}`, { cause: error });
  }
}

function key(metadata: { op: string; urn: string }): string {
  return `${metadata.op} ${metadata.urn}`;
}

function toStep(metadata: z.infer<typeof about>["metadata"], failed: boolean): Step {
  const { op, urn, type, keys, diffs, detailedDiff } = metadata;
  return {
    op,
    urn,
    type,
    name: urn.split("::").at(-1) ?? urn,
    old: metadata.old ?? undefined,
    new: metadata.new ?? undefined,
    keys: keys ?? [],
    diffs: diffs ?? [],
    detailedDiff: detailedDiff ?? undefined,
    failed,
  };
}
