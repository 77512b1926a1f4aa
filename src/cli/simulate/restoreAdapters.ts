import { canonicalAddress, portal } from "../../resources/fields.js";
import type { HostState, StorageOptions } from "../../simulator/index.js";
import { type MadeUpSecrets, madeUp } from "./secrets.js";
import type { View } from "./view.js";

type Adapter = HostState["iscsiAdapters"][number];
type AdapterView = View["adapters"][number];
type TargetView = AdapterView["targets"][number];
type SessionView = AdapterView["sessions"][number];
type Settings = Pick<AdapterView, "chap" | "parameters">;
type StorageTarget = StorageOptions["targets"][number];

interface Portal {
  readonly address: string;
  readonly port: number;
}

/** The iSER adapters of a view, and the storage that they reach. */
export class RestoredAdapters {
  readonly notes: string[] = [];
  /** The host does not say of any adapter whose it is. */
  readonly noneHasDevice: boolean;
  private readonly devices: ReadonlyMap<AdapterView, string>;

  constructor(
    private readonly view: View,
    private readonly secrets: MadeUpSecrets,
  ) {
    const { adapters } = view;
    this.noneHasDevice = adapters.length > 0 && adapters.every(({ device }) => device === undefined);
    this.devices = this.devicesOf();
    for (const adapter of adapters)
      if (this.devices.get(adapter) === undefined)
        this.notes.push(`${adapter.vmhba} belongs to no RDMA device: the document does not say whose it is`);
    if (
      adapters.some(({ sessions }) =>
        sessions.some((one) => one.connections.some(({ state }) => state !== "logged_in")),
      )
    )
      this.notes.push("every connection is shown as logged_in: no other state is simulated");
  }

  /** Where no adapter is told whose it is, the devices are handed out in turn: the host does not tell it either. */
  private devicesOf(): ReadonlyMap<AdapterView, string> {
    const { adapters, devices } = this.view;
    const free = devices.filter(({ pairedUplink }) => pairedUplink !== "").map(({ name }) => name);
    return new Map(
      adapters.flatMap((adapter, at) => {
        const name = adapter.device?.name ?? (this.noneHasDevice ? free[at] : undefined);
        return name === undefined ? [] : [[adapter, name] as const];
      }),
    );
  }

  /** What the adapters have found. What else the storage has is in no view. */
  storage(): readonly StorageOptions[] {
    const systems = new Map<string, Portal & { readonly targets: Map<string, StorageTarget> }>();
    for (const adapter of this.view.adapters) {
      for (const target of adapter.targets) {
        const hasSession = sessionsOf(adapter, target).length > 0;
        if (!hasSession && isUnreachable(target)) continue;
        const key = portalText(target);
        const system = systems.get(key) ?? { address: target.address, port: target.port, targets: new Map() };
        systems.set(key, system);
        if (!hasSession && isMissing(target)) continue;
        const earlier = system.targets.get(target.targetName);
        // An adapter that is logged in knows best what the target wants.
        if (earlier === undefined || hasSession)
          system.targets.set(target.targetName, this.storageTarget(adapter, target));
      }
    }
    return [...systems.values()].map(({ targets, ...at }) => ({ ...at, targets: [...targets.values()] }));
  }

  private storageTarget(adapter: AdapterView, target: TargetView): StorageTarget {
    const { uni, mutual } = effective(adapter, target);
    const sessions = sessionsOf(adapter, target);
    const says = (method: string) =>
      sessions.some(({ authenticationMethod }) => authenticationMethod.toLowerCase().includes(method));
    const luns = this.lunsOf(target.targetName);
    const credentials = (name: string) => ({ name, secret: this.secrets.of(name) });
    const wantsChap = says("chap") || (sessions.length === 0 && !isRefused(target) && uni?.level === "required");
    return {
      name: target.targetName,
      ...(wantsChap
        ? {
            chap: {
              ...credentials(uni?.name ?? ""),
              ...(says("mutual") || (sessions.length === 0 && mutual?.level === "required")
                ? { mutual: credentials(mutual?.name ?? "") }
                : {}),
            },
          }
        : isRefused(target)
          ? { chap: { name: uni?.name || "another", secret: madeUp() } }
          : {}),
      ...(luns.length > 0 || sessions.length > 0 ? { luns } : {}),
    };
  }

