import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { IserError } from "../../src/errors.js";
import type { EsxcliCommand } from "../../src/esxcli/command.js";
import * as providers from "../../src/provider.js";
import type { AnyDefinition } from "../../src/resources/inputs.js";
import { Lifecycle } from "../../src/resources/lifecycle.js";
import { Run } from "../../src/resources/peers.js";
import { render } from "../../src/transport/sshLine.js";
import { adapterSubjects } from "../integration/resources/subjects/adapter.js";
import { networkSubjects } from "../integration/resources/subjects/network.js";
import type { Subject } from "../integration/resources/subjects/subject.js";
import { systemSubjects } from "../integration/resources/subjects/system.js";
import { DirectLab } from "../support/directLab.js";
import { hostileAddresses, hostileTexts } from "../support/hostileTexts.js";
import { type Shell, shell, startShell } from "../support/sshShell.js";
import { Tally } from "../support/tally.js";

type Outcome = "refused" | "refused by the host" | "arrived";
type Path = readonly (string | number)[];

const subjects: readonly Subject[] = [...adapterSubjects, ...networkSubjects, ...systemSubjects];
const texts = { ...hostileTexts, ...hostileAddresses };

/** Where texts stand in a value: strings, and the keys of maps whose keys are the user's. */
function placesIn(value: unknown, path: Path = []): { path: Path; isKey: boolean }[] {
  if (typeof value === "string") return [{ path, isKey: false }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(["parameters", "triggers"].includes(String(path.at(-1))) && !Array.isArray(value)
      ? [{ path: [...path, key], isKey: true }]
      : []),
    ...placesIn(inner, [...path, key]),
  ]);
}

/** The value with another text at a place. */
function placed(value: unknown, [step, ...rest]: Path, text: string, isKey: boolean): unknown {
  if (step === undefined) return text;
  if (Array.isArray(value)) return value.map((one, at) => (at === Number(step) ? placed(one, rest, text, isKey) : one));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, inner]) => {
      if (key !== step) return [key, inner];
      return isKey && rest.length === 0 ? [text, inner] : [key, placed(inner, rest, text, isKey)];
    }),
  );
}

/** Every place of every input that a subject gives, once. */
function placesOf({ definition, inputs, attributes }: Subject) {
  const found = new Map<string, { inputs: object; path: Path; isKey: boolean }>();
  for (const change of [{}, ...attributes.map((attribute) => attribute.change)]) {
    const all = { ...inputs, ...change };
    for (const place of placesIn(all)) {
      const name = `${definition.type} ${place.path.join(".")}${place.isKey ? " (key)" : ""}`;
      if (!found.has(name)) found.set(name, { inputs: all, ...place });
    }
  }
  return [...found];
}

const wordsOf = ({ path, args, secret }: EsxcliCommand) => [
  "--formatter=xml",
  ...path.split(" "),
  ...args.flatMap(({ name, value }) =>
    value === undefined ? [`--${name}`] : value === "" ? [`--${name}`, ""] : [`--${name}=${value}`],
  ),
  ...(secret === undefined ? [] : [secret.via === "prompt" ? `--${secret.name}` : `--${secret.name}=${secret.value}`]),
];

describe(`A hostile text in a declaration (lines run by ${shell.join(" ")})`, () => {
  let sh: Shell;
  before(() => {
    sh = startShell();
  });
  after(() => sh.remove());

  const tally = new Tally<Outcome>();
  const commands = new Map<string, EsxcliCommand>();
  /** Of a host that check does not ask. */
  const unasked = new DirectLab().reach;

  it("is tried in the fields of every resource", () => {
    const types = new Set(subjects.map(({ definition }) => definition.type));
    assert.deepEqual([...types].toSorted(), Object.keys(providers).toSorted());
  });

  for (const subject of subjects) {
    const { definition } = subject;
    it(`of ${definition.type}${subject.of === undefined ? "" : ` of ${subject.of}`} is refused by the name of its field, or the host has it as it is`, async function () {
      this.timeout(180_000);
      for (const [name, { inputs, path, isKey }] of placesOf(subject))
        for (const text of Object.values(texts)) {
          const hostile = placed(inputs, path, text, isKey) as Record<string, unknown>;
          tally.add(name, isRefused(definition, hostile, path, text) ? "refused" : await taken(subject, hostile, text));
        }
    });
  }

  /** Whether check refuses it: by the name of the field, and never with a text that may be secret. */
  function isRefused(definition: AnyDefinition, inputs: object, path: Path, text: string): boolean {
    const life = new Lifecycle(definition, unasked, new Run());
    const { failures } = life.check({ host: "esx01.lab", ...inputs });
    const field = String(path[0]);
    for (const { reason, property } of failures) {
      assert.match(reason, new RegExp(`\\b(${[...Object.keys(definition.fields), field].join("|")})\\b`));
      if (!definition.secrets?.includes(field)) continue;
      assert.equal(property, "");
      assert.ok(text.trim().length < 6 || !reason.includes(text), "a secret is quoted");
    }
    return failures.length > 0;
  }

  /** Brings it to a host. What was written must then be what is there. */
  async function taken({ definition, needs, neighbours }: Subject, inputs: object, text: string): Promise<Outcome> {
    const lab = new DirectLab({}, (command) => {
      if (command.kind === "esxcli") commands.set(render(command).line + (render(command).stdin ?? ""), command);
    });
    for (const line of [...needs, ...neighbours]) lab.hand(line);
    const declared = lab.lifecycle(definition);
    try {
      await declared.up(inputs);
    } catch (error) {
      assert.ok(error instanceof IserError || (error as { reasons?: unknown }).reasons, String(error));
      return "refused by the host";
    }
    assert.deepEqual(
      await declared.refresh(),
      [],
      `${definition.type} with ${JSON.stringify(text)} is not read back as it was written`,
    );
    assert.equal(await declared.up(inputs), "same");
    return "arrived";
  }

  it("reached esxcli byte for byte in every line", function () {
    this.timeout(180_000);
    const all = [...commands.values()];
    const carrying = all.filter((command) =>
      Object.values(texts).some(
        (text) => text.length > 2 && wordsOf(command).some((word) => word.endsWith(`=${text}`)),
      ),
    );
    assert.ok(carrying.length > 100, `${carrying.length} lines`);
    const seen = sh.runAll(all.map(render));
    all.forEach((command, index) => {
      const stdin = command.secret?.via === "prompt" ? `${command.secret.value}\n` : "";
      assert.deepEqual(seen[index], { lang: "en_US.UTF-8", args: wordsOf(command), stdin });
    });
    process.stdout.write(tally.line("hostile texts"));
    process.stdout.write(
      `      ${all.length} lines reached esxcli as they were meant, ${carrying.length} of them with a hostile text\n`,
    );
    for (const outcome of ["refused", "arrived"] as const) assert.ok(tally.total(outcome) > 100, outcome);
  });
});
