import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { moduleParameters } from "../../../src/resources/moduleParameters.js";
import { pauseParams } from "../../../src/resources/pauseParams.js";
import { Lab } from "../../support/lab.js";
import { over, transports } from "../../support/served.js";

const set = "system module parameters set";
const list = "system module parameters list";
const inputs = { module: "nmlx5_core", parameters: { pfctx: "0x08", pfcrx: "0x08" } };

for (const transport of transports)
  describe(`a value that others write, too,${over[transport]}`, () => {
    let lab: Lab;
    afterEach(() => lab?.close());

    const start = async () => {
      lab = await Lab.start({ model: "8.0" }, transport);
    };
    const options = () => lab.host.state.modules.find(({ name }) => name === "nmlx5_core")?.options;
    const somebody = (line: string) => () => void lab.hand(`esxcli ${line}`);

    it("keeps what somebody has set between our observation and our write", async () => {
      await start();
      const meanwhile = somebody(`${set} -m nmlx5_core -p max_vfs=4,4`);
      lab.host.faults.add({ match: set, kind: "meanwhile", meanwhile });
      await lab.lifecycle(moduleParameters).up(inputs);
      assert.deepEqual(options(), { max_vfs: "4,4", pfctx: "0x08", pfcrx: "0x08" });
      assert.equal(lab.host.faults.left, 0);
    });

    it("is written again, with theirs in it, when one who has read it before our write writes after it", async () => {
      await start();
      // The first look plans, the second sees what was written, the third is the one a moment later.
      const meanwhile = somebody(`${set} -m nmlx5_core -p max_vfs=4,4`);
      lab.host.faults.add({ match: list, kind: "meanwhile", after: 2, meanwhile });
      const declared = lab.lifecycle(moduleParameters);
      await declared.up(inputs);
      assert.deepEqual(options(), { max_vfs: "4,4", pfctx: "0x08", pfcrx: "0x08" });
      assert.equal(lab.host.faults.left, 0);
      assert.deepEqual(await declared.refresh(), []);
    });

    it("is given back again when that happens to a destroy", async () => {
      await start();
      lab.hand(`esxcli ${set} -m nmlx5_core -p max_vfs=4,4`);
      const declared = lab.lifecycle(moduleParameters);
      await declared.up(inputs);
      const meanwhile = somebody(`${set} -m nmlx5_core -p 'max_vfs=8,8 pfctx=0x08 pfcrx=0x08'`);
      lab.host.faults.add({ match: list, kind: "meanwhile", after: 2, meanwhile });
      await declared.destroy();
      assert.deepEqual(options(), { max_vfs: "8,8" });
      assert.equal(lab.host.faults.left, 0);
    });

    it("is an error that names both when somebody undoes it again and again, and the next up goes on", async () => {
      await start();
      const meanwhile = somebody(`${set} -m nmlx5_core -p max_vfs=4,4`);
      // At every look that comes a moment after one that has shown all as declared.
      for (const after of [2, 1]) lab.host.faults.add({ match: list, kind: "meanwhile", after, meanwhile });
      const declared = lab.lifecycle(moduleParameters);
      await assert.rejects(declared.up(inputs), { code: "NOT_CONVERGED", message: /somebody else writes the same/ });
      const ours = lab.own().filter(({ path, effect }) => path === set && effect === "write");
      assert.equal(ours.length, 2);
      lab.host.faults.clear();
      assert.equal(await declared.up(inputs), "update");
      assert.deepEqual(options(), { max_vfs: "4,4", pfctx: "0x08", pfcrx: "0x08" });
    });

    it("is the pause of a NIC, of which two declare an option each", async () => {
      await start();
      const pauseList = "network nic pauseParams list";
      const meanwhile = somebody("network nic pauseParams set -n vmnic4 --rx true --tx false --auto true");
      lab.host.faults.add({ match: pauseList, kind: "meanwhile", after: 2, meanwhile });
      await lab.lifecycle(pauseParams).up({ nic: "vmnic4", rx: false });
      assert.match(lab.hand(`esxcli ${pauseList} -n vmnic4`), /^vmnic4 +true +false +false +true /m);
      assert.equal(lab.host.faults.left, 0);
    });
  });
