import { execFileSync } from "node:child_process";
import { sshdProgram } from "./requirements.js";

/** What went over real servers in this process. All but the host keys is counted in the logs of the servers. */
export const counts = { servers: 0, logins: 0, refusedLogins: 0, hostKeys: 0, commands: 0 };

let registered = false;

/** Says at the end of the process what there was, in one line. */
export function tellCounts(): void {
  if (registered) return;
  registered = true;
  process.on("exit", () => {
    const { servers, logins, refusedLogins, hostKeys, commands } = counts;
    process.stdout.write(
      `${version()} with ESXi's settings: ${servers} servers, ${logins} logins, ${refusedLogins} refused ones, ${hostKeys} cases of host keys, ${commands} commands.\n`,
    );
  });
}

/** Older versions know no -V and say theirs with the error. */
function version(): string {
  try {
    const said = execFileSync("/bin/sh", ["-c", `${sshdProgram} -V 2>&1 || true`], { encoding: "utf8" });
    return /OpenSSH_[^\s,]+/.exec(said)?.[0] ?? "OpenSSH";
  } catch {
    return "OpenSSH";
  }
}
