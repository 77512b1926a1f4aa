import { IserError } from "../../errors.js";
import { discoveryStatus } from "../../esxcli/iscsiDiscovery.js";
import { ping } from "../../esxcli/ping.js";
import { iserLog } from "../../esxcli/rdma.js";
import { time } from "../../esxcli/system.js";
import type { Ask } from "../../resources/definition.js";
import { withoutBrackets } from "../../resources/fields.js";
import type { AdapterView, HostView } from "../hostView.js";

/** Packets of one size that may not be fragmented, from a bound VMkernel adapter to a portal. */
export interface PingProbe {
  readonly vmkernelAdapter: string;
  readonly address: string;
  /** In bytes, headers included: the MTU of the VMkernel adapter, or 1500 where that did not come through. */
  readonly packet: number;
  readonly isThrough: boolean;
  /** What the host said of it. */
  readonly said: string;
}

/** What is tried out, beside what is read. */
export interface Probes {
  readonly pings: readonly PingProbe[];
  /** How the last discovery of an adapter ended, by `vmhba#`. */
  readonly discovery: Readonly<Record<string, string>>;
  /** What the VMkernel log has of iSER of the last day, oldest first. Undefined: it could not be read. */
  readonly log: readonly string[] | undefined;
  /** What could not be tried, each with the reason. */
  readonly untried: readonly string[];
}

/** The MTU that every network carries. */
export const plainMtu = 1500;

/** What the log alone says is not known of a host without a shell, and a question for it is answered with nothing. */
const withoutShell =
  "VMkernel log: it takes a shell, which the vSphere API does not give. So what iSER says in it is not known, nor whether the host uses the RoCE versions that were set (RoceParams: confirmed is false). On the host: `grep -i iser /var/log/vmkernel.log`; or name the host without --transport while its SSH is on";

/** Tries the paths out. Changes nothing on the host. */
export async function probe(ask: Ask, view: HostView, hasShell: boolean): Promise<Probes> {
  const untried: string[] = hasShell ? [] : [withoutShell];
  const attempt = async <T>(what: string, work: Promise<T>): Promise<T | undefined> =>
    work.catch((error: unknown) => {
      if (!(error instanceof IserError)) throw error;
      untried.push(`${what}: ${error.details.problem}`);
      return undefined;
    });
  const statuses = view.adapters.map(async ({ vmhba, name }) => {
    const status = await attempt(`discovery status of ${name}`, ask(discoveryStatus(vmhba)));
    return status === undefined ? [] : [[vmhba, status] as const];
  });
  const pings = view.adapters.flatMap((adapter) =>
    waysOf(adapter, view).map((way) =>
      attempt(`ping from ${way.vmkernelAdapter} to ${way.address}`, pingAlong(ask, way)),
    ),
  );
  const log = hasShell ? attempt("VMkernel log", Promise.all([ask(iserLog), ask(time)])) : undefined;
  const [discovery, tried, said] = await Promise.all([Promise.all(statuses), Promise.all(pings), log]);
  return {
    pings: tried.flatMap((probes) => probes ?? []),
    discovery: Object.fromEntries(discovery.flat()),
    log: said && ofLastDay(...said),
    untried,
  };
}

interface Way {
  readonly vmkernelAdapter: string;
  readonly address: string;
  readonly mtu: number;
  readonly netstack: string;
}

/** From each bound VMkernel adapter to each portal of the adapter, where both speak the same IP version. */
function waysOf({ bindings, targets, discoveryAddresses }: AdapterView, { interfaces, addresses }: HostView): Way[] {
  const portals = [...new Set([...targets.map(({ address }) => address), ...discoveryAddresses.map(hostPart)])];
  return bindings.flatMap(({ vmknic }) => {
    const vmk = interfaces.find(({ name }) => name === vmknic);
    if (vmk === undefined) return [];
    const hasV4 = addresses.some(
      ({ interfaceName, address }) => interfaceName === vmknic && address !== "0.0.0.0" && address !== "",
    );
    return portals
      .filter((address) => address.includes(":") || hasV4)
      .map((address) => ({ vmkernelAdapter: vmknic, address, mtu: vmk.mtu, netstack: vmk.netstack }));
  });
}

/** `192.168.50.100:3260`, `[fd00::11]:3260` */
function hostPart(portal: string): string {
  return withoutBrackets(portal.replace(/:\d+$/, ""));
}

/** With the whole MTU, and, where that does not come through, with packets that every network carries. */
async function pingAlong(ask: Ask, { mtu, ...way }: Way): Promise<readonly PingProbe[]> {
  const whole = await pingOnce(ask, way, mtu);
  return whole.isThrough || mtu <= plainMtu ? [whole] : [whole, await pingOnce(ask, way, plainMtu)];
}

async function pingOnce(
  ask: Ask,
  { vmkernelAdapter, address, netstack }: Omit<Way, "mtu">,
  packet: number,
): Promise<PingProbe> {
  const question = ping({ vmkernelAdapter, address, packet, netstack });
  const of = { vmkernelAdapter, address, packet };
  try {
    const { transmitted, received } = await ask(question);
    return { ...of, isThrough: received > 0, said: `${received} of ${transmitted} came back` };
  } catch (error) {
    // A packet that is too long for the VMkernel adapter, or that is not answered, is a failure of the command on some builds.
    if (!(error instanceof IserError) || error.code !== "COMMAND_FAILED") throw error;
    return { ...of, isThrough: false, said: error.details.said ?? error.details.problem };
  }
}

const day = 24 * 60 * 60 * 1000;

/** A line whose time cannot be read counts. */
function ofLastDay(lines: readonly string[], now: Date): readonly string[] {
  return lines.filter((line) => {
    const at = Date.parse(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/.exec(line)?.[0] ?? "");
    return Number.isNaN(at) || now.getTime() - at <= day;
  });
}
