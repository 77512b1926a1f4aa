import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { IserError } from "../../src/errors.js";
import { type Planned, type Situation, situation } from "../integration/resources/anyProgram.js";
import { DirectLab } from "../support/directLab.js";
import { changed } from "../support/flatten.js";
import type { Declared } from "../support/lab.js";

const runs = Number(process.env.ESXI_ISER_RUNS ?? 150);

/** What says how things are and no setting: it comes from elsewhere, or with the next login. */
const status = /\.lastError$/;

/** An order in which what a resource needs comes first, chosen by the numbers. */
function inOrder(program: readonly Planned[], choices: readonly number[]): Planned[] {
  const left = [...program];
  const done = new Set<string>();
  const order: Planned[] = [];
  for (let turn = 0; left.length > 0; turn += 1) {
    const ready = left.filter(({ after }) => after.every((other) => done.has(other)));
    const next = ready[(choices[turn % choices.length] ?? 0) % ready.length];
    assert.ok(next, "the program has a circle");
    left.splice(left.indexOf(next), 1);
    done.add(next.as);
    order.push(next);
  }
  return order;
}

/** The settings that differ, each with what it was and is. */
function settings(before: string, after: string) {
  return [...changed(before, after)].filter(([path]) => !status.test(path));
}

/** How often a resource of each type was made, and how often it was refused. */
const tally = new Map<string, { made: number; refused: number }>();

function count(type: string, what: "made" | "refused"): void {
  const counted = tally.get(type) ?? { made: 0, refused: 0 };
  tally.set(type, { ...counted, [what]: counted[what] + 1 });
}

/** Brings the host from what was made to a program, as an up does: first what comes or changes, then what goes. Gives what is there then. */
async function up(
  lab: DirectLab,
  made: ReadonlyMap<Planned, Declared>,
  program: readonly Planned[],
  order: readonly number[],
) {
  lab.newProcess();
  const before = new Map([...made].map(([{ as }, declared]) => [as, declared]));
  const later = inOrder(program, order).map((planned) => {
    const declared = lab.lifecycle(planned.definition);
    const { id = "", state } = before.get(planned.as) ?? {};
    return { planned, declared: Object.assign(declared, { id, state }) };
  });
  // A preview refuses a program as a whole. Of a first one the rest is tried, or most would never be.
  const passed = later.filter(({ planned: { definition, inputs }, declared }) => {
    if (declared.refused(inputs).length === 0) return true;
    count(definition.type, "refused");
    return false;
  });
  if (made.size > 0 && passed.length < later.length) return made;
  const now = new Map<Planned, Declared>();
  const isMade = (name: string) => [...now.keys()].some(({ as }) => as === name);
  for (const { planned, declared } of later) {
    const { definition, as, inputs, after } = planned;
    const isPossible = passed.some((one) => one.planned === planned) && after.every(isMade);
    if (isPossible)
      await make(lab, declared, planned, async () => {
        // Before something is replaced the engine deletes what depends on it.
        if (!declared.isReplacedBy(inputs)) return;
        const waiting = new Map(later.map((one) => [one.planned.as, one.declared]));
        for (const one of inOrder(pruned(dependents(made, as)), order).reverse())
          await (waiting.get(one.as) ?? before.get(one.as))?.destroy();
      });
    else count(definition.type, "refused");
    if (declared.state !== undefined) now.set(planned, declared);
  }
  const gone = [...made.keys()].filter(({ as }) => !isMade(as));
  for (const planned of inOrder(pruned(gone), order).reverse()) await before.get(planned.as)?.destroy();
  return now;
}

async function make(
  lab: DirectLab,
  declared: Declared,
  { definition, as, inputs }: Planned,
  first: () => Promise<void>,
) {
  await first();
  const { writes } = lab.host.counters;
  const { state } = declared;
  try {
    await declared.up(inputs);
    count(definition.type, "made");
  } catch (error) {
    // Refused is refused before the first write.
    if (!(error instanceof IserError)) throw error;
    if (declared.state === state) assert.equal(lab.host.counters.writes, writes, `${as}: ${error.message}`);
    count(definition.type, "refused");
  }
}

