import { IserError } from "../../errors.js";
import { describe, type HostCommand } from "../../esxcli/command.js";
import type { Level } from "../../esxcli/iscsiCommand.js";
import type { Undo } from "../../resources/definition.js";
import { rank } from "../../resources/definitions.js";
import { portal } from "../../resources/fields.js";
import { hostName } from "../../resources/host.js";
import type { Reach } from "../../resources/hostWork.js";
import { type AnyDefinition, difference, fieldsOf, type Properties } from "../../resources/inputs.js";
import { Lifecycle } from "../../resources/lifecycle.js";
import { Run } from "../../resources/peers.js";
import type { Session } from "../../transport/session.js";
import type { Act } from "./acts.js";
import { take } from "./assumedEffects.js";
import { type AssumedHost, Build, chapPlace, placeOf } from "./assumedHost.js";
import { plantDoubt, plantFormer, wasThere } from "./former.js";
import { hidden, isLater, type Step } from "./preview.js";
import { asItIs, asListed, type FormerParameter, otherwise, Seeds } from "./seeds.js";

/** A command as it is run. */
export interface Command {
  /** With the secret masked. */
  readonly line: string;
  readonly path: string;
  readonly options: ReadonlyMap<string, string>;
  /** How the secret gets to the host. */
  readonly secret?: "stdin" | "argument";
  /** The host may refuse it, which is told and is no error. */
  readonly mayFail: boolean;
  /** It is about something that is there before the run. */
  readonly isOnFormer: boolean;
}

/** What comes of an act. */
export interface Outcome {
  readonly act: Act;
  readonly commands: readonly Command[];
  /** What the resource tells the user. */
  readonly notes: readonly string[];
  readonly rebootRequired: boolean;
  /** The run would fail here, or what it does cannot be told: why. */
  readonly refusal?: string;
  readonly isUntold: boolean;
}

export interface Rehearsal {
  readonly outcomes: readonly Outcome[];
  /** What the build was asked for. */
  readonly asked: ReadonlySet<string>;
}

/**
 * Takes the resources of one host, whose steps these are, through the acts of a run there: the lifecycle that the provider runs, with the same
 * definitions, works on a host that is taken to be as the stack has left it. So the commands are those that are planned there.
 */
export async function rehearse(steps: readonly Step[], acts: readonly Act[], lacks?: string): Promise<Rehearsal> {
  const stage = new Stage(steps, lacks);
  const untold = await stage.set();
  const outcomes: Outcome[] = [];
  for (const act of acts) outcomes.push(await stage.play(act, untold.get(act.step.urn)));
  return { outcomes, asked: stage.asked };
}

class Stage {
  private readonly host: AssumedHost;
  private readonly build: Build;
  private readonly seeds: Seeds;
  private readonly former = new Set<string>();
  private readonly lives = new Map<AnyDefinition, Lifecycle>();
  private readonly run = new Run();
  private commands: Command[] = [];
  private notes: string[] = [];
  private attempts: ReadonlySet<string> = new Set();

  constructor(
    private readonly steps: readonly Step[],
    lacks: string | undefined,
  ) {
    const mentions = steps.flatMap(({ definition: { type }, old, new: now }) =>
      [old?.outputs, old?.inputs, now?.inputs].flatMap((properties) => (properties ? [{ type, properties }] : [])),
    );
    this.seeds = new Seeds(mentions);
    this.build = new Build(lacks);
    this.host = this.seeds.plant(this.build);
  }

  get asked(): ReadonlySet<string> {
    return this.build.asked;
  }

  /** Brings the host to where the stack has left it: by the commands that would make it so. Says of what this could not be done. */
  async set(): Promise<ReadonlyMap<string, string>> {
    const untold = new Map<string, string>();
    const lives = new Map<AnyDefinition, Lifecycle>();
    const run = new Run();
    // The state after a refresh is the newer one.
    const standing = new Map(
      this.steps.flatMap((step) => (step.old === undefined || step.op === "gone" ? [] : [[step.urn, step]])),
    );
    const inOrder = [...standing.values()].sort((a, b) => rank(a.definition) - rank(b.definition));
    for (const step of inOrder) {
      const olds = oldsOf(step);
      if (wasThere(olds))
        plantFormer(this.host, step.definition.type, fieldsOf(step.definition, olds), olds.before as object);
    }
    for (const step of inOrder) {
      const { definition } = step;
      const life = lives.get(definition) ?? new Lifecycle(this.onStage(definition), this.reach, run);
      lives.set(definition, life);
      const olds = oldsOf(step);
      try {
        this.prepare(definition, olds, olds.before as Properties | undefined);
        await life.create({ ...fieldsOf(definition, olds), host: olds.host });
      } catch (error) {
        untold.set(step.urn, `what the stack has of it cannot be retraced: ${messageOf(error)}`);
      }
    }
    this.commands = [];
    this.notes = [];
    this.build.asked.clear();
    for (const subject of this.subjects()) this.former.add(subject);
    return untold;
  }

