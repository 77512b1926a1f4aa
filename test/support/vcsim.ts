import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { findGovmomi } from "../../tools/govmomi/find.js";

/** A simulator of VMware's own making, govmomi's vcsim, on a port of its own. */
export interface Vcsim {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** What it takes as the right login. */
export const vcsimLogin = { user: "vcsim-user", password: "vcsim-password-11" };

export async function startVcsim(...options: readonly string[]): Promise<Vcsim> {
  const { vcsim } = await findGovmomi();
  const login = ["-username", vcsimLogin.user, "-password", vcsimLogin.password];
  const child = spawn(vcsim, ["-l", "127.0.0.1:0", ...login, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const url = await address(child);
  return {
    host: url.hostname,
    port: Number(url.port),
    close: async () => {
      if (child.exitCode !== null) return;
      // It would wait for calls that hang.
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** It prints `export GOVC_URL=https://user:password@127.0.0.1:41111/sdk …`. */
function address(child: ChildProcess): Promise<URL> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    child.once("exit", () => reject(new Error(`vcsim ended: ${said.join("\n")}`)));
    child.once("error", reject);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", (line) => {
        said.push(line);
        const [url] = /https:\/\/\S+/.exec(line) ?? [];
        if (url !== undefined) resolve(new URL(url));
      });
    }
  });
}
