import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "mocha";
import type { Outcome } from "../../tools/engine/pulumi.js";
import { type Declaration, errorsOf, Program } from "../support/program.js";
import { type Served, serve } from "../support/served.js";

const chapSecret = "simulated-chap-secret";
const password = "simulated-root-password";
const wrongPassword = "simulated-wrong-password";

interface Situation {
  readonly declared: readonly Declaration[];
  /** The host that is asked, if it is not the one whose SSH is on. */
  readonly asked?: Served;
  readonly env?: Record<string, string>;
  /** The error of each resource, in any order. */
  readonly errors: readonly RegExp[];
  /** Found by the preview, without the host. */
  readonly inPreview?: true;
}

const adapter = (changes: object = {}): Declaration => ({
  type: "IserAdapter",
  as: "a",
  device: "vmrdma0",
  ...changes,
});
/** Three resources whose host refuses the password. */
const refused = (changes: object = {}): Situation => ({
  declared: [
    adapter(changes),
    adapter({ as: "b", device: "vmrdma1", ...changes }),
    { type: "Chap", as: "c", adapter: "vmrdma0", level: "prohibited", ...changes },
  ],
  env: { ESXI_ISER_PASSWORD: wrongPassword },
  errors: Array.from(
    { length: 3 },
    () => /^127\.0\.0\.1: [\s\S]*environment ESXI_ISER_PASSWORD[\s\S]*\[LOGIN_REFUSED\]$/,
  ),
});
const otherKey = `SHA256:${"A".repeat(43)}`;
const otherCertificate = Array.from({ length: 32 }, () => "AA").join(":");