  private lunsOf(targetName: string): NonNullable<StorageTarget["luns"]> {
    return this.view.storage
      .flatMap(({ name, displayName, sizeMb, paths }) => {
        const path = paths.find((one) => one.targetName === targetName);
        const shown = displayName === undefined ? {} : { displayName };
        return path === undefined ? [] : [{ device: name, sizeMb, lun: path.lun, ...shown }];
      })
      .sort((a, b) => a.lun - b.lun);
  }

  adapters(state: HostState): Adapter[] {
    return this.view.adapters.map((view) => {
      const sendTargets = view.discoveryAddresses.map((text) => {
        const at = portalOf(text);
        return { ...at, ...this.own(scopeOf(view, "sendtarget", at)) };
      });
      const targets = this.targets(view);
      return {
        vmhba: view.vmhba,
        driver: "iser" as const,
        device: this.devices.get(view) ?? "",
        iqn: view.iqn,
        alias: view.alias,
        ...this.adapterSettings(view),
        roce: 0,
        bindings: view.bindings
          .map(({ vmknic }) => vmknic)
          .filter((name) => state.interfaces.some((vmk) => vmk.name === name)),
        sendTargets,
        targets,
        sessions: sessionsIn(view, targets, state),
        discoveryStatus: "Discovery Completed",
        readsUntilListed: 0,
        deleted: false,
      };
    });
  }

  private targets(view: AdapterView): Adapter["targets"] {
    const isStatic = (target: Portal & { targetName: string }) =>
      view.staticTargets.some(
        ({ name, address }) => name === target.targetName && portalText(portalOf(address)) === portalText(target),
      );
    const unseen = view.staticTargets
      .map(({ name, address }) => ({ targetName: name, ...portalOf(address), lastError: "No Error" }))
      .filter(
        (one) =>
          !view.targets.some((seen) => seen.targetName === one.targetName && portalText(seen) === portalText(one)),
      );
    const sources = view.discoveryAddresses.map((text) => portalText(portalOf(text)));
    return [...inOrder(view.targets, this.view), ...unseen].map((target) => {
      const { targetName: name, address, port, lastError } = target;
      const own = sources.find((source) => source === portalText(target)) ?? sources[0];
      const method = isStatic(target) ? ("STATIC" as const) : ("SENDTARGETS" as const);
      return {
        name,
        address,
        port,
        method,
        sources: method === "STATIC" || own === undefined ? [] : [own],
        lastError,
        readsUntilListed: 0,
        ...this.own(scopeOf(view, "target", target, name)),
      };
    });
  }

  private adapterSettings({ chap, parameters }: Settings): Pick<Adapter, "chap" | "params"> {
    return {
      chap: Object.fromEntries(
        directionsOf(chap).flatMap(([direction, { level, name }]) =>
          level === "prohibited" && name === "" ? [] : [[direction, { level, name, secret: this.secretOf(name) }]],
        ),
      ),
      params: Object.fromEntries(
        parameters.filter((one) => one.current !== one.default).map(({ name, current }) => [name, current]),
      ),
    };
  }

  /** What is set at a scope and not inherited. */
  private own(settings: Settings | undefined): Pick<Adapter, "chap" | "params"> {
    const { chap = {}, parameters = [] } = settings ?? {};
    return {
      chap: Object.fromEntries(
        directionsOf(chap).flatMap(([direction, { level, name, inherits }]) =>
          inherits ? [] : [[direction, { level, name, secret: this.secretOf(name) }]],
        ),
      ),
      params: Object.fromEntries(
        parameters.filter(({ inherits }) => !inherits).map(({ name, current }) => [name, current]),
      ),
    };
  }

