/** What a running program asks of whoever runs it; everything else it does at once. */
export type Request =
  /** A line of the standard input, without its end; undefined at the end. */
  | { readonly kind: "line" }
  /** All that is left of the standard input. */
  | { readonly kind: "rest" }
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** Never goes on. */
  | { readonly kind: "hang" }
  /** The connection is cut, and it never goes on. */
  | { readonly kind: "drop" };

/** A program that runs: the same one serves a call that returns at once and an SSH channel. */
export type Process<T> = Generator<Request, T, string | undefined>;

/** The standard input of a program: a text that is there, or what comes from outside. */
export interface Input {
  line(): Process<string | undefined>;
  rest(): Process<string>;
}

export const live: Input = {
  *line() {
    return yield { kind: "line" };
  },
  *rest() {
    return (yield { kind: "rest" }) ?? "";
  },
};

export class TextInput implements Input {
  constructor(private text: string) {}

  // biome-ignore lint/correctness/useYield: a text that is there asks for nothing
  *line(): Process<string | undefined> {
    if (this.text === "") return undefined;
    const end = this.text.indexOf("\n");
    const line = end < 0 ? this.text : this.text.slice(0, end);
    this.text = end < 0 ? "" : this.text.slice(end + 1);
    return line;
  }

  // biome-ignore lint/correctness/useYield: a text that is there asks for nothing
  *rest(): Process<string> {
    const { text } = this;
    this.text = "";
    return text;
  }
}

export interface Streams {
  readonly input: Input;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs to the end with the given input. What hangs or is cut ends with 255, as `ssh` ends when it loses the connection. */
export function runNow(start: (input: Input) => Process<number>, stdin: string): number {
  const process = start(new TextInput(stdin));
  for (let step = process.next(); ; step = process.next()) {
    if (step.done) return step.value;
    if (step.value.kind === "hang" || step.value.kind === "drop") return 255;
  }
}
