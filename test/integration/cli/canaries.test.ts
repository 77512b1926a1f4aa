import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { FaultKind } from "../../../src/simulator/index.js";
import { type Canary, found, newCanary } from "../../support/canaries.js";
import { type CliResult, esxiIser } from "../../support/cli.js";
import { setUpByHand, storageAddress, storageTarget } from "../../support/iserHost.js";
import { inTurn, over, type Served, serve, transports } from "../../support/served.js";
import { quoted } from "../../support/shellWord.js";
import { keygen } from "../../support/sshServer.js";
import { shownBy } from "../../support/watched.js";

const secrets = ["password", "wrong", "passphrase", "chap", "mutual"].map(newCanary);
const text = (place: string) => secrets.find((canary) => canary.place === place)?.text ?? "";
/** No secret: shows that the search finds what is there. */
const control = newCanary("control");
const key = keygen("-t", "ecdsa", "-N", text("passphrase"), "-a", "1");

const commands = ["discover", "doctor", "topology"] as const;

for (const transport of transports)
  describe(`a secret that esxi-iser is given for a host, or that the host has,${over[transport]}`, function () {
    this.timeout(180_000);
    let folder: string;
    let served: Served;
    /** Processes of the host before the first command. */
    let byHand = 0;
    const canaries: Canary[] = [...secrets];
    const texts = new Map<string, string>();

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "esxi-iser-canaries-"));
      const targets = [{ name: storageTarget, chap: { name: control.text, secret: text("chap") } }];
      const storage = [{ address: storageAddress, targets }];
      const options = { storage, password: text("password"), authorizedKeys: [key.public] };
      served = await serve(options, transport);
      setUpByHand(served.host, { chap: false });
      for (const [direction, name, place] of [
        ["uni", control.text, "chap"],
        ["mutual", "array", "mutual"],
      ] as const) {
        const chap = `-d ${direction} -l required -N ${quoted(name)} -S ${quoted(text(place))}`;
        const { status, stdout } = served.host.execute(`esxcli iscsi adapter auth chap set -A vmhba64 ${chap}`);
        assert.equal(status, 0, stdout);
      }
      byHand = served.host.processes.length;
    });
    after(async () => {
      await served?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const place = () => {
      const { port, fingerprint } = served;
      return transport === "ssh"
        ? { args: [`127.0.0.1:${port}`], env: { ESXI_ISER_HOST_KEY: fingerprint } }
        : { args: [`127.0.0.1:${port}`, "--transport", transport], env: { ESXI_ISER_THUMBPRINT: fingerprint } };
    };
    /** Runs a command as loud as it can be, and keeps every word of it and every file that it leaves. */
    const run = async (what: string, command: string, env: Record<string, string>): Promise<CliResult> => {
      const { args, env: known } = place();
      const more = command === "discover" ? ["--out", folder] : [];
      const result = await esxiIser([command, ...args, ...more], {
        cwd: folder,
        env: { HOME: folder, ESXI_ISER_DEBUG: "1", ...known, ...env },
      });
      texts.set(`${command}, ${what}: standard output`, result.stdout);
      texts.set(`${command}, ${what}: standard error`, result.stderr);
      for (const file of readdirSync(folder)) {
        texts.set(`${command}, ${what}: ${file}`, readFileSync(join(folder, file), "utf8"));
        rmSync(join(folder, file));
      }
      return result;
    };
    const right = { ESXI_ISER_PASSWORD: text("password") };

    for (const [at, command] of commands.entries()) {
      it(`is used by ${command}, which goes through`, async () => {
        const { status, stdout, stderr } = await run("goes through", command, right);
        // 1: something was found.
        assert.ok(status === 0 || status === 1, stderr);
        assert.match(stdout, /vmrdma0/);
      });

      it(`is refused to ${command} where it is wrong`, async () => {
        const { status, stderr } = await run("wrong password", command, { ESXI_ISER_PASSWORD: text("wrong") });
        assert.equal(status, 2);
        assert.match(stderr, /\[LOGIN_REFUSED\]/);
      });

      it(`is printed to ${command} by the host, and masked`, async () => {
        const [kind, code]: [FaultKind, string] =
          inTurn(at) === transport ? ["fail", "COMMAND_FAILED"] : ["garble", "OUTPUT_NOT_UNDERSTOOD"];
        const message = `${quoted(text("password"))} ${quoted(text("password"))}`;
        served.host.faults.add({ match: "rdma device list", kind, message, times: 1000 });
        const { stdout, stderr } = await run(`host prints it, ${kind}`, command, right);
        served.host.faults.clear();
        assert.match(stdout + stderr, new RegExp(`'\\*\\*\\*'[\\s\\S]*${code}`));
      });
    }

    it("is not even used by trust", async () => {
      const { args } = place();
      const { stdout, stderr } = await esxiIser(["trust", ...args], { cwd: folder, env: { HOME: folder, ...right } });
      texts.set("trust: standard output", stdout);
      texts.set("trust: standard error", stderr);
      assert.ok(stdout.includes(served.fingerprint));
    });

    if (transport === "ssh")
      it("is a private key with a passphrase", async () => {
        canaries.push({ place: "key", text: key.private.trim() });
        const env = { ESXI_ISER_PRIVATE_KEY: key.private, ESXI_ISER_PRIVATE_KEY_PASSWORD: text("passphrase") };
        const { status, stdout, stderr } = await run("key", "doctor", env);
        assert.ok(status === 0 || status === 1, stderr);
        assert.match(stdout, /vmrdma0/);
      });

    it("is in nothing that is printed or written, and in nothing that the host can list", () => {
      const { host } = served;
      for (const [where, shown] of shownBy("host", host)) texts.set(where, shown);
      texts.set("host: processes", host.processes.slice(byHand).join("\n"));
      assert.deepEqual(found(canaries, texts), []);
    });

    it("would be found there: what is no secret is", () => {
      const where = found([control], texts).join("\n");
      assert.match(where, /in discover, goes through: index\.ts/);
      assert.match(where, /in host: dump/);
    });
  });
