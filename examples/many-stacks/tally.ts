import type { DiagnosticEvent, EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";

/** What the engine tells of one stack, counted. */
export class Tally {
  /** How many resources by what was done to them, without those that stay the same. */
  readonly changes: Record<string, number> = {};
  readonly errors: string[] = [];
  private readonly known = new Set<string>();
  private readonly done = new Set<string>();
  private failures = 0;

  /** `tell` gets a line for each change. */
  constructor(private readonly tell: (line: string) => void) {}

  /** The events of a preview that comes first: from it is known how many resources there will be. */
  readonly plan = ({ resourcePreEvent, diagnosticEvent }: EngineEvent): void => {
    const begun = resource(resourcePreEvent?.metadata);
    if (begun) this.known.add(keyOf(begun));
    if (diagnosticEvent) this.hear(diagnosticEvent);
  };

  private hear({ severity, message, urn }: DiagnosticEvent): void {
    // The message has the engine's marks for colours in it.
    const text = `${urn ? `${nameOf(urn)}: ` : ""}${message.replaceAll(/<\{%.*?%\}>/g, "").trim()}`;
    if (severity === "error" && !/^(update|preview|destroy|refresh) failed$/.test(text)) this.errors.push(text);
    // What this package has to tell of a host, such as that something was adopted, and what the program prints.
    if (severity === "warning" || severity === "info") this.tell(`says: ${text}`);
  }

  readonly follow = (event: EngineEvent): void => {
    this.plan(event);
    const { resOutputsEvent, resOpFailedEvent } = event;
    const ended = resource(resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata);
    // A preview tells of a component twice.
    if (ended === undefined || this.done.has(keyOf(ended))) return;
    this.done.add(keyOf(ended));
    if (resOpFailedEvent) this.failures += 1;
    else if (ended.op === "same") return;
    else this.changes[ended.op] = (this.changes[ended.op] ?? 0) + 1;
    const what = `${ended.op} ${ended.type.split(":").at(-1)} ${nameOf(ended.urn)}`;
    this.tell(
      `${this.done.size}/${this.known.size}, ${this.failures} failed: ${what}${resOpFailedEvent ? " FAILED" : ""}`,
    );
  };
}

/** Neither the stack itself nor the providers, which the engine counts too. */
const resource = (step: StepEventMetadata | undefined) => (step?.type.startsWith("pulumi:") ? undefined : step);
/** A replacement is several steps for one resource. */
const keyOf = ({ op, urn }: StepEventMetadata) => `${op} ${urn}`;
const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;
