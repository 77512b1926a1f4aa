import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { markdown } from "../../src/cli/review/markdown.js";
import { readPreview } from "../../src/cli/review/preview.js";
import { type Report, reportOn } from "../../src/cli/review/report.js";
import { type Model, startSimulator } from "../../src/simulator/index.js";
import type { Outcome } from "../../tools/engine/pulumi.js";
import { esxiIser } from "../support/cli.js";
import { linesOn, normal, onHost } from "../support/previewed.js";
import { Program } from "../support/program.js";

const netmask = "255.255.255.0";

/** Two cards whose NICs are free. */
const options = (model: Model) => ({
  model,
  nics: [{ name: "vmnic0" }, { name: "vmnic4" }, { name: "vmnic5" }],
  switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
  portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
  vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network", ipv4: { address: "192.168.1.11", netmask } }],
});

/** The full procedure, as a program declares it. */
function declaration({
  roce = true,
  host,
  ...wishes
}: {
  readonly roce?: boolean;
  readonly host?: object;
  readonly [wish: string]: unknown;
} = {}) {
  const { alias = "storage", mtu = 9000, secret = "canary", virtualSwitch = "vSwitch1" } = wishes;
  return [
    {
      type: "IserHost",
      as: "esx01",
      ...(host === undefined ? {} : { host }),
      mtu,
      ...(roce ? { roceVersion: "v2" } : {}),
      chap: { level: "required", name: "esx01", secret, mutual: { name: "array", secret: `${secret}-mutual` } },
      parameters: { RecoveryTimeout: 25 },
      pauseParams: { rx: false, tx: false, auto: false },
      moduleParameters: { nmlx5_core: { pfcrx: "0x08", pfctx: "0x08" } },
      paths: {
        a: {
          device: "vmrdma0",
          alias,
          virtualSwitch,
          portBinding: { force: true },
          vmkernelAdapter: { name: "vmk1", ipv4: { address: "192.168.50.11", netmask } },
        },
      },
      discovery: { array: { address: "192.168.50.100" } },
    },
  ];
}

type Item = Report["hosts"][number]["items"][number];

/** What the engine calls the actions of a review. */
const actions: Readonly<Record<string, Item["action"]>> = {
  create: "create",
  update: "update",
  delete: "delete",
  "delete-replaced": "delete to replace",
  "create-replacement": "create to replace",
};

/** What an item comes after: in a preview the engine says it of what is made, and the other way round of what is deleted. */
function inLegalOrder(items: readonly Item[], preview: string): void {
  const { steps } = JSON.parse(preview) as {
    steps: Record<"oldState" | "newState", { urn: string; dependencies?: string[] }>[];
  };
  const at = (urn: string, isDelete: boolean) =>
    items.findIndex((item) => item.urn === urn && item.action.startsWith("delete") === isDelete);
  for (const { oldState, newState } of steps)
    for (const [state, isDelete] of [
      [oldState, true],
      [newState, false],
    ] as const)
      for (const other of state?.dependencies ?? []) {
        const [one, base] = [at(state.urn, isDelete), at(other, isDelete)];
        if (one >= 0 && base >= 0) assert.equal(one < base, isDelete, `${state.urn} and ${other}`);
      }
}

/** What the review lists and what the host was given, in one form. */
class Comparison {
  constructor(
    private readonly program: Program,
    private readonly model: Model,
  ) {}

  /**
   * Previews, reviews, runs one thing after another, and compares. What does not depend on each other the engine takes in another order in each run: the
   * items of the review are put in the order of this one, and then all lines must be the same.
   */
  async of(preview: readonly string[], run: () => Promise<Outcome>): Promise<Report> {
    const { stack, host } = this.program;
    const previewed = await stack.run([...preview, "--json", "--show-sames"]);
    assert.equal(previewed.code, 0, previewed.stderr);
    const file = join(stack.folder, "tmp", "preview.json");
    writeFileSync(file, previewed.stdout);
    const reviewed = await esxiIser(["review", file, "--json"]);
    assert.equal(reviewed.status, 1, reviewed.stderr);
    const report = JSON.parse(reviewed.stdout) as Report;
    const text = markdown(report);
    assert.doesNotMatch(`${previewed.stdout}${reviewed.stdout}${reviewed.stderr}${text}`, /canary/);
    const start = host.journal.length;
    const { changes } = await run();
    const items = report.hosts.flatMap((one) => one.items);
    const turns = changes.map(({ op, urn }) => `${actions[op]} ${urn}`);
    const turn = ({ action, urn }: Item) => turns.indexOf(`${action} ${urn}`);
    assert.deepEqual(
      items.filter((item) => turn(item) < 0),
      [],
    );
    const listed = [...items]
      .sort((one, other) => turn(one) - turn(other))
      .flatMap((item) => linesOn(this.model, item).map(onHost));
    const writes = host.journal.slice(start).filter(({ effect }) => effect === "write");
    assert.ok(writes.length > 0);
    assert.deepEqual(
      listed,
      // A call of the vSphere API has the secret in it, where a command asks for it.
      writes.map(({ line }) => normal(line).replace(/(?<=--secret)=\*\*\*$/, "")),
    );
    inLegalOrder(items, previewed.stdout);
    for (const { command } of items.flatMap(({ commands }) => commands)) assert.ok(text.includes(`\n${command}`));
    return report;
  }
}

