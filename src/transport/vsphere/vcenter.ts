import { isIP } from "node:net";
import { IserError } from "../../errors.js";
import type { Connection } from "../connection.js";
import { failure } from "../redact.js";
import type { Outcome } from "../session.js";
import type { VsphereTarget } from "../vsphereTarget.js";
import type { VsphereSession } from "./session.js";
import { ask, type Content, type Deadline } from "./setup.js";
import { child, element, type Reference, reference, referenceIn } from "./soap.js";

/** A host of a vCenter's inventory, by the name that it has there. */
interface Listed {
  readonly name: string;
  readonly reference: Reference;
}

/** One login to a vCenter, for all its hosts. */
export class Vcenter implements Connection {
  readonly host: string;
  readonly hasShell = false;
  private listing: Promise<readonly Listed[]> | undefined;

  constructor(
    readonly session: VsphereSession,
    private readonly content: Content,
  ) {
    this.host = session.target.host;
  }

  get open(): boolean {
    return this.session.open;
  }

  onClose(listener: () => void): void {
    this.session.onClose(listener);
  }

  close(): Promise<void> {
    return this.session.close();
  }

  execute(): Promise<Outcome> {
    const problem = "A vCenter runs no esxcli: its hosts do.";
    return Promise.reject(failure("INPUT_INVALID", { host: this.host, problem, cure: "Name a host." }));
  }

  /** The host of a name in the inventory, a DNS name, an address or a managed object id (`host-42`). Upper and lower case do not matter. */
  async find({ host }: VsphereTarget, deadline: Deadline): Promise<Reference> {
    const wanted = host.toLowerCase();
    const named = (listed: readonly Listed[]) => {
      const found = listed.filter(({ name }) => name.toLowerCase() === wanted);
      const byName =
        found.length > 0 ? found : listed.filter(({ reference: { value } }) => value.toLowerCase() === wanted);
      if (byName.length > 1) throw this.ambiguous(host, byName);
      return byName[0]?.reference;
    };
    const known = this.listing;
    const found = known && named(await known);
    if (found !== undefined) return found;
    // What others have been answered may be older than the host.
    const listed = await this.list(deadline);
    const now = named(listed);
    if (now !== undefined) return now;
    let unsearched = "";
    try {
      const searched = await this.search(host, deadline);
      if (searched !== undefined) return searched;
    } catch (error) {
      // The name is wrong most likely, which is said first.
      if (!(error instanceof IserError)) throw error;
      unsearched = ` It could not be searched by address: ${error.details.problem}`;
    }
    const names = listed.map(({ name, reference: { value } }) => `${name} (${value})`).sort();
    const shown = names.length > 20 ? [...names.slice(0, 20), `and ${names.length - 20} more`] : names;
    throw failure("HOST_UNREACHABLE", {
      host,
      problem: `The vCenter ${this.host} shows the user ${this.session.target.user.value} no such host. It shows: ${shown.join(", ") || "none"}.${unsearched}`,
      cure: "Declare the host by the name that it has in the vCenter, its DNS name, its address or its managed object id.",
    });
  }

  private ambiguous(host: string, found: readonly Listed[]) {
    return failure("HOST_UNREACHABLE", {
      host,
      problem: `The vCenter ${this.host} has more than one such host: ${found.map((one) => one.reference.value).join(", ")}.`,
      cure: "Declare the host by its managed object id.",
    });
  }

  private async search(host: string, deadline: Deadline): Promise<Reference | undefined> {
    const [method, name] = isIP(host) === 0 ? ["FindByDnsName", "dnsName"] : ["FindByIp", "ip"];
    const parameters = [element(name, host), element("vmSearch", false)].join("");
    const index = this.content.named("searchIndex");
    return referenceIn((await ask(this.session, deadline, method, index, parameters))[0]);
  }

  private list(deadline: Deadline): Promise<readonly Listed[]> {
    const listing = this.hosts(deadline);
    this.listing = listing;
    listing.catch(() => {
      if (this.listing === listing) this.listing = undefined;
    });
    return listing;
  }

  private async hosts(deadline: Deadline): Promise<readonly Listed[]> {
    const call = (method: string, on: Reference, parameters: string) =>
      ask(this.session, deadline, method, on, parameters);
    const ofHosts = [
      reference("container", this.content.named("rootFolder")),
      element("type", "HostSystem"),
      element("recursive", true),
    ];
    const view = referenceIn(
      (await call("CreateContainerView", this.content.named("viewManager"), ofHosts.join("")))[0],
    );
    if (view === undefined) return [];
    const properties = [element("type", "HostSystem"), element("all", false), element("pathSet", "name")].join("");
    const way = [element("type", "ContainerView"), element("path", "view"), element("skip", false)].join("");
    const from = [
      reference("obj", view),
      element("skip", true),
      `<selectSet xsi:type="TraversalSpec">${way}</selectSet>`,
    ].join("");
    const filter = `<specSet><propSet>${properties}</propSet><objectSet>${from}</objectSet></specSet><options/>`;
    const collector = this.content.named("propertyCollector");
    const listed: Listed[] = [];
    try {
      for (let method = "RetrievePropertiesEx", parameters = filter; ; ) {
        const [page] = await call(method, collector, parameters);
        listed.push(...(page?.children ?? []).flatMap(hostIn));
        const token = child(page, "token")?.text;
        if (token === undefined) return listed;
        method = "ContinueRetrievePropertiesEx";
        parameters = element("token", token);
      }
    } finally {
      // It goes with the session at the latest.
      if (this.open) await call("DestroyView", view, "").catch(() => undefined);
    }
  }
}

function hostIn(object: Parameters<typeof child>[0]): Listed[] {
  const found = referenceIn(child(object, "obj"));
  const property = child(object, "propSet");
  const name = child(property, "name")?.text === "name" ? child(property, "val")?.text : undefined;
  return found === undefined || name === undefined ? [] : [{ name, reference: found }];
}
