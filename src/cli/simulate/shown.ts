import { visible } from "../../errors.js";
import type { Simulator } from "../../simulator/index.js";
import type { PlannedHost } from "./fleet.js";

/** A simulated host that runs. */
export interface Running extends PlannedHost {
  readonly simulator: Simulator;
}

/** What is told of them, beside how each is reached. */
export interface Told {
  /** Undefined: it was given, and is not shown again. */
  readonly password: string | undefined;
  /** The file that it was given in. */
  readonly passwordFile: string | undefined;
  /** Undefined: as for the password. */
  readonly chap: readonly { readonly name: string; readonly secret?: string }[];
  readonly knownHosts: string | undefined;
  readonly processStart: number;
  readonly roundTrip: number;
}

/** Where it is reached from here. */
export function reachOf({ simulator: { address } }: Running): string {
  return address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
}

/** As the command line takes it: `root@127.0.0.1:2201`, the user where it is not root. */
function hostArgument(host: Running): string {
  const reach = reachOf(host);
  const { user, port } = host.simulator;
  return `${user === "root" ? "" : `${user}@`}${reach.includes(":") ? `[${reach}]` : reach}:${port}`;
}

/** What `esxi-iser:hosts` in a stack's config has to be. Hosts at one address share an entry, with the keys of all. */
export function hostsConfig(hosts: readonly Running[], password: string | undefined) {
  const reaches = [...new Set(hosts.map(reachOf))];
  return Object.fromEntries(
    reaches.map((reach) => {
      const there = hosts.filter((host) => reachOf(host) === reach);
      const user = there[0]?.simulator.user;
      return [
        reach,
        {
          hostKey: there.map(({ simulator }) => simulator.fingerprint).join("\n"),
          ...(user === "root" ? {} : { user }),
          ...(password === undefined ? {} : { password }),
        },
      ];
    }),
  );
}

export function asJson(hosts: readonly Running[], told: Told): string {
  const { password, chap, knownHosts, processStart, roundTrip } = told;
  return `${JSON.stringify({
    hosts: hosts.map(({ name, model, simulator: { address, port, user, hostKey, fingerprint } }) => ({
      model,
      name,
      address,
      port,
      user,
      ...(password === undefined ? {} : { password }),
      hostKey,
      fingerprint,
    })),
    chap,
    config: { "esxi-iser:hosts": hostsConfig(hosts, password) },
    ...(knownHosts === undefined ? {} : { knownHosts }),
    assumed: { processStartMs: processStart, roundTripMs: roundTrip },
  })}\n`;
}

/** How they are reached by hand and from a program. */
export function asText(hosts: readonly Running[], told: Told): string {
  const [first, ...more] = hosts;
  if (first === undefined) return "";
  const parts = [
    more.length === 0 ? oneHost(first, told) : manyHosts(hosts, told),
    told.knownHosts === undefined ? undefined : withKnownHosts(hosts, told, told.knownHosts),
    chapText(told.chap),
    costText(told),
    "Ctrl-C ends it.\n",
  ];
  return parts.filter((part) => part !== undefined).join("\n");
}

function oneHost(host: Running, { password }: Told): string {
  const { name, model, simulator } = host;
  const { address, port, user, fingerprint } = simulator;
  return `${name}, a simulated ESXi ${model}, listens on ${address} port ${port}.

  ${sshLine(host)}
${password === undefined ? "" : `  password     ${password}\n`}  fingerprint  ${fingerprint}

In a program:

  const host = {
    host: "${reachOf(host)}",
    port: ${port},
    user: "${user}",
    hostKey: "${fingerprint}",
  };

In a stack's configuration, the password:

  ${passwordLine(password)}
`;
}

function manyHosts(hosts: readonly Running[], { password, knownHosts }: Told): string {
  const wide = (text: (host: Running) => string) => Math.max(...hosts.map((host) => text(host).length));
  const [nameWidth, sshWidth] = [wide(({ name }) => name), wide(sshLine)];
  const rows = hosts.map(
    (host) =>
      `  ${host.name.padEnd(nameWidth)}  ESXi ${host.model}  ${sshLine(host).padEnd(sshWidth)}  ${host.simulator.fingerprint}`,
  );
  const program = hosts.map((host) => {
    const { port, user } = host.simulator;
    return `    "${host.name}": { host: { host: "${reachOf(host)}", port: ${port}, user: "${user}" } },`;
  });
  const keys = Object.entries(hostsConfig(hosts, undefined)).map(
    ([reach, { hostKey }]) =>
      `  pulumi config set --path 'esxi-iser:hosts["${reach}"].hostKey' '${hostKey.replaceAll("\n", "\n    ")}'`,
  );
  return `${hosts.length} simulated ESXi hosts:

${rows.join("\n")}
${password === undefined ? "" : `\n  password of all  ${password}\n`}
In a program, for IserCluster:

  const hosts = {
${program.join("\n")}
  };

In a stack's configuration, the password of all and their keys:

  ${passwordLine(password)}
${knownHosts === undefined ? keys.join("\n") : `  pulumi config set esxi-iser:knownHosts '${knownHosts}'`}
`;
}

function sshLine(host: Running): string {
  const { port, user } = host.simulator;
  return `ssh -p ${port} ${user}@${reachOf(host)}`;
}

function passwordLine(password: string | undefined): string {
  return `pulumi config set --secret esxi-iser:password${password === undefined ? "" : ` '${password}'`}`;
}

function withKnownHosts(hosts: readonly Running[], { password, passwordFile }: Told, file: string): string {
  const environment = [
    ...(password === undefined ? [] : [`ESXI_ISER_PASSWORD='${password}'`]),
    ...(passwordFile === undefined ? [] : [`ESXI_ISER_PASSWORD="$(head -n 1 '${passwordFile}')"`]),
    `ESXI_ISER_KNOWN_HOSTS='${file}'`,
  ];
  return `${hosts.length === 1 ? "Its key is" : "Their keys are"} in ${file}. With esxi-iser:

  export ${environment.join(" ")}
  esxi-iser doctor ${hosts.map(hostArgument).join(" ")}
`;
}

function chapText(chap: Told["chap"]): string | undefined {
  const [first, ...more] = chap;
  if (first === undefined) return undefined;
  if (more.length > 0)
    return `The storage takes CHAP with these names and secrets:\n\n${chap.map(({ name, secret }) => `  ${visible(name)}  ${secret}`).join("\n")}\n`;
  return `The storage takes CHAP with the name ${visible(first.name)} and ${
    first.secret === undefined
      ? "the secret that was given.\n"
      : `this secret:\n\n  pulumi config set --secret chapSecret '${first.secret}'\n`
  }`;
}

function costText({ processStart, roundTrip }: Told): string | undefined {
  if (processStart + roundTrip === 0) return undefined;
  return `Assumed of each host, not measured: ${processStart} ms to start a process of esxcli, ${roundTrip} ms a round trip.\n`;
}
