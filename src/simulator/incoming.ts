import { StringDecoder } from "node:string_decoder";

/** What comes in from a channel, line by line or all of it. */
export class Incoming {
  private readonly decoder = new StringDecoder("utf8");
  private text = "";
  private ended = false;
  private wake: (() => void) | undefined;

  push(chunk: Buffer): void {
    this.text += this.decoder.write(chunk);
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  async line(): Promise<string | undefined> {
    while (!this.ended && !this.text.includes("\n")) await this.more();
    if (this.text === "") return undefined;
    const end = this.text.indexOf("\n");
    const line = end < 0 ? this.text : this.text.slice(0, end);
    this.text = end < 0 ? "" : this.text.slice(end + 1);
    return line;
  }

  async rest(): Promise<string> {
    while (!this.ended) await this.more();
    const { text } = this;
    this.text = "";
    return text;
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
