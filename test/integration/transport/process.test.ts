import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { answer, startServer, type TestServer } from "../../support/sshServer.js";
import { canary } from "../../support/sshTarget.js";

const user = join(__dirname, "../../support/sshUser.ts");

/** Starts a process that runs one command on the host. */
function startUser(server: TestServer, proxy?: TestServer) {
  const settings = {
    ...server.settings,
    password: canary.password,
    ...(proxy ? { proxy: { ...proxy.settings, password: canary.password } } : {}),
  };
  const child = spawn(process.execPath, ["--import=tsx", user], {
    env: { ...process.env, HOST_SETTINGS: JSON.stringify(settings) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  return { child, ended: once(child, "exit"), errors };
}

describe("a process that uses a host", () => {
  it("ends when its work is done, though the connection is still there for the next", async () => {
    const server = await startServer({ password: canary.password });
    const { ended, errors } = startUser(server);
    assert.deepEqual(await ended, [0, null], errors.join(""));
    assert.equal(server.seen.lines.length, 1);
    await server.close();
  }).timeout(20_000);

  it("ends when its work is done behind a bastion, too", async () => {
    const server = await startServer({ password: canary.password });
    const bastion = await startServer({ password: canary.password, forwards: true });
    const { ended, errors } = startUser(server, bastion);
    assert.deepEqual(await ended, [0, null], errors.join(""));
    assert.equal(server.seen.lines.length, 1);
    await bastion.close();
    await server.close();
  }).timeout(20_000);

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ends at ${signal} as it would have without a connection, a command being under way`, async () => {
      let began = () => {};
      const running = new Promise<void>((resolve) => {
        began = resolve;
      });
      const server = await startServer({
        password: canary.password,
        run: (request) => {
          began();
          request.channel.on("close", () => answer(request, ""));
        },
      });
      const { child, ended } = startUser(server);
      await running;
      child.kill(signal);
      assert.deepEqual(await ended, [null, signal]);
      await server.close();
    }).timeout(20_000);
  }
});
