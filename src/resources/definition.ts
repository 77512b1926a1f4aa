import type { z } from "zod";
import type { ErrorCode } from "../errors.js";
import type { HostCommand } from "../esxcli/command.js";

/** Asks the host and decodes the answer. Within one observation the same question is asked once. */
export type Ask = <T>(command: HostCommand<T>) => Promise<T>;

/** Asks already what will most likely be needed. That there is no answer matters only to who then asks for it. */
export function askAhead(ask: Ask, command: HostCommand<unknown>): void {
  ask(command).catch(() => undefined);
}

/** What the state remembers of the last write, for what a host cannot show: a CHAP secret, a RoCE version. */
export interface Memory<I> {
  /** The inputs that were last applied. Undefined when nothing was, or when it is not sure what was. */
  readonly last: I | undefined;
  /** The last create or update failed after its first write. */
  readonly unfinished: boolean;
}

/** What this process knows of the resources of the same type on the same host; ids as `id` makes them. */
export interface Peers<H> {
  /** The first observation of the host in this process: what was there before any of them wrote. */
  readonly first: H;
  /** Those that the program or the state has, and that were not deleted, with what delete is to give back as far as it is known. */
  readonly declared: ReadonlyMap<string, JsonRecord>;
  /** Those whose delete has run, with what delete was to give back. */
  readonly released: ReadonlyMap<string, JsonRecord>;
  /** What deletes of resources of any type on the host could not give back in this run: `Undo.leaves` of each. */
  readonly left: ReadonlyMap<string, JsonRecord[string]>;
}

export interface Failure<I> {
  readonly field: keyof I & string;
  /** The rule that is broken and the fix, as what follows the name of the field: "must be …; give …". Never a value of a secret field. */
  readonly reason: string;
}

