#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, type CommanderError, Option } from "commander";
import { transports } from "./transports.js";

/** The command `esxi-iser`. Each subcommand is loaded only when it is used. */
const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string };

const program = new Command("esxi-iser")
  .description("Tools around iSER storage (iSCSI over RDMA) on VMware ESXi hosts.")
  .version(version)
  .showHelpAfterError("(esxi-iser --help tells more)")
  // 1 is what a command found; what could not be done at all is 2.
  .exitOverride((error: CommanderError) => process.exit(error.exitCode === 0 ? 0 : 2));

/** A command that goes to hosts. */
function hostCommand(nameAndArgs: string): Command {
  return program
    .command(nameAndArgs)
    .addOption(
      new Option(
        "--transport <transport>",
        "how the hosts are reached: ssh, or vsphere, the vSphere API; else ssh",
      ).choices(transports),
    )
    .option("--proxy <bastion>", "of ssh: go through a bastion: user@bastion.lab:22")
    .option("--vcenter <vcenter>", "of vsphere: go through a vCenter: user@vsphere.local@vcenter.lab:443")
    .option(
      "-C, --cwd <folder>",
      "the folder of the Pulumi project whose stack has credentials and host keys; else this one, if it is one",
    )
    .option("-s, --stack <name>", "its stack; else the one that is selected")
    .option("--json", "print JSON");
}

/** And logs in there. */
function lookingCommand(nameAndArgs: string): Command {
  return hostCommand(nameAndArgs)
    .option("--thumbprint <AA:BB:…>", "of vsphere: what pins the certificate of the host, or of the vCenter")
    .option("--ca <file>", "of vsphere: the certificates of the authority that has signed it, as PEM text");
}

/** What follows the help of a command that goes to hosts. */
const aboutHosts = `
HOST is a name or an address, with a user and a port where they are not root and 22 (443 of vsphere): root@esx01.lab:22, root@[fd00::11]:22.
With --vcenter it is the host's name in the vCenter, its DNS name, its address or its managed object id, and nobody logs in to the host.
Credentials and host keys are those that the provider has: the environment (ESXI_ISER_PASSWORD, ESXI_ISER_PRIVATE_KEY_FILE and so on), the
stack's config, known_hosts, the SSH agent. So are thumbprints: ESXI_ISER_THUMBPRINT, ESXI_ISER_CA.`;

hostCommand("trust <HOST...>")
  .description(
    "Show the keys that hosts offer, or their certificates, and pin those that are confirmed where the provider finds them.",
  )
  .option(
    "--known-hosts <file>",
    "write into this known_hosts file; else into the stack's config, or ~/.ssh/known_hosts where there is none",
  )
  .option("--fingerprint <SHA256:…>", "pin only keys of this fingerprint; can be given again", collect)
  .option("--thumbprint <AA:BB:…>", "pin only certificates of this thumbprint; can be given again", collect)
  .option("--yes", "do not ask; needs --fingerprint, or --thumbprint")
  .addHelpText(
    "after",
    `${aboutHosts}
Hosts of --transport vsphere show a certificate in place of keys, and with --vcenter it is the vCenter's. A thumbprint gets into the stack's config; without
one the variable of the environment is shown that pins it. No credential is sent to the hosts. Ends with 0 when all are trusted, 1 when one is not, 2 when one could not be looked at.

Examples:
  $ esxi-iser trust esx01.lab esx02.lab
  $ esxi-iser trust esx01.lab --yes --fingerprint SHA256:sIgjPuYsT0mC+…
  $ esxi-iser trust esx01.lab --transport vsphere
  $ esxi-iser trust esx01.lab --transport vsphere --vcenter vcenter.lab`,
  )
  .action(async (hosts: string[], options) => {
    const { trust } = await import("./trust.js");
    process.exitCode = await trust(hosts, options);
  });

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

