import { join } from "node:path";
import { parseArgs } from "node:util";
import { startSimulator } from "../src/simulator/index.js";
import { findEngine } from "./engine/find.js";
import { type CommandOptions, Stack } from "./engine/pulumi.js";

const HELP = `Usage: npm run quickstart [-- OPTIONS]

Shows the main job on a simulated ESXi host, with the real Pulumi engine: preview, up, drift and how it is healed, destroy.

  --model M   6.7, 7.0, 8.0 (default) or 9.0
  --keep      leave the host up after the first up, to be explored by ssh, until Ctrl-C
  --help      this text
`;

const models = ["6.7", "7.0", "8.0", "9.0"] as const;
const chapSecret = "simulated-chap-secret";
const repository = join(__dirname, "..");

async function main(): Promise<number> {
  const { keep, model } = options();
  if (model === undefined) return 0;

  title("Looking for the Pulumi engine");
  const engine = await findEngine({ log: (line) => say(`  ${line}`) });
  say(`  Pulumi ${engine.version}, from ${engine.source}`);

  title(`Starting a simulated ESXi ${model} host`);
  const storage = {
    address: "192.168.50.100",
    targets: [{ name: "iqn.2010-09.lab.storage:iser-a", chap: { name: "esx01", secret: chapSecret } }],
  };
  const simulator = await startSimulator({ model, storage: [storage] });
  const { host, address, port, user, password, fingerprint } = simulator;
  let stack: Stack | undefined;
  try {
    say(`  ssh -p ${port} ${user}@${address}    password ${password}    host key ${fingerprint}`);
    const bare = host.dump();
    const hand = (line: string) => {
      say(`\n  [root@esxi:~] ${line}`);
      const { stdout } = host.execute(line);
      say(stdout.replace(/^/gm, "  ").trimEnd());
    };

    title("Making a Pulumi stack with a local backend in a temporary folder");
    const config = {
      host: address,
      port,
      "esxi-iser:hostKey": fingerprint,
      chapSecret: { secret: chapSecret },
      // These builds have no command for it.
      setRoceVersion: model !== "6.7" && model !== "9.0",
    };
    stack = await Stack.init(repository, "quickstart", config, { engine, env: { ESXI_ISER_PASSWORD: password } });
    const shown: CommandOptions = { onOutput: (text) => process.stdout.write(text.replace(/^(?=.)/gm, "  ")) };

    title("pulumi preview: what would be done. The host is not asked");
    await stack.preview({ ...shown, diff: true });

    title("pulumi up");
    await stack.up(shown);

    title("The host now");
    hand("esxcli iscsi adapter list");
    hand("esxcli iscsi networkportal list");
    hand("esxcli iscsi adapter target list");
    hand("esxcli iscsi session list");

    if (keep) {
      title("The host stays up. Ctrl-C ends it and removes everything");
      say(
        `  ssh -p ${port} ${user}@${address}    password ${password}\n  Try: esxcli iscsi adapter auth chap get -A vmhba64`,
      );
      return await new Promise<number>(() => setInterval(() => undefined, 1 << 30));
    }

    title("Somebody changes the host by hand");
    hand("esxcli iscsi adapter set -A vmhba64 -a changed-by-hand");

    title("pulumi refresh finds it");
    await stack.refresh({ ...shown, diff: true });

    title("pulumi up heals it");
    await stack.up({ ...shown, diff: true });
    hand("esxcli iscsi adapter get -A vmhba64 | grep Alias");

    title("pulumi destroy");
    await stack.destroy(shown);
    if (model === "6.7") {
      say("\n  On ESXi 6.7 an iSER adapter goes with a reboot: rebooting the simulated host");
      host.reboot();
    }
    hand("esxcli iscsi adapter list");
    const same = host.dump() === bare;
    say(same ? "\n  The host is as it was before, byte for byte." : "\n  The host is NOT as it was before.");
    return same ? 0 : 1;
  } finally {
    stack?.dispose();
    await simulator.close();
  }
}

function options(): { keep: boolean; model: (typeof models)[number] | undefined } {
  const { values } = parseArgs({
    options: {
      keep: { type: "boolean", default: false },
      model: { type: "string", default: "8.0" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    say(HELP);
    return { keep: false, model: undefined };
  }
  const model = models.find((known) => known === values.model);
  if (model === undefined) throw new Error(`--model must be one of ${models.join(", ")}`);
  return { keep: values.keep, model };
}

let step = 0;
function title(text: string): void {
  step += 1;
  say(`\n${step}. ${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
