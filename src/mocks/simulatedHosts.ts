import { isIP } from "node:net";
import { hostName, hostPlace } from "../resources/host.js";
import type { Reach } from "../resources/hostWork.js";
import type { Properties } from "../resources/inputs.js";
import { SimulatedHost } from "../simulator/host.js";
import type { HostOptions } from "../simulator/options.js";
import type { StorageTarget } from "../simulator/state.js";
import { render } from "../transport/sshLine.js";

/** Cards without a virtual switch, as IserHost wants them, beside a management network. */
const bare: HostOptions = {
  switches: [{ name: "vSwitch0", uplinks: ["vmnic0"] }],
  portGroups: [{ name: "Management Network", virtualSwitch: "vSwitch0" }],
  vmkernelAdapters: [{ name: "vmk0", portGroup: "Management Network" }],
};

interface Place {
  readonly host: SimulatedHost;
  /** The storage is what the program looks for: it is there at every address that is declared, and takes the declared CHAP. */
  readonly storageFollows: boolean;
  readonly lanes: Map<string, Promise<unknown>>;
  /** What an adapter logs in with. */
  chap: StorageTarget["chap"];
}

/** A simulated host for each that a program names, made when it is first used, in this process and without a network. */
export class SimulatedHosts implements Reach {
  /** What the resources told the user. */
  readonly notices: string[] = [];
  private readonly places = new Map<string, Place>();

  constructor(
    private readonly shared: HostOptions,
    private readonly own: Readonly<Record<string, HostOptions>>,
  ) {}

  at(host: unknown): Place {
    const place = hostPlace(host);
    const name = hostName(host) ?? "";
    const known = this.places.get(place);
    if (known !== undefined) return known;
    const [, own = {}] = Object.entries(this.own).find(([key]) => key.toLowerCase() === name) ?? [];
    const options = {
      ...bare,
      name: isIP(name) === 0 ? name : `esx-${name.replaceAll(/[.:]/g, "-")}`,
      ...this.shared,
      ...own,
    };
    const made: Place = {
      host: new SimulatedHost({ ...options, storage: options.storage ?? [] }),
      storageFollows: options.storage === undefined,
      lanes: new Map(),
      chap: undefined,
    };
    this.places.set(place, made);
    return made;
  }

  use: Reach["use"] = (host, work) => {
    const simulated = this.at(host).host;
    return work({
      host: hostName(host) ?? "",
      open: true,
      hasShell: true,
      execute: async (command) => {
        const { line, stdin } = render(command);
        return simulated.execute(line, stdin);
      },
    });
  };

  inTurn: Reach["inTurn"] = (host, lanes, work) => {
    const turns = this.at(host).lanes;
    const done = Promise.allSettled(lanes.map((lane) => turns.get(lane))).then(work);
    for (const lane of lanes) turns.set(lane, done);
    return done;
  };

  /** What is waited for on a simulated host has happened, or never will. */
  async sleep(): Promise<void> {}

  now(): Date {
    return new Date();
  }

  notice(text: string): void {
    this.notices.push(text);
  }

  /** Where the test says nothing of the storage, it is as the program wants it: before a resource is made. */
  prepareStorage(type: string, inputs: Properties): void {
    const place = this.at(inputs.host);
    if (!place.storageFollows) return;
    if (type === "DiscoveryAddress" || type === "StaticTarget") addTarget(place, inputs as unknown as Portal);
    if (type === "Chap") takeChap(place, inputs as ChapInputs);
  }
}

interface Portal {
  readonly address: string;
  readonly port: number;
  readonly targetName?: string;
}

interface ChapInputs {
  readonly name?: string;
  readonly secret?: string;
  readonly mutual?: NonNullable<StorageTarget["chap"]>["mutual"] | "prohibited";
  readonly discoveryAddress?: Portal;
  readonly target?: Portal;
}

function addTarget({ host, chap }: Place, { address, port, targetName }: Portal): void {
  const { storage } = host.state;
  const name = targetName ?? `iqn.2010-09.lab.storage:${address}`;
  const target = { name, ...(chap === undefined ? {} : { chap }) };
  const found = storage.find((one) => one.address === address && one.port === port);
  if (found === undefined) storage.push({ address, port, mtu: 9000, targets: [target] });
  else if (!found.targets.some((one) => one.name === name)) found.targets.push(target);
}

/** The targets that the credentials are for take these. Those of two adapters are taken to be the same. */
function takeChap(place: Place, { name, secret, mutual, discoveryAddress, target }: ChapInputs): void {
  if (name === undefined || secret === undefined) return;
  const chap = { name, secret, ...(typeof mutual === "object" ? { mutual } : {}) };
  const scope = target ?? discoveryAddress;
  if (scope === undefined) place.chap = chap;
  for (const { address, port, targets } of place.host.state.storage)
    for (const one of targets)
      if (
        scope === undefined ||
        (address === scope.address && port === scope.port && (scope.targetName ?? one.name) === one.name)
      )
        one.chap = chap;
}
