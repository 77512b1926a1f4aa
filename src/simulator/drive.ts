import type { Process } from "./process.js";

/** Where a process gets what it asks for. */
export interface Surroundings {
  line(): Promise<string | undefined>;
  rest(): Promise<string>;
  /** Cuts the connection. */
  drop(): void;
  /** Ends the process from outside. */
  readonly signal: AbortSignal;
}

/** Runs a process to its end, waiting where it waits. Undefined if it was ended from outside. */
export async function drive<T>(process: Process<T>, around: Surroundings): Promise<T | undefined> {
  const aborted = new Promise<"aborted">((resolve) => {
    if (around.signal.aborted) resolve("aborted");
    around.signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
  let answer: string | undefined;
  for (;;) {
    const step = process.next(answer);
    if (step.done) return step.value;
    const { value: request } = step;
    if (request.kind === "drop") {
      around.drop();
      return undefined;
    }
    const wanted =
      request.kind === "line"
        ? around.line()
        : request.kind === "rest"
          ? around.rest()
          : request.kind === "delay"
            ? pause(request.milliseconds, around.signal)
            : aborted;
    const result = await Promise.race([wanted.then((text) => ({ text })), aborted]);
    if (result === "aborted" || around.signal.aborted) return undefined;
    answer = result.text;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), milliseconds);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}
