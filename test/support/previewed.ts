import assert from "node:assert/strict";
import type { Item } from "../../src/cli/review/report.js";
import { type AnyDefinition, type Properties, secretsIn } from "../../src/resources/inputs.js";
import type { HostOptions, Model } from "../../src/simulator/index.js";
import { DirectLab } from "./directLab.js";
import type { Declared } from "./lab.js";

/** A resource of a program. `of`: by property, the resource that it comes from. */
export interface Planned {
  readonly as: string;
  readonly definition: AnyDefinition;
  readonly inputs: Properties;
  readonly of?: Readonly<Record<string, string>>;
}

/** What was run on the host for one act of an up. */
export interface Ran {
  readonly as: string;
  readonly action: "create" | "update" | "delete" | "delete to replace" | "create to replace";
  readonly writes: readonly string[];
}

type Op = "create" | "update" | "replace" | "same" | "delete";

/** A stack on a simulated host, without the engine: it gives previews in the form that `pulumi preview --json` has them, and does as the engine does. */
export class PreviewedStack {
  readonly lab: DirectLab;
  private made = new Map<string, Planned & { readonly declared: Declared }>();
  /** By what a preview calls them. */
  private readonly numbers = new Map<string, string>();

  readonly model: Model | undefined;

  constructor(
    options: HostOptions,
    private readonly host: unknown = "esx01.lab",
  ) {
    this.lab = new DirectLab(options);
    this.model = options.model;
  }

  /** `pulumi preview --json --show-sames` of a program. */
  preview(program: readonly Planned[]): string {
    const steps = this.ops(program).map(({ op, planned, declared }) => {
      const { as, definition, of = {} } = planned;
      const state = declared?.state;
      const dependencies = Object.entries(of).map(([property, other]) => [property, [this.urn(other)]]);
      const common = { urn: this.urn(as, definition), propertyDependencies: Object.fromEntries(dependencies) };
      const olds = this.made.get(as);
      const before = state && {
        ...common,
        id: declared.id,
        inputs: masked(definition, { ...olds?.inputs, host: this.host }),
        outputs: masked(definition, state),
      };
      const after = { ...common, inputs: masked(definition, this.checked(planned)) };
      return {
        op,
        urn: common.urn,
        ...(before === undefined ? {} : { oldState: before }),
        ...(op === "delete" ? {} : { newState: after }),
        detailedDiff: null,
      };
    });
    return JSON.stringify({ config: {}, steps, duration: 1, changeSummary: {} });
  }

  /** `pulumi up --parallel 1`. */
  async up(program: readonly Planned[]): Promise<readonly Ran[]> {
    const ops = this.ops(program);
    this.lab.newProcess();
    const ran: Ran[] = [];
    const next = new Map<string, Planned & { readonly declared: Declared }>();
    const acting = async (as: string, action: Ran["action"], work: () => Promise<unknown>) => {
      const start = this.lab.host.journal.length;
      await work();
      const writes = this.lab.host.journal.slice(start).filter(({ effect }) => effect === "write");
      ran.push({ as, action, writes: writes.map(({ line }) => line) });
    };
    const lives = new Map(ops.map(({ planned, declared }) => [planned.as, this.anew(planned, declared)]));
    const lifeOf = (as: string) => lives.get(as) ?? assert.fail(as);
    for (const { op, planned } of ops) {
      const { as, inputs } = planned;
      const life = lifeOf(as);
      if (op === "delete") {
        await acting(as, "delete", () => life.destroy());
        continue;
      }
      if (op === "replace") {
        const going = ops.filter((one) => one.op === "replace" && this.dependsOn(one.planned.as, as)).reverse();
        for (const { planned: one } of going)
          if (lifeOf(one.as).state !== undefined)
            await acting(one.as, "delete to replace", () => lifeOf(one.as).destroy());
        await acting(as, "create to replace", () => life.up(inputs));
      } else if (op === "same") await life.up(inputs);
      else await acting(as, op, () => life.up(inputs));
      next.set(as, { ...planned, declared: life });
      this.note(life.state);
    }
    this.made = next;
    return ran;
  }

  /** `pulumi refresh`. */
  async refresh(): Promise<void> {
    this.lab.newProcess();
    for (const [as, planned] of this.made) {
      const life = this.anew(planned, planned.declared);
      if ((await life.refresh()) === "gone") this.made.delete(as);
      else this.made.set(as, { ...planned, declared: life });
    }
  }

  /** A resource as a new process has it: what is in state, and nothing else. */
  private anew({ definition }: Planned, made: Declared | undefined): Declared {
    return Object.assign(this.lab.lifecycle(definition), { id: made?.id ?? "", state: made?.state });
  }