  private secretOf(name: string): string {
    return name === "" ? "" : this.secrets.of(name);
  }
}

function directionsOf(chap: Settings["chap"]) {
  return (["uni", "mutual"] as const).flatMap((direction) => {
    const state = chap[direction];
    return state === undefined ? [] : [[direction, state] as const];
  });
}

/** By the numbers that the paths show, `vmhba64:C0:T1:L0`; targets without a path at the end. */
function inOrder(targets: readonly TargetView[], { storage }: View): readonly TargetView[] {
  const numberOf = ({ targetName }: TargetView) => {
    const path = storage.flatMap(({ paths }) => paths).find((one) => one.targetName === targetName);
    return Number(/:T(\d+):/.exec(path?.runtimeName ?? "")?.[1] ?? Number.MAX_SAFE_INTEGER);
  };
  return [...targets].sort((a, b) => numberOf(a) - numberOf(b));
}

/** The sessions of a target go over the bindings in turn, which no view says. */
function sessionsIn(view: AdapterView, targets: Adapter["targets"], state: HostState): Adapter["sessions"] {
  const counts = new Map<string, number>();
  return view.sessions.flatMap((session) => {
    const address = session.connections[0]?.address;
    const target = targets.find(({ name, address: at }) => name === session.targetName && (address ?? at) === at);
    if (target === undefined) return [];
    const key = `${target.name} ${portalText(target)}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const vmk = view.bindings[count % Math.max(1, view.bindings.length)]?.vmknic ?? "";
    const tsih = Number.parseInt(session.isid.slice(6), 16);
    return [
      {
        target: target.name,
        address: target.address,
        port: target.port,
        isid: session.isid,
        tsih: Number.isNaN(tsih) ? count + 1 : tsih,
        vmk,
        localAddress: state.interfaces.find(({ name }) => name === vmk)?.ipv4.address ?? "",
        authentication: authenticationOf(session),
        params: { ...target.params },
        createdAt: state.clock,
      },
    ];
  });
}

function authenticationOf({ authenticationMethod }: SessionView): "none" | "chap" | "mutual chap" {
  const method = authenticationMethod.toLowerCase();
  return method.includes("mutual") ? "mutual chap" : method.includes("chap") ? "chap" : "none";
}

function sessionsOf({ sessions }: AdapterView, { targetName, address }: TargetView): readonly SessionView[] {
  return sessions.filter(
    (one) => one.targetName === targetName && (one.connections[0]?.address ?? address) === address,
  );
}

/** CHAP as it counts for a target: its own scope says it, where it is known, or else the adapter. */
function effective(adapter: AdapterView, target: TargetView): AdapterView["chap"] {
  return scopeOf(adapter, "target", target, target.targetName)?.chap ?? adapter.chap;
}

function scopeOf(
  { scopes }: AdapterView,
  kind: "sendtarget" | "target",
  at: Portal,
  targetName = "",
): Settings | undefined {
  return scopes.find(
    ({ level }) =>
      level.kind === kind &&
      portalText(portalOf(level.address)) === portalText(at) &&
      (kind === "sendtarget" || level.name === targetName),
  );
}

// The words are those of `iscsi adapter target list`. [6.7]
const isUnreachable = ({ lastError }: TargetView) => /connection failure/i.test(lastError);
const isMissing = ({ lastError }: TargetView) => /does not exist/i.test(lastError);
const isRefused = ({ lastError }: TargetView) => /authenticat/i.test(lastError);

/** `192.168.50.100:3260`, `[fd00::1]:3260`, or without a port. */
function portalOf(text: string): Portal {
  const [, v6, name = "", port = "3260"] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [undefined, text];
  const address = v6 ?? name;
  return { address: canonicalAddress(address) ?? address, port: Number(port) };
}

function portalText({ address, port }: Portal): string {
  return portal(canonicalAddress(address) ?? address, port);
}
