import assert from "node:assert/strict";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { IserError } from "../../src/errors.js";
import { said } from "../../src/esxcli/output.js";
import { type Answer, collectAnswers, everyRead, kindOf } from "../support/corpus.js";
import { mutations, numbersOf } from "../support/mutate.js";
import { shareOf, Tally } from "../support/tally.js";
import { type Oracle, objections, plain, startOracle, texts } from "../support/xmlOracle.js";

/** The answers of one command, and the fields that its decoder reads. */
interface Subject {
  readonly kind: string;
  readonly answers: readonly Answer[];
  readonly reads: ReadonlySet<string>;
}

type Decode = (stdout: string) => unknown;

/** Rows beyond the fourth only make a document longer. */
function shortened(xml: string): string {
  let rows = 0;
  return xml.replaceAll(/\s*<structure[\s\S]*?<\/structure>/g, (row) => (++rows > 4 ? "" : row));
}

/** A field is read when the decoder minds that its value is of no kind. */
function fieldsRead(answers: readonly Answer[]): ReadonlySet<string> {
  const reads = new Set<string>();
  for (const { command, stdout } of answers) {
    for (const { index, 1: name = "" } of stdout.matchAll(/<field name="([^"]*)">/g)) {
      if (reads.has(name)) continue;
      const field = fieldAt(stdout, index);
      const broken = stdout.replace(field, `<field name="${name}"><nothing/></field>`);
      if (outcomeOf(command.decode, broken) === "refused") reads.add(name);
    }
  }
  return reads;
}

/** The field that begins at a place, with the fields within. */
function fieldAt(xml: string, start: number): string {
  let depth = 0;
  for (const tag of xml.slice(start).matchAll(/<(\/?)field\b[^>]*>/g)) {
    depth += tag[1] === "/" ? -1 : 1;
    if (depth === 0) return xml.slice(start, start + tag.index + tag[0].length);
  }
  return xml.slice(start);
}

function outcomeOf(decode: Decode, stdout: string): "refused" | { value: unknown } {
  try {
    return { value: decode(stdout) };
  } catch (error) {
    assert.ok(error instanceof IserError, `no IserError but ${String(error)}`);
    assert.equal(error.code, "OUTPUT_NOT_UNDERSTOOD");
    assert.ok(error.message.length < 2000, "an error quotes the beginning only");
    return "refused";
  }
}

/** All values without parts in what a decoder gave. */
function leaves(value: unknown): readonly unknown[] {
  if (value instanceof Set) return [...value];
  if (value instanceof Date || typeof value !== "object" || value === null) return [value];
  return Object.values(value).flatMap(leaves);
}

/** Whether the value is one that stands in the document, in so many words. */
function stands(value: unknown, said: readonly string[]): boolean {
  if (typeof value === "boolean") return true;
  if (typeof value === "number") return said.some((text) => /^-?\d+$/.test(text) && Number(text) === value);
  if (value instanceof Date) return said.some((text) => text.endsWith("Z") && Date.parse(text) === value.getTime());
  if (typeof value !== "string") return false;
  return (
    value === "" ||
    said.some((text) => text === value || text.toLowerCase() === value) ||
    // One string may hold a list.
    said.some((text) => text.split(",").some((part) => part.trim() === value))
  );
}

/** Whether a decoder refused a document or understood it, and that it understood nothing that libxml2 does not read in it. */
function judge(oracle: Oracle, { reads }: Subject, stdout: string, decode: Decode, real: Decode): string {
  const outcome = outcomeOf(decode, stdout);
  if (outcome === "refused") return outcome;
  const tree = oracle(stdout);
  assert.ok(tree, `libxml2 takes it for no document, or it has a document type: ${JSON.stringify(stdout)}`);
  assert.deepEqual(objections(tree, reads), []);
  assert.deepEqual(outcome.value, real(plain(tree, reads)));
  const all = texts(tree);
  const rows = tree.children[0]?.children[0]?.children.length ?? 0;
  // Commands are kept as namespace and command together; no row at all has a meaning of its own.
  const spoken = outcome.value instanceof Set || rows === 0 ? [] : leaves(outcome.value);
  assert.deepEqual(
    spoken.filter((value) => !stands(value, all)),
    [],
  );
  return "understood";
}

/** What changes a document: at most three mutations, and the seed of their choices. */
const plan = fc.record({
  subject: fc.nat(),
  answer: fc.nat(),
  seed: fc.integer(),
  kinds: fc.array(fc.constantFrom(...Object.keys(mutations)), { minLength: 1, maxLength: 3, size: "max" }),
});