  async play(act: Act, untold: string | undefined): Promise<Outcome> {
    this.commands = [];
    this.notes = [];
    this.attempts = new Set();
    let rebootRequired = false;
    let failure: unknown;
    try {
      rebootRequired = act.spared === undefined && (await this.perform(act)).rebootRequired === true;
    } catch (error) {
      failure = error;
    }
    const isUntold = !(failure instanceof IserError) || isOpen(act.step);
    const refusal =
      failure === undefined ? (act.kind === "same" ? undefined : untold) : isUntold ? open : messageOf(failure);
    return {
      act,
      commands: this.commands,
      notes: this.notes.map(this.seeds.worded),
      rebootRequired,
      ...(refusal === undefined ? {} : { refusal: this.seeds.worded(refusal) }),
      isUntold: refusal !== undefined && isUntold,
    };
  }

  private async perform({ kind, step }: Act): Promise<Properties> {
    const { definition } = step;
    const life = this.lives.get(definition) ?? new Lifecycle(this.onStage(definition), this.reach, this.run);
    this.lives.set(definition, life);
    const olds = oldsOf(step);
    const news: Properties = step.new?.inputs ?? {};
    switch (kind) {
      case "create":
        this.prepare(definition, news);
        return (await life.create(news)).outs;
      case "same":
        // So that the others know that it is declared.
        life.diff(olds, step.new?.inputs ?? step.old?.inputs ?? {});
        return {};
      case "update": {
        this.prepare(definition, news);
        if (wasThere(olds)) plantDoubt(this.host, definition.type, news, appeared(step));
        const shown = isOnlyHidden(step) ? withOtherSecrets(definition, olds) : olds;
        life.diff(shown, news);
        return (await life.update(shown, news)).outs;
      }
      case "delete":
        await life.delete(step.old?.id ?? "", olds);
        return {};
    }
  }

  /** What is there to write to, as commands name it. */
  private subjects(): Set<string> {
    const { adapters, switches, portGroups, interfaces } = this.host;
    const named: [string, Iterable<string>][] = [
      ["adapter", adapters.keys()],
      ["vswitch-name", switches.keys()],
      ["portgroup-name", portGroups.keys()],
      ["interface-name", interfaces.keys()],
    ];
    return new Set(named.flatMap(([option, names]) => [...names].map((name) => `${option}=${name}`)));
  }

  /** The definition itself, but that it looks at the host of this stage. */
  private onStage(definition: AnyDefinition): AnyDefinition {
    return {
      ...definition,
      lanes: async () => [],
      // What a host shows in the end, nobody knows before.
      rests: () => true,
      remarks: () => [],
      observe: (_ask, inputs, occasion) => definition.observe(this.host.ask, inputs, occasion),
      remove: (...args): Undo => {
        const undo = definition.remove(...args);
        this.attempts = new Set([...this.attempts, ...(undo.attempts ?? []).map(describe)]);
        return undo;
      },
    };
  }

  private readonly reach: Reach = {
    use: (host, work) => work(this.session(hostName(host) ?? "")),
    inTurn: (_host, _lanes, work) => work(),
    sleep: async () => undefined,
    now: () => new Date(0),
    notice: (text) => this.notes.push(text.replace(/^[^:]*: \w+ .*?: /s, "")),
  };

  private session(host: string): Session {
    return {
      host,
      open: true,
      hasShell: true,
      execute: async (command) => {
        this.commands.push(this.told(command));
        take(this.host, command);
        const there = this.subjects();
        for (const subject of this.former) if (!there.has(subject)) this.former.delete(subject);
        return { status: 0, stdout: "", stderr: "" };
      },
    };
  }

  private told(command: HostCommand): Command {
    const args = command.kind === "esxcli" ? command.args : [];
    const worded = (text: string) => this.seeds.worded(text);
    const shown =
      command.kind === "esxcli"
        ? {
            ...command,
            args: args.map((one) => (typeof one.value === "string" ? { ...one, value: worded(one.value) } : one)),
          }
        : command;
    const secret = command.kind === "esxcli" ? command.secret?.via : undefined;
    return {
      line: describe(shown),
      path: command.kind === "log" ? "" : command.path,
      options: new Map(args.map(({ name, value }) => [name, value === undefined ? "" : worded(String(value))])),
      ...(secret === undefined ? {} : { secret: secret === "prompt" ? "stdin" : "argument" }),
      mayFail: this.attempts.has(describe(command)),
      isOnFormer: args.some(({ name, value }) => this.former.has(`${name}=${value}`)),
    };
  }

