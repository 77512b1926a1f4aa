import type { RebootOptions } from "./host.js";

/** What goes wrong when a command runs. */
export type FaultKind =
  /** It fails with the message and does nothing. */
  | "fail"
  /** It never ends, and does nothing. */
  | "hang"
  /** The connection is cut before it does anything. */
  | "dropBefore"
  /** The connection is cut when it is done, before it answers. */
  | "dropAfter"
  /** It is done, and never answers. */
  | "hangAfter"
  /** It takes a while. */
  | "slow"
  /** It is done, and its output is cut in the middle. */
  | "truncate"
  /** It is done, and its output is spoilt. */
  | "garble"
  /** The host is started anew before it does anything, and the connection is cut. */
  | "reboot"
  /** Somebody else does something just before it is run. */
  | "meanwhile";

/** A fault, the command that it befalls, and when. */
export interface FaultOptions {
  /**
   * The path of the command, `iscsi networkportal add`: the whole path, or an expression that is found in it. Its help is
   * `iscsi networkportal add --help`, any other program goes by its name, `grep`.
   */
  readonly match: string | RegExp;
  /** What goes wrong. */
  readonly kind: FaultKind;
  /** How many runs of it. Default: 1. */
  readonly times?: number;
  /** How many runs of it go well before. Default: 0. */
  readonly after?: number;
  /** Of `fail`: what it prints. Of `garble`: what it prints in place of its output. */
  readonly message?: string;
  /** Of `slow`: how long. Default: 1000. */
  readonly delayMs?: number;
  /** Of `reboot`: what comes with it. */
  readonly reboot?: RebootOptions;
  /** Of `meanwhile`: what is done. */
  readonly meanwhile?: () => void;
}

/** Faults that were asked for: counted, never random, in the order they were added. */
export class Faults {
  private waiting: { readonly options: FaultOptions; left: number; wait: number }[] = [];

  add(options: FaultOptions): void {
    this.waiting.push({ options, left: options.times ?? 1, wait: options.after ?? 0 });
  }

  clear(): void {
    this.waiting = [];
  }

  /** How many runs will still go wrong. */
  get left(): number {
    return this.waiting.reduce((sum, { left }) => sum + left, 0);
  }

  /** The fault of this run, if any; it counts. */
  take(path: string): FaultOptions | undefined {
    const found = this.waiting.find(({ options: { match } }) =>
      typeof match === "string" ? match === path : path.search(match) >= 0,
    );
    if (!found) return undefined;
    if (found.wait > 0) {
      found.wait -= 1;
      return undefined;
    }
    found.left -= 1;
    if (found.left <= 0) this.waiting = this.waiting.filter((one) => one !== found);
    return found.options;
  }
}