describe("what goes wrong, on the real engine", function () {
  this.timeout(300_000);
  let program: Program;
  /** Its SSH is off. */
  let hardened: Served;
  let bare: string;

  before(async () => {
    program = await Program.start({ model: "8.0", password });
    hardened = await serve({ model: "8.0", password }, "vsphere");
    bare = program.host.dump();
  });
  after(async () => {
    await program?.close();
    await hardened?.close();
  });
  beforeEach(() => program.declare([]));

  const settings = () => program.settings;
  const api = (changes: object = {}) => ({ ...hardened.settings, ...changes });
  const cases: [string, () => Situation][] = [
    [
      "a host with another key than the pinned one",
      () => ({
        declared: [adapter({ host: { ...settings(), hostKey: otherKey } })],
        errors: [/^127\.0\.0\.1: [\s\S]*SHA256:A{43}[\s\S]*\[HOST_KEY_CHANGED\]$/],
      }),
    ],
    [
      "a host whose key nobody knows",
      () => ({
        declared: [adapter({ host: { ...settings(), hostKey: undefined } })],
        errors: [/^127\.0\.0\.1: [\s\S]*SHA256:[\s\S]*esxi-iser:hosts[\s\S]*\[HOST_KEY_UNKNOWN\]$/],
      }),
    ],
    ["a wrong password, offered once for three resources", () => refused()],
    [
      "a host that cannot be reached",
      () => ({
        declared: [adapter({ host: { ...settings(), port: 1, dialErrorLimit: 0 } })],
        errors: [/^127\.0\.0\.1: No SSH connection to 127\.0\.0\.1:1: [\s\S]*TSM-SSH[\s\S]*\[HOST_UNREACHABLE\]$/],
      }),
    ],
    [
      "a host without credentials",
      () => ({
        declared: [adapter()],
        env: { ESXI_ISER_PASSWORD: "" },
        errors: [/^127\.0\.0\.1: [\s\S]*\[CREDENTIALS_MISSING\]$/],
      }),
    ],
    [
      "a host whose SSH is off with another certificate than the pinned one",
      () => ({
        declared: [adapter({ host: api({ thumbprint: otherCertificate }) })],
        asked: hardened,
        errors: [/^127\.0\.0\.1: [\s\S]*(AA:){31}AA[\s\S]*\[HOST_KEY_CHANGED\]$/],
      }),
    ],
    [
      "a host whose SSH is off and whose certificate nobody knows",
      () => ({
        declared: [adapter({ host: api({ thumbprint: undefined }) })],
        asked: hardened,
        errors: [/^127\.0\.0\.1: [\s\S]*([0-9A-F]{2}:){31}[\s\S]*esxi-iser:hosts[\s\S]*\[HOST_KEY_UNKNOWN\]$/],
      }),
    ],
    [
      "a wrong password of a host whose SSH is off, offered once for three resources",
      () => ({ ...refused({ host: api() }), asked: hardened }),
    ],
    [
      "a host whose SSH is off and that cannot be reached",
      () => ({
        declared: [adapter({ host: api({ port: 1, dialErrorLimit: 0 }) })],
        asked: hardened,
        errors: [/^127\.0\.0\.1: [\s\S]*127\.0\.0\.1:1[\s\S]*\[HOST_UNREACHABLE\]$/],
      }),
    ],
    [
      "a device that is not there",
      () => ({
        declared: [adapter({ device: "vmrdma7" })],
        errors: [
          /^127\.0\.0\.1: there is no RDMA device vmrdma7\. RDMA devices: vmrdma0 \(Active, uplink vmnic4\), vmrdma1 [\s\S]*\[DEVICE_NOT_FOUND\]$/,
        ],
      }),
    ],
    [
      "an adapter that was not declared",
      () => ({
        declared: [{ type: "PortBinding", as: "b", adapter: "vmrdma0", vmkernelAdapter: "vmk1" }],
        errors: [
          /^127\.0\.0\.1: vmrdma0 \(vmnic4\) has no iSER adapter\n[\s\S]*Declare an IserAdapter[\s\S]*\[ADAPTER_NOT_FOUND\]$/,
        ],
      }),
    ],
    [
      "a malformed IQN",
      () => ({
        declared: [{ type: "AdapterProperties", as: "p", adapter: "vmrdma0", iqn: "iqn.98-1.lab:a b" }],
        errors: [/127\.0\.0\.1: AdapterProperties: iqn must be an iSCSI name[\s\S]*iqn\.1998-01\.com\.example:name/],
        inPreview: true,
      }),
    ],
    [
      "mutual CHAP without required",
      () => ({
        declared: [
          {
            type: "Chap",
            as: "c",
            adapter: "vmrdma0",
            level: "preferred",
            name: "esx01",
            secret: chapSecret,
            mutual: { name: "array", secret: "simulated-mutual" },
          },
        ],
        errors: [
          /127\.0\.0\.1: Chap: level is preferred, but mutual CHAP needs level required\. Set level to required, or remove mutual\./,
        ],
        inPreview: true,
      }),
    ],
    [
      "a secret that cannot be one",
      () => ({
        declared: [{ type: "Chap", as: "c", adapter: "vmrdma0", level: "required", secret: `${chapSecret}\n` }],
        errors: [/127\.0\.0\.1: Chap: secret contains a control character or a line break/],
        inPreview: true,
      }),
    ],
  ];

  for (const [title, situation] of cases) {
    it(`${title}: one error a resource, with host, cause and cure; nothing is written`, async () => {
      const { declared, asked = program.served, env = {}, errors, inPreview } = situation();
      const { failedLogins } = asked.counters;
      await program.declare(declared);
      const outcomes: Outcome[] = [];
      if (inPreview) outcomes.push(await program.stack.preview({ mayFail: true, env }));
      outcomes.push(await program.stack.up({ mayFail: true, env }));
      for (const outcome of outcomes) {
        assert.notEqual(outcome.code, 0);
        const found = errorsOf(outcome);
        assert.equal(found.length, errors.length, found.join("\n---\n"));
        for (const [at, expected] of errors.entries()) assert.match(found[at] ?? "", expected);
        const printed = outcome.stdout + outcome.stderr;
        assert.doesNotMatch(printed, /\n\s+at .*[:(]\d+:\d+/, "a stack trace");
        for (const secret of [chapSecret, password, wrongPassword]) assert.ok(!printed.includes(secret));
      }
      assert.equal(asked.host.counters.writes, 0);
      assert.equal(asked.host.dump(), bare);
      if (env.ESXI_ISER_PASSWORD === wrongPassword) assert.equal(asked.counters.failedLogins, failedLogins + 1);
    });
  }
});
