import type { Input, Process, Streams } from "./process.js";
import { TextInput } from "./process.js";
import { type Pipeline, parseLine, type Redirect, type SimpleCommand, SyntaxFailure, type Word } from "./shellParse.js";

/** A program of the host: its words without its name, and the status it ends with. */
export type Program = (words: readonly string[], streams: Streams, shell: Shell) => Process<number>;

/** The host as the shell sees it. */
export interface System {
  program(name: string): Program | undefined;
  /** A file's text, or undefined. */
  readFile(path: string): string | undefined;
  writeFile(path: string, text: string, append: boolean): void;
}

class Exit extends Error {
  constructor(readonly status: number) {
    super();
  }
}

/** One shell: its variables, and the status of the last command. */
export class Shell {
  private status = 0;
  /** Whether it was told to `exit`. */
  exited = false;

  constructor(
    private readonly system: System,
    private readonly variables = new Map<string, string>([
      ["HOME", "/"],
      ["PATH", "/bin:/sbin"],
      ["PWD", "/"],
      ["USER", "root"],
      ["SHELL", "/bin/sh"],
    ]),
  ) {}

  /** Runs a line. */
  *run(line: string, streams: Streams): Process<number> {
    let pipelines: readonly Pipeline[];
    try {
      pipelines = parseLine(line);
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error;
      streams.err(`sh: syntax error: ${error.message}\n`);
      this.status = 2;
      return 2;
    }
    try {
      for (const pipeline of pipelines) {
        if (pipeline.when === "&&" && this.status !== 0) continue;
        if (pipeline.when === "||" && this.status === 0) continue;
        this.status = yield* this.pipeline(pipeline, streams);
      }
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      this.status = error.status;
      this.exited = true;
    }
    return this.status;
  }

  /** Each command of a pipe is a shell of its own. They run one after the other, which nobody can tell. */
  private *pipeline({ commands }: Pipeline, streams: Streams): Process<number> {
    let input: Input = streams.input;
    let status = 0;
    for (const [at, command] of commands.entries()) {
      const isLast = at === commands.length - 1;
      let passed = "";
      const out = isLast
        ? streams.out
        : (text: string) => {
            passed += text;
          };
      const shell = commands.length === 1 ? this : new Shell(this.system, new Map(this.variables));
      shell.status = this.status;
      try {
        status = yield* shell.command(command, { input, out, err: streams.err });
      } catch (error) {
        if (!(error instanceof Exit) || commands.length === 1) throw error;
        status = error.status;
      }
      input = new TextInput(passed);
    }
    return status;
  }

  private *command({ assignments, words, redirects }: SimpleCommand, streams: Streams): Process<number> {
    const argv = words.flatMap((word) => this.expand(word));
    const [name, ...rest] = argv;
    const redirected = this.redirect(redirects, streams);
    if (redirected === undefined) return 1;
    if (name === undefined) {
      for (const assignment of assignments) this.variables.set(assignment.name, this.text(assignment.value));
      return 0;
    }
    if (name === "exit") throw new Exit(rest[0] === undefined ? this.status : Number(rest[0]) & 255);
    if (name === "export") return this.export(rest);
    const program = this.system.program(name);
    if (program === undefined) {
      redirected.err(`sh: ${name}: not found\n`);
      return 127;
    }
    return yield* program(rest, redirected, this);
  }

  private export(words: readonly string[]): number {
    for (const word of words) {
      const at = word.indexOf("=");
      if (at > 0) this.variables.set(word.slice(0, at), word.slice(at + 1));
    }
    return 0;
  }

  readFile(path: string): string | undefined {
    return this.system.readFile(path);
  }

  private redirect(redirects: readonly Redirect[], streams: Streams): Streams | undefined {
    let { input } = streams;
    let outs: readonly [unknown, Streams["out"], Streams["err"]] = [undefined, streams.out, streams.err];
    const set = (from: 0 | 1 | 2, write: Streams["out"]) => {
      outs = from === 2 ? [undefined, outs[1], write] : [undefined, write, outs[2]];
    };
    for (const { from, kind, target } of redirects) {
      const path = this.text(target);
      if (kind === "duplicate") {
        if (path !== "1" && path !== "2") return this.cannot(streams, path, "bad file descriptor");
        set(from, outs[path === "1" ? 1 : 2]);
      } else if (kind === "read") {
        const text = this.system.readFile(path);
        if (text === undefined) return this.cannot(streams, path, "no such file");
        input = new TextInput(text);
      } else {
        if (kind === "write") this.system.writeFile(path, "", false);
        set(from, (text) => this.system.writeFile(path, text, true));
      }
    }
    return { input, out: outs[1], err: outs[2] };
  }

  private cannot(streams: Streams, path: string, why: string): undefined {
    streams.err(`sh: can't open ${path}: ${why}\n`);
  }

  /** A word as one text: of an assignment, or of a redirection. */
  private text(word: Word): string {
    return word.map((part) => (part.kind === "text" ? part.text : this.value(part.name))).join("");
  }

  /** A word as the arguments it becomes: an unquoted variable may be several, or none. */
  private expand(word: Word): string[] {
    if (word.every((part) => part.kind === "text" || part.quoted)) return [this.text(word)];
    const pieces: string[] = [];
    let current: string | undefined;
    for (const part of word) {
      if (part.kind === "text" || part.quoted) {
        const text = part.kind === "text" ? part.text : this.value(part.name);
        if (text !== "") current = (current ?? "") + text;
        continue;
      }
      const value = this.value(part.name);
      const split = value.split(/[ \t\n]+/);
      for (const [at, piece] of split.entries()) {
        if (at > 0) {
          if (current !== undefined) pieces.push(current);
          current = undefined;
        }
        if (piece !== "") current = (current ?? "") + piece;
      }
    }
    return current === undefined ? pieces : [...pieces, current];
  }

  private value(name: string): string {
    if (name === "?") return String(this.status);
    if (name === "#") return "0";
    return this.variables.get(name) ?? "";
  }
}
