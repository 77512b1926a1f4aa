import { styleText } from "node:util";
import { visible } from "../errors.js";

/** Where the command prints: stdout or stderr. */
type Stream = Pick<NodeJS.WriteStream, "isTTY" | "write">;

export type Colour = "red" | "yellow" | "green" | "bold" | "dim";

/** Colours a text for a terminal, and leaves it as it is for everything else and where `NO_COLOR` is set. */
export function painter(stream: Pick<Stream, "isTTY">): (colour: Colour, text: string) => string {
  const plain = !stream.isTTY || (process.env.NO_COLOR ?? "") !== "" || process.env.TERM === "dumb";
  // What the stream is was looked at already; styleText would look at stdout.
  return (colour, text) => (plain ? text : styleText(colour, text, { validateStream: false }));
}

/** One line on a terminal that says how far the work is. Nothing elsewhere: a log has no use for it. */
export class Progress {
  private done = 0;
  private isShown = false;

  constructor(
    private readonly what: string,
    private readonly total: number,
    private readonly stream: Stream = process.stderr,
  ) {
    this.show();
  }

  /** One more is through. */
  step(): void {
    this.done += 1;
    this.show();
  }

  /** Takes the line away, for something else to be printed. */
  clear(): void {
    if (this.isShown) this.stream.write("\r\u001b[K");
    this.isShown = false;
  }

  private show(): void {
    if (!this.stream.isTTY) return;
    this.stream.write(`\r\u001b[K${visible(`${this.what}: ${this.done} of ${this.total}`)}`);
    this.isShown = true;
  }
}

/** Tells something beside the result of a command. */
export function note(text: string): void {
  process.stderr.write(`esxi-iser: ${visible(text)}\n`);
}
