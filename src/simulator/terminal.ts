import { StringDecoder } from "node:string_decoder";

/** A line editor over a terminal, good enough to look around: cursor, history, the usual control keys. */
export class Terminal {
  private readonly decoder = new StringDecoder("utf8");
  private readonly keys: string[] = [];
  private readonly history: string[] = [];
  private wake: (() => void) | undefined;
  private ended = false;
  /** Called for Ctrl-C while nobody reads a line. */
  onInterrupt: (() => void) | undefined;

  constructor(private readonly send: (text: string) => void) {}

  push(chunk: Buffer): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the keys of a terminal are control characters
    for (const key of this.decoder.write(chunk).match(/\u001b\[[0-9;]*[A-Za-z~]|\u001b.|[\s\S]/gu) ?? []) {
      if (key === "\u0003" && this.wake === undefined && this.onInterrupt) this.onInterrupt();
      else this.keys.push(key);
    }
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  /** Text for the screen: a terminal wants both a return and a line feed. */
  write(text: string): void {
    this.send(text.replaceAll("\n", "\r\n"));
  }

  /** A line, or undefined at the end. A secret is not shown. */
  async readLine(prompt: string, secret = false): Promise<string | undefined> {
    const line = new Line(this.history);
    this.write(prompt);
    for (;;) {
      const key = await this.key();
      if (key === undefined || (key === "\u0004" && line.isEmpty)) return undefined;
      if (key === "\r" || key === "\n" || key === "\u0003") {
        this.write(key === "\u0003" ? "^C\n" : "\n");
        if (key === "\u0003") return "";
        if (!secret && !line.isEmpty) this.history.push(line.text);
        return line.text;
      }
      const before = line.text;
      line.press(key);
      if (secret) continue;
      // What is typed at the end is shown as it is; else the whole line again, then the cursor back to its place.
      const back = line.behind > 0 ? `\u001b[${line.behind}D` : "";
      this.send(line.text === before + key ? key : `\r${prompt}${line.text}\u001b[K${back}`);
    }
  }

  private async key(): Promise<string | undefined> {
    while (this.keys.length === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
    return this.keys.shift();
  }
}

class Line {
  private before: string[] = [];
  private after: string[] = [];
  private at: number;

  constructor(private readonly history: readonly string[]) {
    this.at = history.length;
  }

  get text(): string {
    return [...this.before, ...this.after].join("");
  }

  get isEmpty(): boolean {
    return this.before.length + this.after.length === 0;
  }

  /** Characters behind the cursor. */
  get behind(): number {
    return this.after.length;
  }

  press(key: string): void {
    const action = actions[key];
    if (action) action(this);
    else if (key >= " " && !key.startsWith("\u001b")) this.before.push(key);
  }

  backspace(): void {
    this.before.pop();
  }

  delete(): void {
    this.after.shift();
  }

  left(count = 1): void {
    for (let step = 0; step < count && this.before.length > 0; step += 1) this.after.unshift(this.before.pop() ?? "");
  }

  right(count = 1): void {
    for (let step = 0; step < count && this.after.length > 0; step += 1) this.before.push(this.after.shift() ?? "");
  }

  clearBefore(): void {
    this.before = [];
  }

  clearAfter(): void {
    this.after = [];
  }

  deleteWord(): void {
    const text = this.before.join("").replace(/\S+\s*$/, "");
    this.before = [...text];
  }

  recall(step: number): void {
    this.at = Math.min(Math.max(this.at + step, 0), this.history.length);
    this.before = [...(this.history[this.at] ?? "")];
    this.after = [];
  }
}

const actions: Readonly<Record<string, (line: Line) => void>> = {
  "\u007f": (line) => line.backspace(),
  "\b": (line) => line.backspace(),
  "\u0001": (line) => line.left(Number.POSITIVE_INFINITY),
  "\u0005": (line) => line.right(Number.POSITIVE_INFINITY),
  "\u0004": (line) => line.delete(),
  "\u000b": (line) => line.clearAfter(),
  "\u0015": (line) => line.clearBefore(),
  "\u0017": (line) => line.deleteWord(),
  "\u001b[A": (line) => line.recall(-1),
  "\u001b[B": (line) => line.recall(1),
  "\u001b[C": (line) => line.right(),
  "\u001b[D": (line) => line.left(),
  "\u001b[H": (line) => line.left(Number.POSITIVE_INFINITY),
  "\u001b[F": (line) => line.right(Number.POSITIVE_INFINITY),
  "\u001b[3~": (line) => line.delete(),
};
