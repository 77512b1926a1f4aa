import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { adapterSubjects } from "../integration/resources/subjects/adapter.js";
import { networkSubjects } from "../integration/resources/subjects/network.js";
import type { Subject } from "../integration/resources/subjects/subject.js";
import { systemSubjects } from "../integration/resources/subjects/system.js";
import { over, type Transport, transports } from "../support/served.js";
import {
  canBefall,
  type Fault,
  faults,
  type Operation,
  type Outcome,
  operationsOf,
  type Run,
  runsOf,
  suffer,
} from "./matrix.js";

const subjects = [...adapterSubjects, ...networkSubjects, ...systemSubjects];
const kinds: readonly Operation["kind"][] = ["create", "update", "read", "delete"];

/** Hosts at the same time. */
const atOnce = 24;

async function allOf(work: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...work];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) await next();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** How many of a thing there were, by name. */
class Tally {
  private readonly counts = new Map<string, number>();

  add(name: string): void {
    this.counts.set(name, this.of(name) + 1);
  }

  of(name: string): number {
    return this.counts.get(name) ?? 0;
  }
}

/** As it is kept in docs/reliability.md. */
function table(cells: Tally, transport: Transport): string {
  const row = (name: string) => {
    const counts = kinds.map((kind) => cells.of(`${name} ${kind}`));
    return [name, ...counts, counts.reduce((sum, count) => sum + count, 0)];
  };
  const rows = faults.map(({ name }) => row(name));
  const total = rows.reduce((sum, counts) => sum + Number(counts.at(-1)), 0);
  const lines = [
    [`fault,${over[transport]}`, ...kinds, "together"],
    ["---", ...kinds.map(() => "---:"), "---:"],
    ...rows,
  ];
  return [...lines.map((line) => `| ${line.join(" | ")} |`), `Together: ${total}.`].join("\n");
}

/** Everything over both transports takes twice as long; else the two take turns, so that each fault and each command meet both. */
const isWhole = process.env.ESXI_ISER_MATRIX === "whole";

/** Which transport a cell is run over. The same cell has the same turn whatever commands a transport adds or leaves out. */
function turnOf(
  { definition, of }: Subject,
  { kind }: Operation,
  { command, earlier }: Run,
  { name }: Fault,
): Transport {
  const cell = [definition.type, of, kind, command, earlier, name].join("\n");
  const turn = createHash("sha256").update(cell).digest()[0] ?? 0;
  return turn % 2 === 0 ? "ssh" : "vsphere";
}

for (const transport of transports)
  describe(`the fault matrix,${over[transport]}: whatever befalls a command, the next run makes the host what is declared`, function () {
    this.timeout(1_200_000);
    const cells = new Tally();
    const outcomes = new Tally();
    const listeners = process.getMaxListeners();
    // Each host has a pool of its own, which closes its connections at signals.
    before(() => process.setMaxListeners(4 * atOnce));
    after(() => {
      process.setMaxListeners(listeners);
      const told: Outcome[] = ["came through", "told what stays", "healed by the next run"];
      const sums = told.map((outcome) => `${outcome}: ${outcomes.of(outcome)}`).join(", ");
      process.stdout.write(`\n${table(cells, transport)}\n${sums}.\n\n`);
    });

    for (const one of subjects) {
      const { definition, of } = one;
      const subject = { ...one, transport };
      it(of === undefined ? definition.type : `${definition.type} of ${of}`, async () => {
        const failures: string[] = [];
        const cell = (operation: Operation, run: Run, fault: Fault) => async () => {
          try {
            outcomes.add(await suffer(subject, operation, run, fault));
          } catch (error) {
            const { kind, inputs } = operation;
            const where = `${kind} ${JSON.stringify(inputs)}: \`${run.command}\` after ${run.earlier}: ${fault.name}`;
            failures.push(`${where}: ${(error as Error).message}`);
          }
          cells.add(`${fault.name} ${operation.kind}`);
        };
        const work: (() => Promise<void>)[] = [];
        for (const operation of operationsOf(subject))
          for (const run of await runsOf(subject, operation))
            for (const fault of faults) {
              const isDue = isWhole || turnOf(subject, operation, run, fault) === transport;
              if (isDue && canBefall(fault, subject, run)) work.push(cell(operation, run, fault));
            }
        await allOf(work);
        assert.equal(failures.length, 0, `${failures.length} of ${work.length}\n${failures.join("\n")}`);
      });
    }

    it("is as large as the documentation says, and of every type of resource", () => {
      const documented = readFileSync(join(__dirname, "../../docs/reliability.md"), "utf8");
      if (!isWhole) assert.ok(documented.includes(table(cells, transport)), table(cells, transport));
      assert.equal(new Set(subjects.map(({ definition }) => definition.type)).size, 14);
    });
  });