  /** A line of a review as the host was given it. */
  readonly told = (line: string): string =>
    [...this.numbers].reduce((text, [words, name]) => text.replaceAll(words, name), line);

  /** Whether a preview refuses it. */
  isRefused({ definition, inputs }: Planned): boolean {
    return this.lab.lifecycle(definition).refused(inputs).length > 0;
  }

  has(as: string): boolean {
    return this.made.has(as);
  }

  /** Whether the object of a resource was there before. */
  hasFound(as: string): boolean {
    const before = this.made.get(as)?.declared.state?.before as { readonly existed?: boolean } | undefined;
    return before?.existed === true;
  }

  private ops(program: readonly Planned[]): { op: Op; planned: Planned; declared: Declared | undefined }[] {
    this.lab.newProcess();
    const replaced = new Set<string>();
    const coming = program.map((planned) => {
      const { as, definition, inputs, of = {} } = planned;
      const old = this.made.get(as)?.declared;
      const isMoved = Object.entries(of).some(
        ([field, other]) => replaced.has(other) && definition.parents?.includes(field),
      );
      const life = Object.assign(this.lab.lifecycle(definition), { state: old?.state });
      const news = this.checked(planned);
      const { changes, replaces } =
        old?.state === undefined ? { changes: true, replaces: [] } : life.life.diff(old.state, news);
      if (old !== undefined && (isMoved || replaces.length > 0)) replaced.add(as);
      assert.deepEqual(life.refused(inputs), [], as);
      const op: Op = old === undefined ? "create" : replaced.has(as) ? "replace" : changes ? "update" : "same";
      return { op, planned, declared: old };
    });
    const names = new Set(program.map(({ as }) => as));
    const going = [...this.made.values()].filter(({ as }) => !names.has(as)).reverse();
    return [...coming, ...going.map((planned) => ({ op: "delete" as const, planned, declared: planned.declared }))];
  }

  private checked({ definition, inputs }: Planned): Properties {
    return this.lab.lifecycle(definition).life.check({ host: this.host, ...inputs }).inputs;
  }

  private dependsOn(name: string, root: string): boolean {
    if (name === root) return true;
    return Object.values(this.made.get(name)?.of ?? {}).some((other) => this.dependsOn(other, root));
  }

  private urn(as: string, definition = this.made.get(as)?.definition): string {
    return `urn:pulumi:dev::test::pulumi-nodejs:dynamic/esxi-iser:${definition?.type ?? "IserAdapter"}::${as}`;
  }

  private note(state: Properties | undefined): void {
    const { vmhba, device, uplink } = state ?? {};
    if (vmhba === undefined) return;
    for (const name of [device, uplink]) this.numbers.set(`<adapter of ${name}>`, String(vmhba));
    this.numbers.set(`<uplink of ${device}>`, String(uplink));
    this.numbers.set(`<RDMA device of ${uplink}>`, String(device));
  }
}

/** As the engine does it: the secret fields as a whole in the outputs, and what the program has marked in the inputs. */
function masked(definition: AnyDefinition, properties: Properties): Properties {
  const secrets = secretsIn(definition, properties);
  const hide = (value: unknown): unknown =>
    typeof value === "string" && secrets.includes(value)
      ? "[secret]"
      : typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner)]))
        : value;
  return hide(properties) as Properties;
}

/** A command line in one form, whoever has quoted it. */
export function normal(line: string): string {
  const words = [...line.replace(/ {2}# .*$/, "").matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)]
    .map(([word]) => word.replaceAll("\\'", "\0").replaceAll("'", "").replaceAll("\0", "'"))
    .filter((word) => word !== "--formatter=xml");
  return words.flatMap((word, at) => (word === "" ? [] : [words[at + 1] === "" ? `${word}=` : word])).join(" ");
}

/** The feature that a build of a model lacks, of those that a review tells of both ways. */
const lacks: Partial<Record<Model, string>> = { "6.7": "rdma iser add --device", "7.0": "rdma iser add --device" };

/** The commands of an item of a review on a build of a model. */
export function linesOn(model: Model, { commands, variants }: Item): readonly string[] {
  const variant = variants.find(({ without }) => without === lacks[model]);
  return variant?.commands ?? commands.map(({ command }) => command);
}

/** A line of a review in one form, with the numbers that a simulated host gives to the adapters of its RDMA devices. */
export function onHost(line: string): string {
  return normal(line).replace(/<(adapter|uplink) of vmrdma(\d)>/g, (_, what, at) =>
    what === "adapter" ? `vmhba${64 + Number(at)}` : `vmnic${4 + Number(at)}`,
  );
}
