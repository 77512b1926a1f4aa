import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownKeys } from "../../../src/transport/knownHosts.js";
import { keys, publicKey } from "../../support/sshServer.js";

const ecdsa = publicKey(keys.ecdsaHost.public);
const rsa = publicKey(keys.rsa.public);
const line = (names: string, key = ecdsa) => `${names} ${key.type} ${key.getPublicSSH().toString("base64")} comment`;

function hashed(name: string): string {
  const salt = Buffer.from("0123456789abcdefghij");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

const rows: readonly (readonly [name: string, names: string, host: string, port: number, found: boolean])[] = [
  ["a name", "esx01.lab", "esx01.lab", 22, true],
  ["another name", "esx02.lab", "esx01.lab", 22, false],
  ["a name in other letters", "ESX01.lab", "esx01.LAB", 22, true],
  ["a list of names", "esx01,esx01.lab,192.168.1.5", "esx01.lab", 22, true],
  ["an address in a list", "esx01.lab,192.168.1.5", "192.168.1.5", 22, true],
  ["a dot, which is not a wildcard", "esx01xlab", "esx01.lab", 22, false],
  ["a wildcard", "*.lab", "esx01.lab", 22, true],
  ["a wildcard for one character", "esx0?.lab", "esx01.lab", 22, true],
  ["a wildcard that does not fit", "esx0?.lab", "esx011.lab", 22, false],
  ["a negated pattern, which wins wherever it stands", "*.lab,!esx01.lab", "esx01.lab", 22, false],
  ["a negated pattern for another host", "!esx02.lab,*.lab", "esx01.lab", 22, true],
  ["only a negated pattern", "!esx02.lab", "esx01.lab", 22, false],
  ["a name with a port", "[esx01.lab]:2222", "esx01.lab", 2222, true],
  ["a name without the port", "esx01.lab", "esx01.lab", 2222, false],
  ["a port that is not asked for", "[esx01.lab]:2222", "esx01.lab", 22, false],
  ["a wildcard with a port", "[*.lab]:2222", "esx01.lab", 2222, true],
  ["an IPv6 address", "fe80::1", "fe80::1", 22, true],
  ["an IPv6 address with a port", "[fe80::1]:2222", "fe80::1", 2222, true],
  ["a hashed name", hashed("esx01.lab"), "ESX01.lab", 22, true],
  ["another hashed name", hashed("esx02.lab"), "esx01.lab", 22, false],
  ["a hashed name with a port", hashed("[esx01.lab]:2222"), "esx01.lab", 2222, true],
];

describe("known_hosts", () => {
  for (const [name, names, host, port, found] of rows) {
    it(`${found ? "finds" : "does not find"} a host by ${name}`, () => {
      const [key] = knownKeys(line(names), host, port);
      assert.deepEqual(
        key && { ...key, key: key.key.toString("base64") },
        found
          ? {
              type: "ecdsa-sha2-nistp256",
              key: ecdsa.getPublicSSH().toString("base64"),
              revoked: false,
              line: 1,
            }
          : undefined,
      );
    });
  }

  it("has every key of a host, with its line", () => {
    const text = [line("esx01.lab"), "", "# esx01.lab", line("esx02.lab"), line("esx01.lab", rsa)].join("\r\n");
    const found = knownKeys(text, "esx01.lab", 22).map(({ type, line: at }) => `${type} ${at}`);
    assert.deepEqual(found, ["ecdsa-sha2-nistp256 1", "ssh-rsa 5"]);
  });

  it("marks revoked keys and passes over certificate authorities", () => {
    const text = [`@revoked ${line("*")}`, `@cert-authority ${line("*", rsa)}`].join("\n");
    const found = knownKeys(text, "esx01.lab", 22);
    assert.deepEqual(
      found.map(({ type, revoked }) => ({ type, revoked })),
      [{ type: ecdsa.type, revoked: true }],
    );
  });

  it("passes over lines that it does not understand", () => {
    const base64 = ecdsa.getPublicSSH().toString("base64");
    const text = [
      "esx01.lab",
      "esx01.lab ssh-rsa",
      "esx01.lab ssh-rsa !!!",
      `esx01.lab ssh-rsa ${base64}`,
      "esx01.lab 2048 35 1234567",
      "|1|broken ssh-rsa AAAA",
      "@unknown-marker esx01.lab ssh-rsa AAAA",
    ].join("\n");
    assert.deepEqual(knownKeys(text, "esx01.lab", 22), []);
  });

  it("reads what ssh-keygen hashed", () => {
    const folder = mkdtempSync(join(tmpdir(), "esxi-iser-"));
    try {
      const file = join(folder, "known_hosts");
      writeFileSync(file, `${line("esx01.lab,192.168.1.5")}\n${line("[esx02.lab]:2222", rsa)}\n`);
      execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
      const text = readFileSync(file, "utf8");
      assert.match(text, /^\|1\|/);
      const types = (host: string, port: number) => knownKeys(text, host, port).map(({ type }) => type);
      assert.deepEqual(types("esx01.lab", 22), [ecdsa.type]);
      assert.deepEqual(types("192.168.1.5", 22), [ecdsa.type]);
      assert.deepEqual(types("esx02.lab", 2222), [rsa.type]);
      assert.deepEqual(types("esx02.lab", 22), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
