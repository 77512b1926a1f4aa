import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type HostOptions, SimulatedHost } from "../../../src/simulator/index.js";
import { type ConnectionSettings, resolveTarget, type SshTarget } from "../../../src/transport/credentials.js";
import { onAbandon } from "../../../tools/engine/process.js";
import { HostLab } from "../lab.js";
import { keys } from "../sshServer.js";
import { EsxcliBridge } from "./bridge.js";
import { tellCounts } from "./counts.js";
import { find } from "./requirements.js";
import { Sshd, type SshdOptions } from "./sshd.js";
import { addUser, isAlive, type TestUser } from "./user.js";

/** Not in /tmp: whoever may write to a folder above a user's keys could change them, and StrictModes refuses such keys. */
const above = "/var/lib";
const prefix = "esxi-iser-test-";

/** A simulated host behind real OpenSSH servers: a real user whose shell is BusyBox ash, as ESXi's is, and on whose PATH is an esxcli. */
export class Place {
  private readonly servers: Sshd[] = [];

  private constructor(
    readonly folder: string,
    readonly host: SimulatedHost,
    readonly user: TestUser,
    readonly bridge: EsxcliBridge,
    private readonly forget: () => void,
  ) {}

  static async start(options: HostOptions = {}): Promise<Place> {
    tellCounts();
    removeLeftFolders();
    const folder = mkdtempSync(join(above, `${prefix}${process.pid}-`));
    const forget = onAbandon(() => remove(folder));
    for (const name of ["bin", "home"]) mkdirSync(join(folder, name));
    chmodSync(folder, 0o755);
    // Nothing else is on its PATH. The log that is searched is this machine's, which has none: what ESXi would log is not shown here.
    for (const name of ["ash", "grep", "tail"]) symlinkSync(find("busybox") ?? "busybox", join(folder, "bin", name));
    const user = addUser(join(folder, "home"), join(folder, "bin", "ash"));
    const host = new SimulatedHost({ model: "8.0", ...options });
    const bridge = await EsxcliBridge.start(host, join(folder, "bin"), user);
    return new Place(folder, host, user, bridge, forget);
  }

  /** A server with the settings of ESXi 8.0.2. An RSA and an ECDSA key log in, as the user or as root; the password only as the user. */
  async sshd(options: Partial<SshdOptions> = {}): Promise<Sshd> {
    const known = [keys.rsa.public, keys.ecdsa.public];
    const { folder, user } = this;
    const authorized = { [user.name]: known, root: known };
    const sshd = await Sshd.start({ folder, path: join(folder, "bin"), authorized, ...options });
    this.servers.push(sshd);
    this.bridge.onDrop = () => sshd.cutConnections();
    return sshd;
  }

  /** How a resource declares the host: by default with the password and the fingerprint of its ECDSA key. */
  settings(sshd: Sshd, own: Partial<ConnectionSettings> = {}): ConnectionSettings {
    const { address: host, port, hostKeys } = sshd;
    const { name: user, password } = this.user;
    const secret = "privateKey" in own || "agentSocketPath" in own || "password" in own ? {} : { password };
    return { host, port, user, ...secret, hostKey: hostKeys.ecdsa.fingerprint, dialErrorLimit: 0, ...own };
  }

  /** The same from settings alone: nothing of this machine's environment. */
  target(sshd: Sshd, own: Partial<ConnectionSettings> = {}, env: Record<string, string> = {}): SshTarget {
    return resolveTarget(this.settings(sshd, own), { get: () => undefined }, env);
  }

  /** A provider process that reaches the host through the server. */
  lab(sshd: Sshd, own: Partial<ConnectionSettings> = {}): HostLab {
    return new HostLab(this.host, { ...this.settings(sshd, own) });
  }

  async stop(): Promise<void> {
    await this.bridge.close();
    for (const sshd of this.servers) await sshd.stop();
    this.user.remove();
    this.forget();
    remove(this.folder);
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Folders of processes that were killed. */
function removeLeftFolders(): void {
  for (const name of readdirSync(above)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) remove(join(above, name));
  }
}
