import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import type { Env } from "../../tools/engine/process.js";
import { type Config, Stack, type StackOptions } from "../../tools/engine/pulumi.js";

const lazily = join(__dirname, "lazily.cjs");

/**
 * A stack whose operations take half the processor time of a user's or less: its secrets are encrypted with a key that a Vault keeps, not with one
 * that each command of the CLI derives from the passphrase in a million rounds, and its Node processes are `quickNode`.
 * What a user has is tested by Stack.init (quickstart, README, layouts), and by operations with `asUser`.
 */
export async function quickStack(
  project: string,
  config: Config = {},
  { env, timeoutMs }: Pick<StackOptions, "env" | "timeoutMs"> = {},
): Promise<Stack> {
  vault ??= startVault();
  return Stack.init(project, "dev", config, {
    secretsProvider: "hashivault://tests",
    env: {
      ...quickNode(project),
      PULUMI_CONFIG_PASSPHRASE: undefined,
      VAULT_SERVER_URL: await vault,
      VAULT_SERVER_TOKEN: "none",
      ...env,
    },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** The Node processes of the engine load what they do not use when they use it, and do not check the types of the program. */
export function quickNode(project: string): Env {
  return {
    NODE_OPTIONS: `--require=${JSON.stringify(lazily)}`,
    ...(existsSync(join(project, "index.js")) ? { PLAIN_JAVASCRIPT: "1" } : { PULUMI_NODEJS_TRANSPILE_ONLY: "true" }),
  };
}

/** An operation whose Node processes are a user's. */
export const asUser = {
  env: { NODE_OPTIONS: undefined, PLAIN_JAVASCRIPT: undefined, PULUMI_NODEJS_TRANSPILE_ONLY: undefined },
};

let vault: Promise<string> | undefined;

/** The two calls of Vault's transit engine that Pulumi makes, over a socket of this process: https://developer.hashicorp.com/vault/api-docs/secret/transit. */
function startVault(): Promise<string> {
  const wrapped = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { plaintext, ciphertext } = (await json(request)) as { plaintext?: string; ciphertext?: string };
    const name = `vault:v1:${wrapped.size}`;
    if (plaintext !== undefined) wrapped.set(name, plaintext);
    const data = plaintext === undefined ? { plaintext: wrapped.get(ciphertext ?? "") } : { ciphertext: name };
    response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}