describe("esxi-iser review of what the engine previews", function () {
  this.timeout(300_000);

  it("lists the commands that up and destroy run, in their order: create, update, replace, destroy on 8.0", async () => {
    const program = await Program.start(options("8.0"));
    try {
      const { stack } = program;
      const comparison = new Comparison(program, "8.0");
      const up = () => stack.up({ args: ["--parallel", "1"] });
      await program.declare(declaration());
      const made = await comparison.of(["preview"], up);
      assert.deepEqual(
        made.hosts.map(({ host }) => host),
        ["127.0.0.1"],
      );

      await program.declare(declaration({ alias: "other", mtu: 1500, secret: "canary-other" }));
      const updated = await comparison.of(["preview"], up);
      assert.deepEqual(updated.hosts[0]?.items.map(({ action, type }) => `${action} ${type}`).sort(), [
        "update AdapterProperties",
        "update Chap",
        "update VirtualSwitch",
        "update VmkernelAdapter",
      ]);

      await program.declare(
        declaration({ alias: "other", mtu: 1500, secret: "canary-other", virtualSwitch: "vSwitch2" }),
      );
      const replaced = await comparison.of(["preview"], up);
      assert.deepEqual(
        replaced.hosts[0]?.items.flatMap(({ because, type }) => (because === undefined ? [] : [`${type}: ${because}`])),
        [
          "VirtualSwitch: name changed, and with that it is another object",
          "PortGroup: virtualSwitch changed, and with that it is another object",
          "VmkernelAdapter: what it belongs to is replaced (portGroup)",
          "PortBinding: what it belongs to is replaced (vmkernelAdapter)",
        ],
      );

      await comparison.of(["destroy", "--preview-only"], () => stack.destroy({ args: ["--parallel", "1"] }));
    } finally {
      await program.close();
    }
  });

  it("lists what another host means, by the host on which it is run", async () => {
    const program = await Program.start(options("8.0"));
    const other = await startSimulator({
      ...options("8.0"),
      listen: "127.0.0.2",
      password: program.served.password,
    });
    try {
      const { stack } = program;
      const { address, port, fingerprint } = other;
      await program.declare(declaration());
      await stack.up();
      await program.declare(declaration({ host: { host: address, port, hostKey: fingerprint } }));
      const { stdout } = await stack.run(["preview", "--json", "--show-sames"]);
      const report = await reportOn(readPreview(stdout));
      const hosts = [program.served, other];
      const starts = hosts.map(({ host }) => host.journal.length);
      await stack.up();
      const sorted = (lines: readonly string[]) => lines.map(onHost).sort();
      assert.deepEqual(
        hosts.map(({ address }) => ({
          host: address,
          lines: sorted(
            report.hosts
              .filter(({ host }) => host === address)
              .flatMap(({ items }) => items.flatMap(({ commands }) => commands.map(({ command }) => command))),
          ),
        })),
        hosts.map(({ address, host }, at) => ({
          host: address,
          lines: sorted(
            host.journal
              .slice(starts[at])
              .filter(({ effect }) => effect === "write")
              .map(({ line }) => line),
          ),
        })),
      );
      assert.ok(
        report.hosts.every(({ items }) =>
          items.every(({ flags }) => flags.some(({ concern }) => concern === "another host")),
        ),
      );
    } finally {
      await program.close();
      await other.close();
    }
  });

  it("lists them for a build without --device, of a host whose SSH is off: create on 6.7", async () => {
    const program = await Program.start(options("6.7"), "vsphere");
    try {
      const { stack } = program;
      const comparison = new Comparison(program, "6.7");
      await program.declare(declaration({ roce: false }));
      await comparison.of(["preview"], () => stack.up({ args: ["--parallel", "1"] }));
    } finally {
      await program.close();
    }
  });
});