lookingCommand("discover <HOST...>")
  .description("Write a program that declares the iSER storage which hosts have, and a file for `pulumi import`.")
  .option("-o, --out <folder>", "write <name>.ts and import.json there; else the program is printed")
  .option("-n, --name <name>", "the name of the program", "index")
  .option("--force", "write over files that are there")
  .addHelpText(
    "after",
    `${aboutHosts}
Nothing is written to the hosts. With --json what was read is printed, of several hosts as a list.
Ends with 0 when all have something to declare, 1 when one has not, 2 when one could not be looked at: the others are written all the same.

Examples:
  $ esxi-iser discover esx01.lab
  $ esxi-iser discover esx01.lab esx02.lab --out ./storage
  $ esxi-iser discover esx01.lab --transport vsphere --vcenter vcenter.lab`,
  )
  .action(async (hosts: string[], options) => {
    const { discover } = await import("./discover.js");
    process.exitCode = await discover(hosts, options);
  });

lookingCommand("doctor <HOST...>")
  .description(
    "Look along the path from the card to the storage, and say what is wrong, why it matters and what to do.",
  )
  .addHelpText(
    "after",
    `${aboutHosts}
Only reads, and pings the portals. What cannot be tried is told as such: the VMkernel log over --transport vsphere. Ends with 0 when nothing is found, 1 with findings, 2 when a host could not be looked at.

Examples:
  $ esxi-iser doctor esx01.lab esx02.lab
  $ esxi-iser doctor esx01.lab --json | jq -r '.[].findings[].check'
  $ esxi-iser doctor esx01.lab --transport vsphere`,
  )
  .action(async (hosts: string[], options) => {
    const { doctor } = await import("./doctor.js");
    process.exitCode = await doctor(hosts, options);
  });

lookingCommand("topology <HOST...>")
  .description("Draw the path from the cards of hosts to their devices, coloured by how each part is doing.")
  .addOption(
    new Option("-f, --format <format>", "what to make; else by the name of --out, else text").choices([
      "text",
      "svg",
      "mermaid",
      "html",
      "json",
    ]),
  )
  .option("-o, --out <file>", "write into this file: .txt, .svg, .mmd, .html or .json say the format; else to stdout")
  .addHelpText(
    "after",
    `${aboutHosts}
Only reads, and pings the portals. html is one page for many hosts that needs nothing but itself; mermaid goes into Markdown. Health is what esxi-iser
doctor finds, and what the host says of links, bindings, logins and paths. Ends with 0 when nothing is broken (there may be warnings), 1 when something
is, 2 when a host could not be looked at.

Examples:
  $ esxi-iser topology esx01.lab
  $ esxi-iser topology esx01.lab esx02.lab --out topology.html
  $ esxi-iser topology esx01.lab --format mermaid`,
  )
  .action(async (hosts: string[], options) => {
    const { topology } = await import("./topology.js");
    process.exitCode = await topology(hosts, options);
  });

program
  .command("review [FILE]")
  .description(
    "Show what a preview means for each host: what changes, the commands in their order, and what to look at.",
  )
  .option("--json", "print JSON")
  .addHelpText(
    "after",
    `
FILE is what \`pulumi preview --json\` printed; without it, or with -, standard input is read. Give --show-sames to pulumi, too: what stays as it
is tells what the rest goes by. \`pulumi destroy --preview-only --json\` can be reviewed as well. No host is asked.
Ends with 0 when there is nothing to look at, 1 when something needs a reboot, concerns sessions, cannot be undone or would be refused, or when the
preview failed, 2 when it could not be read.

Examples:
  $ pulumi preview --json --show-sames | esxi-iser review
  $ esxi-iser review preview.json > comment.md`,
  )
  .action(async (file: string | undefined, options) => {
    const { review } = await import("./review.js");
    process.exitCode = await review(file, options);
  });