/** What needs a resource, and what needs that. */
function dependents(made: ReadonlyMap<Planned, unknown>, name: string): Planned[] {
  const direct = [...made.keys()].filter(({ after }) => after.includes(name));
  return [...new Set(direct.flatMap((one) => [one, ...dependents(made, one.as)]))];
}

/** Without the needs that are not among them. */
function pruned(program: readonly Planned[]): Planned[] {
  const names = new Set(program.map(({ as }) => as));
  return program.map((one) => ({ ...one, after: one.after.filter((other) => names.has(other)) }));
}

async function destroy(lab: DirectLab, made: ReadonlyMap<Planned, Declared>, order: readonly number[]): Promise<void> {
  lab.newProcess();
  for (const { definition, as } of inOrder(pruned([...made.keys()]), order).reverse()) {
    const { id, state } = [...made].find(([planned]) => planned.as === as)?.[1] ?? {};
    await Object.assign(lab.lifecycle(definition), { id, state }).destroy();
  }
}

/**
 * The settings of which a delete has said that they stay: the second program has a VMkernel adapter that needs the MTU of a switch that it does not
 * declare any more. When that adapter goes, nobody knows of the MTU.
 */
function keptMtus({ notices }: DirectLab): string[] {
  return notices.flatMap((notice) => {
    const [, name] = /vswitch\/(\S+): MTU \d+ stays, and not the former \d+, because vmk/.exec(notice) ?? [];
    return name === undefined ? [] : [`switches[${name}].mtu`];
  });
}

const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 });

describe("any program on any host", function () {
  this.timeout(60_000 + 2000 * runs);

  const onHost = async (given: Situation, work: (lab: DirectLab, bare: string) => Promise<void>) => {
    const lab = new DirectLab(given.options);
    for (const line of given.prelude) lab.hand(line);
    await work(lab, lab.host.dump());
  };
  const changesOnly = (lab: DirectLab, bare: string, declared: Iterable<Planned>) => {
    const allowed = [...declared].flatMap(({ mayChange }) => mayChange);
    const stray = settings(bare, lab.host.dump()).filter(([path]) => !allowed.some((pattern) => pattern.test(path)));
    assert.deepEqual(stray, []);
  };

  it("needs nothing more once it is applied, changes only what it declares, and gives it all back in any legal order", () =>
    fc.assert(
      fc.asyncProperty(situation, choices, choices, (given, forth, back) =>
        onHost(given, async (lab, bare) => {
          const made = await up(lab, new Map(), given.program, forth);
          for (const [{ definition, as, inputs }, declared] of made) {
            assert.equal(await declared.up(inputs), "same", as);
            assert.deepEqual(await declared.refresh(), [], `drift of ${as}`);
            assert.deepEqual(await lab.left(definition, declared), [], `left of ${as}`);
          }
          changesOnly(lab, bare, made.keys());
          await destroy(lab, made, back);
          assert.deepEqual(settings(bare, lab.host.dump()), []);
        }),
      ),
      { numRuns: runs },
    ));

  it("gives back what was there before the first of two programs, whatever the second one changes, adds and leaves out", () =>
    fc.assert(
      fc.asyncProperty(situation, choices, choices, choices, (given, forth, further, back) =>
        onHost(given, async (lab, bare) => {
          const first = await up(lab, new Map(), given.program, forth);
          const second = await up(lab, first, given.later, further);
          changesOnly(lab, bare, [...given.program, ...given.later]);
          const kept = keptMtus(lab);
          await destroy(lab, second, back);
          assert.deepEqual(
            settings(bare, lab.host.dump()).filter(([path]) => !kept.includes(path)),
            [],
          );
        }),
      ),
      { numRuns: runs },
    ));

  it("was tried with resources of every type, many of which were made", () => {
    assert.equal(tally.size, 14);
    for (const [type, { made, refused }] of tally)
      assert.ok(made * 2 > refused, `${type}: ${made} made, ${refused} refused`);
  });
});
