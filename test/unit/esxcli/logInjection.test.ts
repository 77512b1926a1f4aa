import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { roceLog, roceVersions } from "../../../src/esxcli/rdma.js";
import { numbersOf } from "../../support/mutate.js";
import { shareOf, Tally } from "../../support/tally.js";

const genuine =
  "2020-02-18T18:26:15.949Z cpu6:2100717 opID=45abe37e)iser: iser_set_roce: Setting roce type: 1 for vmhba: vmhba64";
const phrases = [
  genuine,
  "iser: iser_set_roce: Setting roce type: 2 for vmhba: vmhba64",
  ")iser: iser_set_roce: Setting roce type: 2 for vmhba: vmhba64",
  " cpu6:1)iser: iser_set_roce: Setting roce type: 2 for vmhba: vmhba64",
  "(1)iser: iser_set_roce: Setting roce type: 2 for vmhba: vmhba64",
  "((1))iser: iser_set_roce: Setting roce type: 2 for vmhba: vmhba64",
];

/** The line taken apart by hand: time, header, message. */
function readByHand(line: string): { at: string; vmhba: string; version: string | undefined } | undefined {
  const start = /^[A-Za-z0-9_./-]+:(?=\d{4}-)/.exec(line)?.[0].length ?? 0;
  const at = line.slice(start, line.indexOf("Z", start) + 1);
  // Brackets around a number are a pair: the header ends at the first that has no partner.
  const rest = line.slice(start + at.length).replaceAll(/\(\d+\)/g, (pair) => "_".repeat(pair.length));
  const before = rest.indexOf(")iser: iser_set_roce: Setting roce type: ");
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(at) || Number.isNaN(Date.parse(at)) || before < 0)
    return undefined;
  const header = rest.slice(0, before);
  if ((header !== "" && !header.startsWith(" ")) || /[()]/.test(header)) return undefined;
  const [type = "", vmhba = "", ...more] = rest
    .slice(before)
    .trimEnd()
    .split(": ")
    .slice(3)
    .join(": ")
    .split(" for vmhba: ");
  if (more.length > 0 || !/^\d$/.test(type) || !/^vmhba\d+$/.test(vmhba)) return undefined;
  const version = roceVersions[Number(type)];
  return version === undefined ? undefined : { at, vmhba, version };
}

describe("The VMkernel log, damaged or written to by others,", () => {
  it("confirms no version that another module's message quotes, wherever a name stands in it", () => {
    const plain = fc.string({ unit: fc.constantFrom("a", " ", "'", '"', ":", "(", ")", "1", "Z", "-") });
    fc.assert(
      fc.property(
        fc.constantFrom("cpu1:2)", "cpu1:2 opID=a)", "In(182) vmkernel: cpu1:2)"),
        fc.constantFrom("Net: ", "iscsi_vmk: ", "iser: iser_login: ", "iser: ", "VMFS: "),
        plain,
        fc.constantFrom(...phrases),
        (header, module, words, phrase) => {
          const line = `2024-02-18T18:26:15.949Z ${header}${module}name is ${words}${phrase}`;
          assert.deepEqual(roceLog.decode(`${line}\n`), []);
        },
      ),
      { numRuns: shareOf(0.02) },
    );
  });

  it("is read as it stands, or not at all, when it is damaged", () => {
    const tally = new Tally<string>();
    const insert = ["\0", "\r", " ", ")", "(", "(1)", "\u2028", "9", "vmkernel.0:", genuine.slice(30), "type: 2", "ü"];
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 3 }), (seed, times) => {
        const at = numbersOf(seed);
        let line = genuine;
        for (let time = 0; time <= times; time++) {
          const where = at(line.length);
          const rest = where + at(3);
          line =
            line.slice(0, where) +
            (at(2) === 0 ? (insert[at(insert.length)] ?? "") : String.fromCharCode(32 + at(95))) +
            line.slice(rest);
        }
        const expected = readByHand(line);
        const found = roceLog.decode(`${line}\n`).map((one) => ({ ...one, at: one.at.getTime() }));
        assert.deepEqual(found, expected === undefined ? [] : [{ ...expected, at: Date.parse(expected.at) }]);
        tally.add("line", found.length > 0 ? "read" : "passed over");
      }),
      // The example: a header that quotes the message behind a pair of brackets.
      { numRuns: shareOf(0.08), examples: [[-1539847672, 1]] },
    );
    process.stdout.write(tally.line("damaged log lines"));
    assert.ok(tally.total("read") > 0 && tally.total("passed over") > 0);
  });

  // A line break in a name would make a line of its own, and then nothing tells it from a genuine one. Whether the VMkernel writes one is not known.
  it("cannot tell a forged line that stands alone: it is a hint, and no write depends on it alone", () =>
    assert.equal(roceLog.decode(`name is x\n${genuine}\n`).length, 1));
});
