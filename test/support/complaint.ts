import assert, { AssertionError } from "node:assert/strict";
import { describe, it } from "mocha";
import { IserError } from "../../src/errors.js";
import type { AnyDefinition } from "../../src/resources/inputs.js";
import type { Lifecycle } from "../../src/resources/lifecycle.js";
import { Declared, Lab } from "./lab.js";

export type Options = Parameters<typeof Lab.start>[0];

interface Parts<T> {
  /** The simulated host. */
  readonly host?: Options;
  /** What the scenario is played with: a definition, several, or a change of the lifecycle. */
  readonly intact: T;
  /** The same with one behaviour taken out, by what is then the case, and how the scenario fails. */
  readonly without: Readonly<Record<string, readonly [part: T, fails: RegExp]>>;
}

/** What users of other tools complain of, in our words, with its number in the list that this product answers. */
export function complaint(number: number, title: string, answers: () => void): void {
  describe(`complaint ${number}: ${title}`, answers);
}

/**
 * A situation of the complaint, checked on the host, and the proof that the check is one: it fails as soon as the behaviour that answers the
 * complaint is taken out.
 */
export function answer<T>(
  sentence: string,
  scenario: (lab: Lab, part: T) => Promise<void>,
  { host, intact, without }: Parts<T>,
): void {
  const played = async (part: T) => {
    const lab = await Lab.start({ model: "8.0", ...host });
    try {
      await scenario(lab, part);
    } finally {
      await lab.close();
    }
  };
  it(sentence, () => played(intact));
  for (const [what, [part, fails]] of Object.entries(without))
    it(`${sentence}, which is not so when ${what}`, async () => {
      await assert.rejects(played(part), (error: Error) => {
        assert.ok(error instanceof AssertionError || error instanceof IserError, error.stack);
        assert.match(`${error.message}\n${error instanceof AssertionError ? error.actual : ""}`, fails);
        return true;
      });
    });
}

/** What some functions of a lifecycle do instead. */
export type Change = (life: Lifecycle) => Partial<Pick<Lifecycle, "diff" | "create" | "read">>;

export const unchanged: Change = () => ({});

/** A resource whose lifecycle is changed. */
export function declaredWith(lab: Lab, definition: AnyDefinition, change: Change): Declared {
  const { life } = lab.lifecycle(definition);
  const other: Lifecycle = Object.assign(Object.create(life), change(life));
  return new Declared(other, lab.settings, lab.run);
}