program
  .command("simulate")
  .description("Run simulated ESXi hosts, to try programs against without real ones.")
  .option("-H, --hosts <number>", "how many, up to 100; else 1, or as many as a file has")
  .addOption(new Option("-m, --model <release>", "the ESXi release; else 8.0").choices(["6.7", "7.0", "8.0", "9.0"]))
  .option("-n, --name <name>", "the name of the first host; its number is counted up for the others; else esx01.lab")
  .option("-l, --listen <address>", "the address to listen on", "127.0.0.1")
  .option("-p, --port <port>", "the port of the first host, the others on those behind it; 0 takes free ones", "0")
  .option("--own-addresses", "count the addresses up from --listen, and not the ports; Linux has all of 127.0.0.0/8")
  .option("-u, --user <user>", "the user that may log in", "root")
  .option("--password-file <file>", "a file with the password; else ESXI_ISER_PASSWORD, else one is made up and shown")
  .option("--authorized-keys <file>", "of SSH: a file of public keys that may log in, RSA or ECDSA")
  .option("--chap-name <name>", "the target takes only logins with CHAP of this name; its secret is made up and shown")
  .option("--chap-secret-file <file>", "a file with that secret")
  .option("--state <file>", "what the hosts are at the start, as JSON")
  .option("--from <file>", "hosts as `esxi-iser discover --json` has found them")
  .option("--save <file>", "when they end, write what the hosts are, for --from")
  .option("-f, --fault <fault>", "let something go wrong, on each host; can be given again", collect)
  .option("--faults <file>", "such faults as a list of JSON")
  .addOption(
    new Option("-t, --transport <transport>", "what speaks for them: SSH, or the vSphere API with SSH off")
      .choices(transports)
      .default("ssh" as const),
  )
  .option("--process-start <ms>", "of SSH: what it takes to start a process of esxcli, in milliseconds; else 0")
  .option("--call <ms>", "of vsphere: what a call costs on the host, in milliseconds; else 0")
  .option("--round-trip <ms>", "what a round trip to a host takes, in milliseconds", "0")
  .option("--known-hosts <file>", "of SSH: write the hosts' keys into this known_hosts file")
  .option("--journal <file>", "append what the hosts are told, secrets masked")
  .option("--json", "say how to reach the hosts as one line of JSON")
  .addHelpText(
    "after",
    `
A host has a management NIC and two RDMA adapters, vmrdma0 and vmrdma1, with a virtual switch, a port group and a
VMkernel adapter each (iser-a with vmk1, iser-b with vmk2), and reaches a storage system with one target at 192.168.50.100,
which takes logins without CHAP unless --chap-name is given. All hosts have the same password, and each its own host key.
Nothing is kept: when it ends, everything that was set is gone, but for --save. It ends at SIGINT (Ctrl-C) or SIGTERM with 0,
and with 2 if the hosts cannot be started.

--state: the fields of HostOptions in pulumi-esxi-iser/simulator: model, name, nics, rdmaDevices, switches, portGroups,
vmkernelAdapters, storage; and commands, lines of esxcli that are run before the host listens. A list of them is a host each.
  { "model": "7.0", "commands": ["rdma iser add", "iscsi networkportal add -A vmhba64 -n vmk1"] }

--from: numbers, links, targets, sessions and devices are those of the document. CHAP secrets are in none: they are made up and
shown. It does not say the release: --model does.

--fault: a kind, a colon and a command, with fields behind commas. The command is its namespace and name, with --help for its
help; another program by its name; or an expression, /iscsi .* add/. --faults takes the same fields, and reboot:
  [{ "kind": "reboot", "match": "iscsi networkportal add", "reboot": { "swapAdapters": ["vmhba64", "vmhba65"] } }]
  kinds: fail (message), hang, hangAfter, dropBefore, dropAfter, slow (delayMs; else 1000), truncate, garble (message),
         reboot, meanwhile (run: a line that somebody else runs just before)
  after: how many runs go well before (0); times: how many go wrong (1), or always; host: only on the host of this name

Examples:
  $ esxi-iser simulate --chap-name esx01
  $ esxi-iser simulate --model 7.0 --port 2222 --password-file ./password
  $ esxi-iser simulate --hosts 3 --known-hosts ./known_hosts --journal ./journal
  $ esxi-iser simulate --fault 'hang:iscsi session list' --fault 'fail:iscsi networkportal add,after=1,message=Busy'
  $ esxi-iser simulate --process-start 300 --round-trip 10
  $ esxi-iser simulate --transport vsphere --hosts 2
  $ esxi-iser discover --json esx01.lab > esx01.json && esxi-iser simulate --from esx01.json --model 7.0
  $ esxi-iser simulate --json > hosts.json`,
  )
  .action(async (options) => {
    const { simulate } = await import("./simulate.js");
    await simulate(options);
  });

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`esxi-iser: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
