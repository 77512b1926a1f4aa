import assert from "node:assert/strict";
import { IserError } from "../../src/errors.js";
import type { EsxcliCommand } from "../../src/esxcli/command.js";
import { type ConnectionSettings, resolveTarget, type SshTarget } from "../../src/transport/credentials.js";
import type { TestServer } from "./sshServer.js";

/** Credentials that no test may find in an error or a line of debugging. */
export const canary = {
  password: "canary-password-7",
  wrong: "canary-wrong-password-8",
  passphrase: "canary-passphrase-9",
  chap: "canary-chap-secret-10",
};

/** A target from settings alone: nothing of this machine's environment and no config. */
export function targetOf(server: TestServer, settings: Partial<ConnectionSettings> = {}): SshTarget {
  const quick = { dialErrorLimit: 0, perDialTimeout: 10, commandTimeout: 10 };
  return resolveTarget({ ...server.settings, ...quick, ...settings }, { get: () => undefined }, {});
}

export function read(path = "iscsi adapter list"): EsxcliCommand<string> {
  return { kind: "esxcli", path, args: [], effect: "read", decode: (text) => text };
}

export function write(path = "iscsi adapter set"): EsxcliCommand<string> {
  return { ...read(path), effect: "write" };
}

/** The error that the work ends with. */
export async function errorOf(work: Promise<unknown>): Promise<IserError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof IserError, String(error));
    return error;
  }
  throw new Error("it succeeded");
}

/** What is written to standard error while the work is done with ESXI_ISER_DEBUG set. */
export async function debugged(work: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const original = process.stderr.write;
  process.env.ESXI_ISER_DEBUG = "1";
  process.stderr.write = ((text: string) => lines.push(text) > 0) as typeof process.stderr.write;
  try {
    await work();
  } finally {
    process.stderr.write = original;
    delete process.env.ESXI_ISER_DEBUG;
  }
  return lines.join("");
}