describe("What a host prints in XML, damaged or hostile,", () => {
  let oracle: Oracle;
  let subjects: readonly Subject[];

  before(async function () {
    this.timeout(180_000);
    oracle = await startOracle();
    const documents = (await collectAnswers()).filter(({ stdout }) => stdout.startsWith("<output"));
    const kinds = [...new Set(documents.map(({ command }) => kindOf(command)))];
    subjects = kinds.map((kind) => {
      const answers = documents
        .filter(({ command }) => kindOf(command) === kind)
        .map(({ command, stdout }) => ({ command, stdout: shortened(stdout) }));
      return { kind, answers, reads: fieldsRead(answers) };
    });
  });

  function mutated({
    subject,
    answer,
    seed,
    kinds,
  }: {
    subject: number;
    answer: number;
    seed: number;
    kinds: string[];
  }) {
    const of = subjects[subject % subjects.length];
    const original = of?.answers[answer % of.answers.length];
    assert.ok(of && original);
    const at = numbersOf(seed);
    const stdout = kinds.reduce((xml, kind) => mutations[kind]?.(xml, at) ?? xml, original.stdout);
    return { of, original, stdout };
  }

  it("is of every command that reads", () => {
    const wanted = everyRead()
      .filter(({ kind }) => kind === "esxcli")
      .map(kindOf);
    assert.ok(wanted.length > 30);
    assert.deepEqual(
      wanted.filter((kind) => !subjects.some((subject) => subject.kind === kind)),
      [],
    );
    const bare = [
      "esxcli system time get",
      "esxcli system stats uptime get",
      "esxcli iscsi adapter discovery status get",
    ];
    assert.deepEqual(
      subjects.filter(({ kind, reads }) => reads.size === 0 && !bare.includes(kind)),
      [],
    );
  });

  it("is understood as it is", () => {
    for (const subject of subjects)
      for (const { command, stdout } of subject.answers)
        assert.equal(judge(oracle, subject, stdout, command.decode, command.decode), "understood", subject.kind);
  });

  it("is refused, or read as libxml2 reads it", function () {
    this.timeout(600_000);
    const tally = new Tally<string>();
    fc.assert(
      fc.property(plan, (chosen) => {
        const { of, original, stdout } = mutated(chosen);
        const { decode } = original.command;
        const outcome = judge(oracle, of, stdout, decode, decode);
        tally.add(chosen.kinds.length > 1 ? "several" : chosen.kinds.join(), outcome);
      }),
      { numRuns: shareOf(0.8) },
    );
    process.stdout.write(tally.line("mutated documents"));
    assert.ok(tally.total("understood") > tally.total() / 20, "hardly anything was understood");
    assert.ok(tally.total("refused") > tally.total() / 4, "hardly anything was refused");
  });

  it("never crashes what reads the answer of a write", () => {
    fc.assert(
      fc.property(plan, (chosen) => {
        const { stdout } = mutated(chosen);
        outcomeOf(said, stdout.replaceAll("structure", "string"));
      }),
      { numRuns: shareOf(0.02) },
    );
  });

  /** Decoders with one fault each: what the properties above are for. */
  const lenient: Readonly<Record<string, (decode: Decode) => Decode>> = {
    "looks for the document among other text": (decode) => (stdout) =>
      decode(stdout.slice(Math.max(0, stdout.indexOf("<output"))).replace(/<\/output>[\s\S]*$/, "</output>")),
    "completes a document that was cut": (decode) => (stdout) =>
      decode(
        stdout.includes("</output>")
          ? stdout
          : `${stdout.replace(/<structure(?![\s\S]*<\/structure>)[\s\S]*$/, "")}</list></root></output>`,
      ),
    "passes over a document type": (decode) => (stdout) =>
      decode(stdout.replace(/^<!DOCTYPE[^[\]>]*(\[[^\]]*\])?>/, "")),
    "keeps entities that it does not know": (decode) => (stdout) =>
      decode(stdout.replaceAll(/&(?!(?:\w+|#\d+|#x[\da-f]+);)|&(?=foo;|copy;)/g, "&amp;")),
    "drops characters that XML does not have": (decode) => (stdout) =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
      decode(stdout.replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe]/g, "")),
    "takes the last of two fields": (decode) => (stdout) =>
      decode(
        stdout.replaceAll(/(<field name="([^"]*)">(?:(?!<\/field>)[\s\S])*<\/field>)\s*(?=<field name="\2">)/g, ""),
      ),
    "drops text between elements": (decode) => (stdout) =>
      decode(stdout.replaceAll(/(<\/(?:field|structure|string|integer)>|<(?:list|structure|root)[^<>]*>)x/g, "$1")),
    "trims values": (decode) => (stdout) => decode(stdout.replaceAll(/>[ \t]+(?=[^<\s])/g, ">")),
    "reads any number": (decode) => (stdout) =>
      decode(
        stdout.replaceAll(
          /<(integer|string)>(1e3|0x10|\+5|1\.5|007| 5|5 )</g,
          (_all, tag, digits) => `<${tag}>${Number(digits)}<`,
        ),
      ),
    "takes broken characters": (decode) => (stdout) => decode(stdout.replaceAll("\ufffd", "?")),
  };
  for (const [fault, made] of Object.entries(lenient))
    it(`is caught when a decoder ${fault}`, function () {
      this.timeout(180_000);
      const caught = fc.check(
        fc.property(plan, (chosen) => {
          const { of, original, stdout } = mutated(chosen);
          judge(oracle, of, stdout, made(original.command.decode), original.command.decode);
        }),
        { numRuns: 20_000, endOnFailure: true },
      );
      assert.ok(caught.failed, `not caught in ${caught.numRuns} runs`);
    });
});
