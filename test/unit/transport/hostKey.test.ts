import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IserError } from "../../../src/errors.js";
import type { Server } from "../../../src/transport/credentials.js";
import { fingerprint, hostKeyRule } from "../../../src/transport/hostKey.js";
import { keys, publicKey } from "../../support/sshServer.js";

const ecdsa = publicKey(keys.ecdsaHost.public).getPublicSSH();
const rsa = publicKey(keys.rsa.public).getPublicSSH();
const folder = mkdtempSync(join(tmpdir(), "esxi-iser-"));
const known = join(folder, "known_hosts");

function server(hostKey: string | undefined, knownHosts: string[] = []): Server {
  const user = { value: "root", source: "the default" };
  const pin = hostKey === undefined ? {} : { hostKey: { value: hostKey, source: "config esxi-iser:hostKey" } };
  return { host: "esx01.lab", port: 22, user, knownHosts, ...pin };
}

function withKnown(...lines: string[]) {
  writeFileSync(known, lines.join("\n"));
  return hostKeyRule(server(undefined, [join(folder, "missing"), known]));
}

const entry = (key: Buffer, type: string) => `esx01.lab ${type} ${key.toString("base64")}`;

describe("the check of the host key", () => {
  after(() => rmSync(folder, { recursive: true }));

  for (const [what, pin] of Object.entries({
    "a fingerprint": fingerprint(ecdsa),
    "a fingerprint as ssh-keygen prints it": `256 ${fingerprint(ecdsa)} root@esx01 (ECDSA)`,
    "a public key": keys.ecdsaHost.public,
    "a line of ssh-keyscan": `esx01.lab ${keys.ecdsaHost.public}`,
    "several lines, one of which fits": `${fingerprint(rsa)}\n${fingerprint(ecdsa)}\n`,
    "the explicit word for no check": "insecure-accept-any",
  })) {
    it(`accepts the key that is pinned by ${what}`, () => {
      assert.equal(hostKeyRule(server(pin)).objection(ecdsa), undefined);
    });
  }

  it("computes the fingerprint that ssh-keygen prints", () => {
    writeFileSync(known, keys.rsa.public);
    const printed = execFileSync("ssh-keygen", ["-lf", known], { encoding: "utf8" });
    assert.ok(printed.includes(fingerprint(rsa)), printed);
  });

  it("refuses another key than the pinned one and names both", () => {
    const error = hostKeyRule(server(fingerprint(rsa))).objection(ecdsa);
    assert.equal(error?.code, "HOST_KEY_CHANGED");
    assert.ok(error.message.includes(fingerprint(rsa)) && error.message.includes(fingerprint(ecdsa)));
    assert.match(error.message, /config esxi-iser:hostKey/);
  });

  for (const pin of [
    "yes",
    "MD5:aa:bb",
    "SHA256:tooshort",
    "ssh-rsa",
    "ssh-rsa AAAA",
    `ssh-rsa ${ecdsa.toString("base64")}`,
  ]) {
    it(`refuses "${pin.slice(0, 20)}" as a pin before any host is asked`, () => {
      assert.throws(
        () => hostKeyRule(server(pin)),
        (error) => error instanceof IserError && error.code === "INPUT_INVALID",
      );
    });
  }

  it("asks for the type of the pinned key first", () => {
    const first = (pin: string) => hostKeyRule(server(pin)).algorithms.slice(0, 3);
    assert.deepEqual(first(keys.rsa.public), ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
    assert.equal(first(keys.ecdsaHost.public)[0], "ecdsa-sha2-nistp256");
  });

  it("has other types to ask for only if a fingerprint did not say which", () => {
    const others = hostKeyRule(server(fingerprint(rsa))).others(ecdsa);
    assert.ok(others.includes("rsa-sha2-512") && !others.includes("ecdsa-sha2-nistp256"));
    assert.deepEqual(hostKeyRule(server(keys.rsa.public)).others(ecdsa), []);
  });

  it("accepts a key that known_hosts has", () => {
    assert.equal(withKnown(entry(ecdsa, "ecdsa-sha2-nistp256")).objection(ecdsa), undefined);
  });

  it("asks first for the types that known_hosts has, or a host with two keys looks changed", () => {
    assert.equal(withKnown(entry(rsa, "ssh-rsa")).algorithms[0], "rsa-sha2-512");
    assert.equal(withKnown(entry(ecdsa, "ecdsa-sha2-nistp256")).algorithms[0], "ecdsa-sha2-nistp256");
  });

  it("refuses another key than known_hosts has and names file and line", () => {
    const error = withKnown("", entry(rsa, "ssh-rsa")).objection(ecdsa);
    assert.equal(error?.code, "HOST_KEY_CHANGED");
    assert.ok(error.message.includes(`${known}:2`), error.message);
    assert.ok(error.message.includes(fingerprint(rsa)) && error.message.includes(fingerprint(ecdsa)));
  });

  it("refuses a revoked key even if another line has it", () => {
    const line = entry(ecdsa, "ecdsa-sha2-nistp256");
    const error = withKnown(line, `@revoked ${line}`).objection(ecdsa);
    assert.equal(error?.code, "HOST_KEY_CHANGED");
    assert.match(error.message, /revoked/);
  });

  it("does not know a host of which only a revoked key is listed", () => {
    const error = withKnown(`@revoked ${entry(rsa, "ssh-rsa")}`).objection(ecdsa);
    assert.equal(error?.code, "HOST_KEY_UNKNOWN");
  });

  it("names the offered key and three ways to pin it if nothing says which to expect", () => {
    const error = hostKeyRule(server(undefined, [known])).objection(ecdsa) ?? withKnown().objection(ecdsa);
    assert.equal(error?.code, "HOST_KEY_UNKNOWN");
    for (const part of [
      fingerprint(ecdsa),
      `pulumi config set --path 'esxi-iser:hosts["esx01.lab"].hostKey' '${fingerprint(ecdsa)}'`,
      `ESXI_ISER_HOST_KEY__ESX01_LAB='${fingerprint(ecdsa)}'`,
      `hostKey: "${fingerprint(ecdsa)}"`,
      known,
    ])
      assert.ok(error.message.includes(part), `${part} in ${error.message}`);
  });
});
