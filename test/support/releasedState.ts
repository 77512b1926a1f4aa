import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostOptions } from "../../src/simulator/index.js";
import type { StackState } from "../../tools/engine/pulumi.js";
import type { Declaration, Program } from "./program.js";
import type { Transport } from "./served.js";

/** The states of a stack as a version of this package wrote them, with the host and the program that they are of. */
export interface ReleasedState {
  readonly options: HostOptions;
  /** Lines of esxcli that were run before. */
  readonly commands: readonly string[];
  readonly resources: readonly Declaration[];
  /** By how the host is reached. */
  readonly states: Readonly<Record<Transport, StackState>>;
}

const folder = join(__dirname, "../fixtures/states");

/** The secrets of these programs. What is kept has the words for them in their place. */
export const secrets = { chap: "simulated-chap-secret", mutual: "simulated-mutual-secret" };
const words = Object.entries(secrets).map(([name, secret]) => [`<secret of ${name}>`, secret] as const);

/** By version. */
export function releasedStates(): ReadonlyMap<string, ReleasedState> {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return new Map(
    files.map((file) => {
      const kept = readFileSync(join(folder, file), "utf8");
      const text = words.reduce((text, [word, secret]) => text.replaceAll(word, secret), kept);
      return [file.replace(/\.json$/, ""), JSON.parse(text) as ReleasedState];
    }),
  );
}

/** As the file of a version has it. */
export function asKept(released: ReleasedState): string {
  return words.reduce(
    (text, [word, secret]) => text.replaceAll(secret, word),
    `${JSON.stringify(released, null, 1)}\n`,
  );
}

/** A simulated host has another port and another key each time: what stands for them in a state that is kept. */
const placeholders = { port: '"<port>"', fingerprint: "<fingerprint>" };

type Deployment = StackState["deployment"] & { secrets_providers?: unknown };

/** The state of a program with its secrets in plain, and without lines and folders of the machine. */
export async function kept({ stack, served }: Program): Promise<StackState> {
  const text = JSON.stringify(await stack.exportState({ showSecrets: true }))
    .replaceAll(`"port":${served.port}`, `"port":${placeholders.port}`)
    .replaceAll(served.fingerprint, placeholders.fingerprint);
  const state = JSON.parse(text) as StackState & { deployment: Deployment };
  delete state.deployment.secrets_providers;
  for (const resource of state.deployment.resources ?? []) {
    delete resource.sourcePosition;
    delete resource.stackTrace;
  }
  return state;
}

/** A state that was kept, for the host and the stack of a program that runs now, whose key encrypts it. */
export async function forProgram(state: StackState, { served, stack }: Program): Promise<StackState> {
  const text = JSON.stringify(state)
    .replaceAll(placeholders.port, String(served.port))
    .replaceAll(placeholders.fingerprint, served.fingerprint);
  const now: Deployment = (await stack.exportState()).deployment;
  const then = JSON.parse(text) as StackState;
  return {
    ...then,
    deployment: { ...then.deployment, secrets_providers: now.secrets_providers } as StackState["deployment"],
  };
}