  /**
   * What a resource is about to set and nobody knows how it is, is taken to be otherwise, so that every command that may be needed is there.
   * `before`: what it was, where the state says it.
   */
  private prepare(definition: AnyDefinition, properties: Properties, before: Properties = {}): void {
    const { host, seeds } = this;
    if (definition.type !== "Chap" && definition.type !== "IscsiParameters") return;
    const { adapter, discoveryAddress, target } = properties as unknown as Scoped;
    const vmhba = seeds.vmhbaFor(adapter);
    const at = ({ address, port = 3260 }: Portal) => portal(address, port);
    const level: Level =
      target !== undefined
        ? { kind: "target", vmhba, address: at(target), name: target.targetName }
        : discoveryAddress !== undefined
          ? { kind: "sendtarget", vmhba, address: at(discoveryAddress) }
          : { kind: "adapter", vmhba };
    if (definition.type === "IscsiParameters") {
      const rows = host.parameters.get(placeOf(level)) ?? new Map();
      for (const [name, declared] of Object.entries(properties.parameters as Record<string, string>)) {
        if (!rows.has(name)) rows.set(name, otherwise(name, declared, before[name] as FormerParameter | undefined));
      }
      host.parameters.set(placeOf(level), asListed(rows));
      return;
    }
    const isOff = {
      uni: properties.level === "prohibited",
      mutual: ["prohibited", hidden].includes(String(properties.mutual)),
    };
    for (const direction of ["uni", "mutual"] as const) {
      const place = chapPlace(level, direction);
      if ((isOff[direction] || properties.inherit === true) && !host.chap.has(place))
        host.chap.set(place, { level: "required", name: asItIs });
    }
  }
}

interface Portal {
  readonly address: string;
  readonly port?: number;
}

interface Scoped {
  readonly adapter: string;
  readonly discoveryAddress?: Portal;
  readonly target?: Portal & { readonly targetName: string };
}

/** What is in state. Of what is hidden there as a whole, the inputs may show more. */
export function oldsOf({ definition, old }: Step): Properties {
  if (old === undefined) return {};
  const secrets = (definition.secrets ?? []).flatMap((field) =>
    old.outputs[field] === hidden && old.inputs[field] !== undefined ? [[field, old.inputs[field]]] : [],
  );
  return { ...old.outputs, ...Object.fromEntries(secrets) };
}

/** The fields that are declared and were not before, and single parameters: `parameters.DelayedAck`. */
export function appeared(step: Step): readonly string[] {
  const olds = oldsOf(step);
  const news: Properties = step.new?.inputs ?? {};
  const { changed } = difference(step.definition, olds, news);
  return changed
    .filter((field) => field !== "host")
    .flatMap((field) => {
      if (olds[field] === undefined) return [field];
      if (field !== "parameters") return [];
      const [had, has] = [olds[field] as object, (news[field] ?? {}) as object];
      return Object.keys(has).flatMap((name) => (name in had ? [] : [`${field}.${name}`]));
    });
}

/** What has changed is hidden: a secret of the resource, or how the host is reached. */
export function isOnlyHidden(step: Step): boolean {
  const olds = oldsOf(step);
  const { changed, dropped } = difference(step.definition, olds, step.new?.inputs ?? {});
  return changed.length + dropped.length === 0 && olds.unfinished !== true;
}

function withOtherSecrets({ secrets = [] }: AnyDefinition, olds: Properties): Properties {
  const other = (value: unknown): unknown =>
    value === hidden
      ? `${hidden} before`
      : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, other(inner)]))
        : value;
  return {
    ...olds,
    ...Object.fromEntries(secrets.flatMap((field) => (field in olds ? [[field, other(olds[field])]] : []))),
  };
}

const open = "it depends on a value that the preview hides or does not know yet.";

/** A value that is hidden or not known yet may have another form than what stands for it. */
function isOpen({ definition, new: now }: Step): boolean {
  return Object.entries(now?.inputs ?? {}).some(
    ([field, value]) =>
      field !== "host" && !definition.secrets?.includes(field) && (value === hidden || isLater(value)),
  );
}

function messageOf(error: unknown): string {
  if (!(error instanceof IserError)) return open;
  return `${error.details.problem}. ${error.details.cure} [${error.code}]`;
}
