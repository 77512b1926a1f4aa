import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { IserError } from "../../../src/errors.js";
import { DirectLab } from "../../support/directLab.js";
import { changed } from "../../support/flatten.js";
import type { Declared } from "../../support/lab.js";
import { type Planned, type Situation, situation } from "./anyProgram.js";

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

async function make(lab: DirectLab, { options: _, program }: Situation, choices: readonly number[]) {
  const made = new Map<Planned, Declared>();
  for (const planned of inOrder(program, choices)) {
    if (planned.after.some((other) => ![...made.keys()].some(({ as }) => as === other))) continue;
    const declared = lab.lifecycle(planned.definition);
    const { writes } = lab.host.counters;
    if (declared.refused(planned.inputs).length > 0) {
      count(planned.definition.type, "refused");
      continue;
    }
    try {
      await declared.up(planned.inputs);
      made.set(planned, declared);
      count(planned.definition.type, "made");
    } catch (error) {
      // Refused is refused before the first write.
      if (!(error instanceof IserError)) throw error;
      assert.deepEqual(
        [lab.host.counters.writes, declared.state],
        [writes, undefined],
        `${planned.as}: ${error.message}`,
      );
      count(planned.definition.type, "refused");
    }
  }
  return made;
}

const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 });

describe("any program on any host", function () {
  this.timeout(60_000 + 2000 * runs);

  it("needs nothing more once it is applied, changes only what it declares, and gives it all back in any legal order", async () => {
    await fc.assert(
      fc.asyncProperty(situation, choices, choices, async (given, forth, back) => {
        const lab = new DirectLab(given.options);
        for (const line of given.prelude) lab.hand(line);
        const bare = lab.host.dump();
        const made = await make(lab, given, forth);

        for (const [{ definition, as, inputs }, declared] of made) {
          assert.equal(await declared.up(inputs), "same", as);
          assert.deepEqual(await declared.refresh(), [], `drift of ${as}`);
          assert.deepEqual(await lab.left(definition, declared), [], `left of ${as}`);
        }

        const allowed = [...made.keys()].flatMap(({ mayChange }) => mayChange);
        const stray = settings(bare, lab.host.dump()).filter(
          ([path]) => !allowed.some((pattern) => pattern.test(path)),
        );
        assert.deepEqual(stray, []);

        const order = inOrder([...made.keys()], back).reverse();
        for (const planned of order) await made.get(planned)?.destroy();
        assert.deepEqual(settings(bare, lab.host.dump()), []);
      }),
      { numRuns: runs },
    );
  });

  it("was tried with resources of every type, most of which were made", () => {
    assert.equal(tally.size, 14);
    for (const [type, { made, refused }] of tally)
      assert.ok(made > refused, `${type}: ${made} made, ${refused} refused`);
  });
});