/** What is left to do to give back what a resource changed. */
export interface Undo {
  readonly commands: readonly HostCommand[];
  /** Commands that the host may refuse: they run last, and a refusal is told and is no error. */
  readonly attempts?: readonly HostCommand[];
  /** What stays and why: told to the user, in one sentence each. */
  readonly notes?: readonly string[];
  /** Something that goes in the same run may still be in the way: the host is looked at again for `settleSeconds` before this counts. */
  readonly wait?: true;
  /** What a resource that goes later in the same run may give back, by a key that both know. */
  readonly leaves?: JsonRecord;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonRecord = { readonly [key: string]: Json | undefined };

/** What an observation is for. */
export interface Occasion<B extends JsonRecord = JsonRecord> {
  /** To plan a change, to see that it is done, to look for drift, or to give back. */
  readonly aim: "plan" | "verify" | "refresh" | "delete";
  /** What delete is to give back, as far as it is recorded. */
  readonly before: B;
}

/** For an observation that leaves nothing out. */
export const everything: Occasion<Readonly<Record<string, never>>> = { aim: "delete", before: {} };

/** What is known beside the observation. */
export interface Report {
  /** A write said so, this time or, in a refresh, last time. */
  readonly rebootRequired: boolean;
  /** Something was written just now. */
  readonly wrote: boolean;
  /** What is in state of the last time; empty at the first. */
  readonly was: JsonRecord;
  /** By the clock of this machine: a host's may be set meanwhile. */
  readonly now: Date;
}

/** The known inputs of the other resources of a type that the program declares on the same host, as far as Pulumi has come. */
export type Beside = (type: string) => readonly Readonly<Record<string, unknown>>[];

/**
 * A resource is this value: a schema and a few pure functions. Everything else (when to observe, in which order, what is kept in
 * state, what a failure leaves behind) is the lifecycle, and the same for all.
 *
 * I: the inputs without `host`. H: what was observed. B: what delete gives back.
 */
export interface Definition<I extends object, H, B extends JsonRecord> {
  /** `IserAdapter` */
  readonly type: string;
  /** One schema a field: what is allowed, and the canonical form. A field that is not given is not managed. */
  readonly fields: { readonly [K in keyof I & string]-?: z.ZodType };
  /** A change of one of these is another object: the resource is replaced. */
  readonly identity: readonly (keyof I & string)[];
  /**
   * The identity fields that name what the object belongs to. Pulumi asks with an unknown value whether the object goes when that is replaced:
   * it does, and before it. Any other unknown value is no replacement.
   */
  readonly parents?: readonly (keyof I & string)[];
  /** Never in a message, always encrypted in state. */
  readonly secrets?: readonly (keyof I & string)[];
  /** Fields that say how to write, not what is to be: a change of them alone never touches the host. */
  readonly manner?: readonly (keyof I & string)[];
  /** What the resource outputs beside its inputs; a field may be both. */
  readonly outputs: readonly string[];
  /** Outputs that change by themselves: a change of these alone is no drift. */
  readonly status?: readonly string[];
  /** Nothing on the host is left of it, so that deleting it needs no host. */
  readonly leavesNothing?: true;
  /**
   * No other resource of the same lanes goes by what this one writes: whether the host shows it is seen beside the next one's writes. Left out: the
   * next one waits until the host shows it.
   */
  readonly settlesAside?: true;
  /**
   * One command writes declared values together with others that are as they were read, so two who write at the same time may undo each other. The
   * host is looked at once more a moment after a write, and what was undone is written again.
   */
  readonly shared?: true;
  /** How long, in seconds, the host may take to show what was written. Default 10. */
  readonly settleSeconds?: number;
  /** Failures of the plan that may only mean that something has not appeared yet: the host is looked at again for `settleSeconds`. */
  readonly awaits?: readonly ErrorCode[];
  /** Rules over several fields. `given` is also true for a value that is not known yet in a preview. */
  rules?(inputs: Partial<I>, given: (field: keyof I & string) => boolean, beside: Beside): readonly Failure<I>[];
  /** The id after the host: `vmrdma0/vmk3`. */
  id(inputs: I): string;
  /** Other inputs that mean the same object, as the host shows: by the RDMA device, by its uplink. */
  spellings?(have: H, inputs: I): readonly I[];
  /** Writes of one lane go one after another on a host. */
  lanes(ask: Ask, inputs: I): Promise<readonly string[]>;
  /** Looks at the host. What is not needed for the aim need not be asked. */
  observe(ask: Ask, inputs: I, occasion?: Occasion<Partial<B>>): Promise<H>;
  /** Whether the object is there. Throws when the host does not say. */
  exists(have: H, inputs: I): boolean;
  /** Whether delete has something to do, where that can be told although `exists` cannot. Left out: `exists` decides. */
  mayExist?(have: H, inputs: I): boolean;
  /** The commands that bring the host from `have` to `want`; none when it is there. Throws, before anything is written, what forbids it. */
  plan(have: H, want: I, memory: Memory<I>): readonly HostCommand[];
  /**
   * What the host has in place of what `want` will write, so that delete can give it back. `earlier`: what an earlier write has recorded; undefined
   * at the first. Of a key that both have the earlier value stays; a key that is not recorded any more is forgotten.
   */
  record(have: H, want: I, peers: Peers<H>, earlier?: Partial<B>): B;
  /** The declared fields as the host has them. What cannot be read back is left out and stays as it was last applied. */
  current(have: H, inputs: I): Partial<I>;
  /** The outputs beside the inputs. */
  report(have: H, inputs: I, report: Report): JsonRecord;
  /** Whether the host has come to rest after a write. It is waited for `settleSeconds` at most, and it is no error when it has not. */
  rests?(have: H, inputs: I): boolean;
  /** What the user should know of a host that is as declared: told after a write, in one sentence each. */
  remarks?(have: H, inputs: I): readonly string[];
  /** Whether two readings with nothing written between say that the host may have lost what was applied: then it is applied again. */
  mayBeLost?(was: JsonRecord, now: JsonRecord): boolean;
  /**
   * Gives back what `plan` changed. Only called while the object is there. `done`: its commands have run, and what the host cannot show
   * counts as given back.
   */
  remove(have: H, inputs: I, before: Partial<B>, peers: Peers<H>, done?: boolean): Undo;
}

/** Declares a definition with the types of its functions inferred from its schema and its observation. */
export function define<I extends object, H, B extends JsonRecord>(
  definition: Definition<I, H, B>,
): Definition<I, H, B> {
  return definition;
}
