import type { AnyDefinition } from "../../../../src/resources/inputs.js";

/** What a resource is taken through; everything is said in commands that an administrator would type. */
export interface Subject {
  readonly definition: AnyDefinition;
  /** What it is of, where there are several of a type. */
  readonly of?: string;
  /** What must be on the host first. */
  readonly needs: readonly string[];
  /** Settings beside it, with values that are not the default, and the commands that show them. */
  readonly neighbours: readonly string[];
  readonly watch: readonly string[];
  readonly inputs: object;
  /** The command that shows it, and what it shows when it is as declared. */
  readonly look: string;
  readonly shows: RegExp;
  /** Each attribute: a change, what the engine does of it, and what the host then shows. */
  readonly attributes: readonly {
    readonly change: object;
    readonly is: "update" | "replace";
    readonly shows: RegExp;
  }[];
  /** A change by hand and the property that it drifts. Left out: it has no property that can. */
  readonly drift?: { readonly by: string; readonly property: string };
  /** How it goes away by hand. Left out: it has no object of its own. */
  readonly disappears?: string;
  /** How what it belongs to goes away by hand. */
  readonly parentDisappears: readonly string[];
  /** What it is set to only the VMkernel log shows, which nobody reads through the vSphere API. */
  readonly isInLog?: true;
  /** A command of a create that may fail after another has succeeded. Left out: a create is one command. */
  readonly halfway?: { readonly fails: string; readonly onRun?: 2; readonly inputs?: object };
  /** The same object, made by hand. */
  readonly byHand: readonly string[];
  /** It cannot be told whether what is there equals what is declared, so adopting it writes it again. */
  readonly adoptsByWriting?: true;
}
