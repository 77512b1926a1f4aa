import { type HostSettings, resolveTarget } from "../../src/transport/credentials.js";
import { Pool } from "../../src/transport/pool.js";

/** A process that uses a host and then does nothing more: it ends by itself, without closing anything. */
async function main(): Promise<void> {
  const settings: HostSettings = JSON.parse(process.env.HOST_SETTINGS ?? "{}");
  const pool = new Pool();
  const command = { kind: "help", path: "iscsi adapter list", effect: "read", decode: (text: string) => text } as const;
  await pool.use(resolveTarget(settings, { get: () => undefined }, {}), (session) => session.execute(command));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
