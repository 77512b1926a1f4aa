import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { type Declaration, Program } from "../support/program.js";
import { over, transports } from "../support/served.js";

/** Two cards, each with everything that an adapter can have, and everything different. */
const cards = [
  {
    device: "vmrdma0",
    uplink: "vmnic4",
    vmk: "vmk1",
    alias: "card-a",
    version: "v1",
    level: "required",
    address: "192.168.50.100",
  },
  {
    device: "vmrdma1",
    uplink: "vmnic5",
    vmk: "vmk2",
    alias: "card-b",
    version: "v2",
    level: "preferred",
    address: "192.168.60.100",
  },
] as const;

const declared: Declaration[] = cards.flatMap(({ device, vmk, alias, version, level, address }) => [
  { type: "IserAdapter", as: device, device },
  { type: "AdapterProperties", as: `${device}-names`, adapter: device, alias, after: [device] },
  { type: "RoceParams", as: `${device}-roce`, adapter: device, version, after: [device] },
  {
    type: "Chap",
    as: `${device}-chap`,
    adapter: device,
    level,
    name: alias,
    secret: `simulated-secret-${device}`,
    after: [device],
  },
  { type: "PortBinding", as: `${device}-binding`, adapter: device, vmkernelAdapter: vmk, after: [device] },
  {
    type: "DiscoveryAddress",
    as: `${device}-storage`,
    adapter: device,
    address,
    after: [`${device}-binding`, `${device}-chap`],
  },
]);

for (const transport of transports)
  describe(`a reboot of a host that is reached${over[transport]}, on the real engine`, function () {
    this.timeout(180_000);
    let program: Program;
    afterEach(() => program?.close());

    const hand = (line: string) => {
      const { status, stdout } = program.host.execute(line);
      assert.equal(status, 0, stdout);
      return stdout;
    };
    const start = async (options: object) => {
      program = await Program.start({ model: "8.0", ...options }, transport);
      await program.declare(declared);
      await program.stack.up();
    };
    /** Which vmhba# each card has now, by its uplink. */
    const numbers = () =>
      cards.map(
        ({ uplink }) =>
          new RegExp(`(vmhba\\d+) +${uplink} `).exec(hand("esxcli iscsi physicalnetworkportal list"))?.[1],
      );
    /** Each card's adapter is as its own declaration says. */
    const assertAsDeclared = () => {
      for (const [index, vmhba] of numbers().entries()) {
        const { vmk, alias, level, address } = cards[index] as (typeof cards)[number];
        assert.match(hand(`esxcli iscsi adapter get -A ${vmhba}`), new RegExp(`Alias: ${alias}\n`));
        assert.match(
          hand(`esxcli iscsi adapter auth chap get -A ${vmhba} -d uni`),
          new RegExp(`Name: ${alias}\n +Level: ${level}\n`),
        );
        // What the host itself left on the number is nobody's declaration, so only what is declared is looked for.
        assert.match(hand(`esxcli iscsi networkportal list -A ${vmhba}`), new RegExp(`Vmknic: ${vmk}\n`));
        assert.match(
          hand(`esxcli iscsi adapter discovery sendtarget list -A ${vmhba}`),
          new RegExp(`${vmhba} +${address}:3260`),
        );
      }
    };

    it("that swaps two vmhba#, whose settings go with the cards, is followed by no write but of the RoCE versions that nothing confirms any more", async () => {
      await start({ unknowns: { settingsFollow: "device" } });
      const before = numbers();
      program.host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
      assert.deepEqual(numbers(), [...before].reverse());
      const from = program.host.journal.length;
      await program.stack.refresh();
      await program.stack.up();
      const [first, second] = numbers();
      assert.deepEqual(
        program.host.journal
          .slice(from)
          .filter(({ effect }) => effect === "write")
          .map(({ line }) => line.replace(/^.*(?=rdma)/, ""))
          .sort(),
        // Without a shell the log confirms nothing, before or after.
        transport === "vsphere"
          ? []
          : [
              `rdma iser params set --adapter=${first} --roce=1`,
              `rdma iser params set --adapter=${second} --roce=2`,
            ].sort(),
      );
      assertAsDeclared();
      assert.deepEqual((await program.stack.preview()).changes, []);
    });

    it("that swaps two vmhba#, whose settings stay with the numbers, is healed card by card, and nothing is written to the wrong one", async () => {
      await start({ unknowns: { settingsFollow: "number" } });
      program.host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
      const from = program.host.journal.length;
      await program.stack.refresh();
      await program.stack.up();
      assertAsDeclared();
      // Each value that was written belongs to the card that the number is now of.
      const [first = "", second = ""] = numbers();
      for (const { effect, line } of program.host.journal.slice(from)) {
        if (effect !== "write") continue;
        if (/card-a|vmk1\b|192\.168\.50\.100|roce=1\b/.test(line) && !line.includes("remove"))
          assert.ok(line.includes(first), line);
        if (/card-b|vmk2\b|192\.168\.60\.100|roce=2\b/.test(line) && !line.includes("remove"))
          assert.ok(line.includes(second), line);
      }
      assert.deepEqual((await program.stack.refresh()).changes, []);
    });

    it("that loses the adapters is found by refresh and healed by up", async () => {
      await start({});
      program.host.reboot({ loseAdapters: true });
      const found = await program.stack.refresh();
      assert.equal(found.changes.filter(({ op }) => op === "delete").length, declared.length);
      await program.stack.up();
      assertAsDeclared();
      assert.deepEqual((await program.stack.preview()).changes, []);
    });

    it("between preview and up does not matter: an up without a refresh writes nothing to the wrong card", async () => {
      await start({ unknowns: { settingsFollow: "device" } });
      program.host.reboot({ swapAdapters: ["vmhba64", "vmhba65"] });
      await program.declare(
        declared.map((one) => (one.type === "AdapterProperties" ? { ...one, iqn: `iqn.1998-01.lab:${one.as}` } : one)),
      );
      await program.stack.up();
      assertAsDeclared();
      for (const [index, vmhba] of numbers().entries())
        assert.match(
          hand(`esxcli iscsi adapter get -A ${vmhba}`),
          new RegExp(`Name: iqn.1998-01.lab:${cards[index]?.device}-names\n`),
        );
    });
  });
