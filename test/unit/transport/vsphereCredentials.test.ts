import assert from "node:assert/strict";
import { IserError } from "../../../src/errors.js";
import { hostField, hostPlace } from "../../../src/resources/host.js";
import { credentialKeys, resolveTarget, targetKey } from "../../../src/transport/credentials.js";
import type { VsphereSettings } from "../../../src/transport/vsphereTarget.js";

const host = "esx01.lab";
const vcenter = { host: "vc.lab" };
const resolve = (
  settings: Omit<VsphereSettings, "transport" | "host">,
  env = {},
  config: Record<string, string> = {},
) => resolveTarget({ host, transport: "vsphere", ...settings }, { get: (key) => config[key] }, env);
const said = (value: unknown) =>
  hostField.safeParse(value).error?.issues.map(({ path, message }) => `${path}: ${message}`);

describe("credentials for the vSphere API", () => {
  it("are looked for in the same places as for SSH", () => {
    const env = { ESXI_ISER_PASSWORD: "pw-env", ESXI_ISER_THUMBPRINT__ESX01_LAB: "AA" };
    const { password, thumbprint, user, port } = resolve({ password: "pw-own" }, env, { user: "ops" });
    assert.deepEqual(
      [password?.source, thumbprint?.value, user.value, port],
      ["environment ESXI_ISER_PASSWORD", "AA", "ops", 443],
    );
  });

  it("may be a session of the environment, which goes before a password there and is in no config", () => {
    const env = { ESXI_ISER_PASSWORD: "pw-env", ESXI_ISER_SESSION: 'vmware_soap_session="52ab"; Path=/' };
    const { session, password } = resolve({}, env);
    assert.deepEqual([session?.value, password], ['"52ab"', undefined]);
    assert.equal(resolve({ password: "pw-own" }, {}, { session: "52ab" }).session, undefined);
  });

  it("never send a vCenter the password of the hosts", () => {
    const env = { ESXI_ISER_PASSWORD: "pw-env", ESXI_ISER_SESSION: "52ab" };
    assert.throws(
      () => resolve({ vcenter }, env, { password: "pw-general" }),
      (error) => error instanceof IserError && error.code === "CREDENTIALS_MISSING",
    );
    const target = resolve({ vcenter }, { ...env, ESXI_ISER_PASSWORD__VC_LAB: "pw-vc", ESXI_ISER_CA: "PEM" });
    assert.equal(target.password, undefined);
    assert.equal(credentialKeys(target).size, 0);
    assert.deepEqual(
      [target.vcenter?.password?.value, target.vcenter?.user.value, target.vcenter?.ca?.value],
      ["pw-vc", "administrator@vsphere.local", "PEM"],
    );
  });

  it("make other connections for other pins, other vCenters and other transports", () => {
    const password = "pw-own";
    const targets = [
      resolve({ password }),
      resolve({ password, thumbprint: "AA" }),
      resolve({ vcenter: { ...vcenter, password } }),
      resolve({ vcenter: { ...vcenter, password, port: 8443 } }),
      resolveTarget({ host, port: 443, password }, { get: () => undefined }, {}),
    ];
    assert.equal(new Set(targets.map(targetKey)).size, targets.length);
  });
});

describe("a host of the vSphere API", () => {
  const transport = "vsphere";

  it("is declared with a thumbprint of either kind", () => {
    const pair = "0a";
    for (const thumbprint of [Array(32).fill(pair).join(":"), pair.repeat(20).toUpperCase(), "insecure-accept-any"])
      assert.equal(said({ host, transport, thumbprint }), undefined);
    assert.match(said({ host, transport, thumbprint: pair.repeat(31) })?.[0] ?? "", /^thumbprint: must be the SHA-256/);
  });

  it("refuses what is of the other transport, or of a login that there is not", () => {
    assert.match(said({ host, transport, hostKey: "x" })?.[0] ?? "", /has hostKey, which is of transport: "ssh" only/);
    assert.match(said({ host, vcenter })?.[0] ?? "", /has vcenter, which is of transport: "vsphere" only/);
    assert.match(said({ host, transport, vcenter, user: "root" })?.[0] ?? "", /^user: is of a login to the host/);
    assert.match(said({ host, transport: "telnet" })?.[0] ?? "", /^transport: must be "ssh" or "vsphere"/);
    assert.match(said({ host, transport, vcenter: { host: "vc", hostKey: "x" } })?.[0] ?? "", /unknown field hostKey/);
  });

  it("is the same as its name where SSH is only said", () => {
    assert.equal(hostField.parse({ host, transport: "ssh" }), host);
    assert.deepEqual(hostField.parse({ host, transport }), { host, transport });
  });

  it("is another place than the same name over SSH or of another vCenter", () => {
    const places = [
      host,
      { host, transport },
      { host, transport, vcenter },
      { host, transport, vcenter: { host: "b" } },
    ];
    assert.equal(new Set(places.map(hostPlace)).size, places.length);
  });
});
