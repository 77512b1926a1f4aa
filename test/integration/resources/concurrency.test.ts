import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { adapterProperties } from "../../../src/resources/adapterProperties.js";
import { chap } from "../../../src/resources/chap.js";
import { discoveryAddress } from "../../../src/resources/discoveryAddress.js";
import { Lab } from "../../support/lab.js";
import { over, transports } from "../../support/served.js";

for (const transport of transports)
  describe(`work at the same time on one host,${over[transport]}`, () => {
    let lab: Lab;
    afterEach(() => lab?.close());

    const start = async () => {
      lab = await Lab.start({ model: "8.0" }, transport);
      lab.hand("esxcli rdma iser add -d vmrdma0");
      lab.hand("esxcli rdma iser add -d vmrdma1");
    };
    const addresses = (adapter: string, count: number) =>
      Array.from({ length: count }, (_, index) => {
        const one = lab.lifecycle(discoveryAddress);
        return one.up({ adapter, address: `192.168.7.${index + 1}` });
      });
    it("goes through with one login, at most six commands side by side, and loses nothing", async () => {
      await start();
      await Promise.all([...addresses("vmrdma0", 10), ...addresses("vmrdma1", 10)]);
      for (const vmhba of ["vmhba64", "vmhba65"]) {
        assert.equal(
          lab.hand(`esxcli iscsi adapter discovery sendtarget list -A ${vmhba}`).match(/192\.168\.7\./g)?.length,
          10,
        );
      }
      const { connections, logins } = lab.counters;
      assert.equal(logins, 1);
      if (transport === "ssh") assert.equal(connections, 1);
      // A connection of HTTP has one call at a time.
      const sideBySide = transport === "ssh" ? lab.host.counters.atOnce : connections;
      assert.ok(sideBySide > 1 && sideBySide <= 6, String(sideBySide));
    });

    it("is written in turn where it is one adapter, by whatever name it is called", async () => {
      await start();
      lab.hand("esxcli iscsi adapter set -A vmhba64 -a before");
      // The first write hangs on the host for a moment; a second one to the same adapter must not begin meanwhile.
      lab.host.faults.add({ match: "iscsi adapter set", kind: "slow", delayMs: 150 });
      const names = lab.lifecycle(adapterProperties).up({ adapter: "vmrdma0", alias: "storage-a" });
      const secrets = lab
        .lifecycle(chap)
        .up({ adapter: "vmnic4", level: "required", name: "esx01", secret: "simulated-secret" });
      await Promise.all([names, secrets]);
      const lines = lab.host.journal.map(({ line }) => line);
      const order = ["iscsi adapter set --adapter=vmhba64", "iscsi adapter auth chap set --adapter=vmhba64"].map(
        (part) => lines.findIndex((line) => line.includes(part)),
      );
      const [first = -1, second = -1] = [...order].sort((a, b) => a - b);
      // Between the two writes stands the observation that followed the first: it was over before the second was sent.
      const between = lines
        .slice(first + 1, second)
        .filter((line) => line.includes("adapter get") || line.includes("chap get"));
      assert.ok(first >= 0 && between.length > 0, lines.join("\n"));
    });

    it("goes on for one adapter while another one is slow", async () => {
      await start();
      lab.host.faults.add({ match: "iscsi adapter set", kind: "hang" });
      const stuck = lab.lifecycle(adapterProperties).up({ adapter: "vmrdma0", alias: "storage-a" });
      stuck.catch(() => undefined);
      await lab
        .lifecycle(chap)
        .up({ adapter: "vmrdma1", level: "required", name: "esx01", secret: "simulated-secret" });
      assert.match(lab.hand("esxcli iscsi adapter auth chap get -A vmhba65"), /esx01/);
      lab.dropConnections();
      await assert.rejects(
        async () => {
          lab.host.faults.add({ match: "iscsi adapter set", kind: "dropBefore", times: 9 });
          await stuck;
        },
        { code: "CONNECTION_LOST" },
      );
    });
  });

describe("a CHAP secret", () => {
  it("goes as an argument where that is asked for, and is masked wherever the line is told", async () => {
    const lab = await Lab.start({ model: "8.0" });
    try {
      lab.hand("esxcli rdma iser add -d vmrdma0");
      const one = lab.lifecycle(chap);
      const inputs = {
        adapter: "vmrdma0",
        level: "required",
        name: "esx01",
        secret: "simulated secret's $(id)",
        secretVia: "argument",
      };
      await one.up(inputs);
      assert.match(lab.hand("esxcli iscsi adapter auth chap get -A vmhba64"), /esx01/);
      lab.host.faults.add({ match: "iscsi adapter auth chap set", kind: "fail", message: "Simulated failure." });
      await assert.rejects(one.up({ ...inputs, secret: "simulated-secret-two" }), (error: Error) => {
        assert.match(error.message, /--secret=\*\*\*/);
        return !error.message.includes("simulated-secret-two");
      });
      assert.ok(!JSON.stringify(lab.host.journal).includes("simulated-secret"));
    } finally {
      await lab.close();
    }
  });
});
