import { visible } from "../../errors.js";
import type { Transport } from "../transports.js";
import type { Running } from "./serving.js";

/** What is told of them, beside how each is reached. */
export interface Told {
  /** Undefined: it was given, and is not shown again. */
  readonly password: string | undefined;
  /** The file that it was given in. */
  readonly passwordFile: string | undefined;
  /** Undefined: as for the password. */
  readonly chap: readonly { readonly name: string; readonly secret?: string }[];
  readonly knownHosts: string | undefined;
  readonly transport: Transport;
  /** What things cost on a host, in milliseconds. */
  readonly assumed: {
    readonly processStartMs?: number;
    readonly callMs?: number;
    readonly roundTripMs: number;
  };
}

/** Where it is reached from here. */
export function reachOf({ address }: Running): string {
  return address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address;
}

/** As the command line takes it: `root@127.0.0.1:2201`, the user where it is not root. */
function hostArgument(host: Running): string {
  const reach = reachOf(host);
  const { user, port } = host;
  return `${user === "root" ? "" : `${user}@`}${reach.includes(":") ? `[${reach}]` : reach}:${port}`;
}

function pinOf({ pin }: Running): string {
  return "hostKey" in pin ? pin.hostKey : pin.thumbprint;
}

/** What `esxi-iser:hosts` in a stack's config has to be. Hosts at one address share an entry, with the pins of all. */
export function hostsConfig(hosts: readonly Running[], password: string | undefined) {
  const reaches = [...new Set(hosts.map(reachOf))];
  return Object.fromEntries(
    reaches.map((reach) => {
      const there = hosts.filter((host) => reachOf(host) === reach);
      const user = there[0]?.user;
      const pins = there.map(pinOf).join("\n");
      return [
        reach,
        {
          ...(there.every(({ pin }) => "hostKey" in pin) ? { hostKey: pins } : { thumbprint: pins }),
          ...(user === "root" ? {} : { user }),
          ...(password === undefined ? {} : { password }),
        },
      ];
    }),
  );
}

export function asJson(hosts: readonly Running[], told: Told): string {
  const { password, chap, knownHosts, assumed } = told;
  return `${JSON.stringify({
    hosts: hosts.map(({ name, model, address, port, user, publicKey, pin }) => ({
      model,
      name,
      address,
      port,
      user,
      ...(password === undefined ? {} : { password }),
      ...("hostKey" in pin
        ? { hostKey: publicKey, fingerprint: pin.hostKey }
        : { transport: told.transport, thumbprint: pin.thumbprint }),
    })),
    chap,
    config: { "esxi-iser:hosts": hostsConfig(hosts, password) },
    ...(knownHosts === undefined ? {} : { knownHosts }),
    assumed,
  })}\n`;
}

/** How they are reached by hand and from a program. */
export function asText(hosts: readonly Running[], told: Told): string {
  const [first, ...more] = hosts;
  if (first === undefined) return "";
  const parts = [
    more.length === 0 ? oneHost(first, told) : manyHosts(hosts, told),
    withCommand(hosts, told),
    chapText(told.chap),
    costText(told),
    "Ctrl-C ends it.\n",
  ];
  return parts.filter((part) => part !== undefined).join("\n");
}

function oneHost(host: Running, { password }: Told): string {
  const { name, model, address, port, user, pin } = host;
  const label = "hostKey" in pin ? "fingerprint" : "thumbprint";
  return `${name}, a simulated ESXi ${model}, listens on ${address} port ${port}.

  ${lineTo(host)}
${password === undefined ? "" : `  ${"password".padEnd(label.length)}  ${password}\n`}  ${label}  ${pinOf(host)}

In a program:

  const host = {
    host: "${reachOf(host)}",
    port: ${port},
    user: "${user}",
    ${"hostKey" in pin ? `hostKey: "${pin.hostKey}"` : `transport: "vsphere",\n    thumbprint: "${pin.thumbprint}"`},
  };

In a stack's configuration, the password:

  ${passwordLine(password)}
`;
}

function manyHosts(hosts: readonly Running[], { password, knownHosts, transport }: Told): string {
  const wide = (text: (host: Running) => string) => Math.max(...hosts.map((host) => text(host).length));
  const [nameWidth, lineWidth] = [wide(({ name }) => name), wide(lineTo)];
  const rows = hosts.map(
    (host) => `  ${host.name.padEnd(nameWidth)}  ESXi ${host.model}  ${lineTo(host).padEnd(lineWidth)}  ${pinOf(host)}`,
  );
  const by = transport === "ssh" ? "" : ', transport: "vsphere"';
  const program = hosts.map(
    (host) =>
      `    "${host.name}": { host: { host: "${reachOf(host)}", port: ${host.port}, user: "${host.user}"${by} } },`,
  );
  const pins = Object.entries(hostsConfig(hosts, undefined)).map(([reach, entry]) => {
    const [setting, value] = "hostKey" in entry ? ["hostKey", entry.hostKey] : ["thumbprint", entry.thumbprint];
    return `  pulumi config set --path 'esxi-iser:hosts["${reach}"].${setting}' '${value.replaceAll("\n", "\n    ")}'`;
  });
  return `${hosts.length} simulated ESXi hosts:

${rows.join("\n")}
${password === undefined ? "" : `\n  password of all  ${password}\n`}
In a program, for IserCluster:

  const hosts = {
${program.join("\n")}
  };

In a stack's configuration, the password of all and their ${transport === "ssh" ? "keys" : "thumbprints"}:

  ${passwordLine(password)}
${knownHosts === undefined ? pins.join("\n") : `  pulumi config set esxi-iser:knownHosts '${knownHosts}'`}
`;
}

/** How it is reached by hand. */
function lineTo(host: Running): string {
  const { port, user, pin } = host;
  const reach = reachOf(host);
  return "hostKey" in pin ? `ssh -p ${port} ${user}@${reach}` : `https://${reach}:${port}/sdk`;
}

function passwordLine(password: string | undefined): string {
  return `pulumi config set --secret esxi-iser:password${password === undefined ? "" : ` '${password}'`}`;
}

/** With the command of this package: how hosts are known to it that have no place in a stack's configuration. */
function withCommand(
  hosts: readonly Running[],
  { password, passwordFile, knownHosts, transport }: Told,
): string | undefined {
  if (transport === "ssh" && knownHosts === undefined) return undefined;
  const environment = [
    ...(password === undefined ? [] : [`ESXI_ISER_PASSWORD='${password}'`]),
    ...(passwordFile === undefined ? [] : [`ESXI_ISER_PASSWORD="$(head -n 1 '${passwordFile}')"`]),
    transport === "ssh"
      ? `ESXI_ISER_KNOWN_HOSTS='${knownHosts}'`
      : `ESXI_ISER_THUMBPRINT='${hosts.map(pinOf).join(" ")}'`,
  ];
  const where = hosts.length === 1 ? "Its key is" : "Their keys are";
  return `${transport === "ssh" ? `${where} in ${knownHosts}. ` : ""}With esxi-iser:

  export ${environment.join(" ")}
  npx esxi-iser doctor ${transport === "ssh" ? "" : "--transport vsphere "}${hosts.map(hostArgument).join(" ")}
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

function costText({ assumed: { processStartMs = 0, callMs = 0, roundTripMs } }: Told): string | undefined {
  if (processStartMs + callMs + roundTripMs === 0) return undefined;
  const own = callMs > 0 ? `${callMs} ms a call` : `${processStartMs} ms to start a process of esxcli`;
  return `Assumed of each host, not measured: ${own}, ${roundTripMs} ms a round trip.\n`;
}
