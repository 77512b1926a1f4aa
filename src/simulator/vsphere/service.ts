import { drive } from "../drive.js";
import type { Passwords } from "../passwords.js";
import type { Process } from "../process.js";
import type { Inventory, InventoryHost, ManagedObject } from "./inventory.js";
import { isA } from "./inventory.js";
import { type ExecuteSoap, managedCall, type Outcome, outcomeXml } from "./managedMethod.js";
import { collect, propertyXml } from "./propertyCollector.js";
import { findHosts } from "./searchIndex.js";
import { type Client, type Session, Sessions, sessionXml } from "./sessions.js";
import {
  answerXml,
  type Call,
  faultXml,
  invalidRequest,
  type Reference,
  readCall,
  referenceIn,
  referenceXml,
  SoapFault,
  textIn,
} from "./soap.js";
import { child, childrenNamed, element, textElement, type XmlElement } from "./xml.js";

/** How often things happened at an endpoint of the vSphere API. */
export interface VsphereCounters {
  /** TCP connections that were opened. */
  connections: number;
  /** Logins that were accepted. */
  logins: number;
  /** Logins that were refused. */
  failedLogins: number;
  /** Sessions that were ended by their client. */
  logouts: number;
  /** HTTP requests. */
  requests: number;
}

/** What an HTTP request is answered with. */
export interface Answer {
  readonly status: 200 | 500;
  readonly xml: string;
  readonly cookie?: string;
}

interface Surroundings {
  readonly client: Client;
  drop(): void;
  readonly signal: AbortSignal;
}

interface Request extends Call {
  readonly session: Session | undefined;
  readonly around: Surroundings;
}

/** XML of what is answered, with or without a cookie; undefined if the connection was cut meanwhile. */
type Done = string | { readonly inner: string; readonly cookie: string } | undefined;
type Method = (request: Request) => Done | Promise<Done>;
type LoggedIn = Request & { readonly session: Session };

const serviceInstance = { type: "ServiceInstance", value: "ServiceInstance" };
const executerType = "ReflectManagedMethodExecuter";

export interface ServiceOptions {
  readonly callMs: number;
  /** Whether the account may call managed methods. */
  readonly mayExecute: boolean;
}

/** The methods of the vSphere API, as far as it takes to find a host and to run its esxcli. */
export class Service {
  readonly sessions = new Sessions();
  private readonly methods: Readonly<Record<string, Readonly<Record<string, Method>>>>;

  constructor(
    readonly inventory: Inventory,
    readonly passwords: Passwords,
    readonly counters: VsphereCounters,
    private readonly options: ServiceOptions,
  ) {
    const safe = (method: (request: LoggedIn) => Done | Promise<Done>): Method => {
      return (request) => {
        const { session, self } = request;
        if (session === undefined) throw notAuthenticated(self);
        return method({ ...request, session });
      };
    };
    this.methods = {
      ServiceInstance: {
        RetrieveServiceContent: () => this.content(),
        CurrentTime: safe(() => textElement("returnval", new Date().toISOString())),
      },
      SessionManager: {
        Login: (request) => this.login(request),
        Logout: safe(({ session }) => this.logout(session)),
        SessionIsActive: safe(({ session, arguments: given }) =>
          textElement("returnval", String(textIn(given, "sessionID") === session.key)),
        ),
      },
      PropertyCollector: {
        RetrieveProperties: safe((request) => this.retrieve(request).map(returned).join("")),
        RetrievePropertiesEx: safe((request) => this.retrieveEx(request)),
        ContinueRetrievePropertiesEx: safe(({ session, arguments: given }) => this.nextPage(session, given)),
        CancelRetrievePropertiesEx: safe(({ session, arguments: given }) => {
          session.pages.delete(textIn(given, "token"));
          return "";
        }),
      },
      SearchIndex: Object.fromEntries(
        ["FindByDnsName", "FindByIp", "FindByUuid", "FindAllByDnsName", "FindAllByIp", "FindAllByUuid"].map((name) => [
          name,
          safe(({ arguments: given }) => {
            const found = findHosts(this.inventory, name, given);
            return (name.startsWith("FindAll") ? found : found.slice(0, 1))
              .map((one) => referenceXml("returnval", one))
              .join("");
          }),
        ]),
      ),
      ViewManager: { CreateContainerView: safe((request) => this.createView(request)) },
      ContainerView: {
        DestroyView: safe(({ session, self }) => {
          session.views.delete(self.value);
          return "";
        }),
      },
      HostSystem: {
        RetrieveManagedMethodExecuter: safe(({ self }) => this.perHost(self, executerType)),
        RetrieveDynamicTypeManager: safe(({ self }) => this.perHost(self, "InternalDynamicTypeManager")),
      },
      [executerType]: { ExecuteSoap: safe((request) => this.execute(request)) },
    };
  }

  /** The answer to the body of a request; undefined if the connection was cut meanwhile. */
  async answer(body: string, cookies: string | undefined, around: Surroundings): Promise<Answer | undefined> {
    try {
      const call = readCall(body);
      const session = this.sessions.of(cookies);
      if (session !== undefined) session.calls += 1;
      const done = await this.method(call, session)({ ...call, session, around });
      if (done === undefined) return undefined;
      const { inner, ...rest } = typeof done === "string" ? { inner: done } : done;
      return { status: 200, xml: answerXml(call.method, inner), ...rest };
    } catch (error) {
      if (error instanceof SoapFault) return { status: 500, xml: faultXml(error) };
      throw error;
    }
  }

  private method({ method: name, self }: Call, session: Session | undefined): Method {
    const isKnown = Object.values(this.methods).some((methods) => Object.hasOwn(methods, name));
    if (!isKnown && name !== "Fetch") throw invalidRequest(`Unable to resolve WSDL method name ${name}`);
    // Whoever is not logged in does not learn what is there.
    if (session === undefined && name !== "RetrieveServiceContent" && name !== "Login") throw notAuthenticated(self);
    const { type } = this.object(self, session);
    if (name === "Fetch") return (request) => this.fetch(request);
    const found = this.methods[type]?.[name];
    if (found === undefined) {
      const properties = referenceXml("receiver", self) + textElement("method", name);
      throw new SoapFault("MethodNotFound", `The method '${name}' is not known of ${type}`, properties);
    }
    return found;
  }

  /** The object that a reference names, or `ManagedObjectNotFound`. */
  private object(reference: Reference, session: Session | undefined): Reference {
    const { content, objects, hosts } = this.inventory;
    const known = [
      serviceInstance,
      ...Object.values(content),
      ...[...objects.values()].map(({ self }) => self),
      ...[...(session?.views.values() ?? [])].map(({ self }) => self),
      ...hosts.map(({ self }) => executerOf(self, executerType)),
    ].find(({ type, value }) => type === reference.type && value === reference.value);
    if (known === undefined) throw managedObjectNotFound(reference);
    return known;
  }

  private content(): string {
    const { about, content } = this.inventory;
    const singletons = Object.entries(content).map(([name, reference]) => referenceXml(name, reference));
    const texts = Object.entries(about).map(([name, text]) => textElement(name, text));
    return element("returnval", singletons.join("") + element("about", texts.join("")));
  }

  private login({ arguments: given, session, around }: Request): Done {
    const [user, password] = [textIn(given, "userName"), textIn(given, "password")];
    // Also of a session that is logged in already.
    if (session !== undefined || !this.passwords.accepts(user, password)) {
      this.counters.failedLogins += 1;
      throw new SoapFault("InvalidLogin", "Cannot complete login due to an incorrect user name or password.");
    }
    this.counters.logins += 1;
    const { session: begun, cookie } = this.sessions.begin(user, around.client);
    return { inner: element("returnval", sessionXml(begun)), cookie };
  }

  private logout(session: Session): string {
    this.counters.logouts += 1;
    this.sessions.end(session);
    return "";
  }

  /** What the property collector finds: the inventory, the views of the session, and the session itself. */
  private managed(reference: Reference, { views }: Session): ManagedObject {
    const found = this.inventory.objects.get(reference.value) ?? views.get(reference.value);
    if (found === undefined || found.self.type !== reference.type) throw managedObjectNotFound(reference);
    return found;
  }

  private retrieve({ arguments: given, session }: LoggedIn): readonly string[] {
    return collect(childrenNamed(given, "specSet"), (reference) => this.managed(reference, session));
  }

  private retrieveEx(request: LoggedIn): string {
    const options = child(request.arguments, "options");
    const most = Number((options && child(options, "maxObjects")?.text) ?? Number.POSITIVE_INFINITY);
    return page(request.session, this.retrieve(request), most);
  }

  private nextPage(session: Session, given: XmlElement): string {
    const token = textIn(given, "token");
    const left = session.pages.get(token);
    if (left === undefined) throw invalidRequest("The token is not known");
    session.pages.delete(token);
    return page(session, left, left.length);
  }

  /** One property of one object: how pyvmomi reads. */
  private fetch({ self, arguments: given, session }: Request): string {
    if (session === undefined) throw notAuthenticated(self);
    const name = textIn(given, "prop");
    if (self.type === "SessionManager" && name === "currentSession")
      return element("returnval", sessionXml(session), 'xsi:type="UserSession"');
    const { properties } = this.managed(self, session);
    if (!Object.hasOwn(properties, name))
      throw new SoapFault("InvalidProperty", `The property "${name}" is not known`, textElement("name", name));
    const value = properties[name];
    return value === undefined ? "" : propertyXml("returnval", value);
  }

  private createView({ arguments: given, session }: LoggedIn): string {
    const container = this.managed(referenceIn(given, "container"), session);
    const types = childrenNamed(given, "type").map(({ text }) => text);
    const isRecursive = /^(true|1)$/.test(textIn(given, "recursive"));
    const view = [...this.inventory.objects.values()]
      .filter(({ self }) => types.length === 0 || types.some((type) => isA(self.type, type)))
      .filter((one) => this.isBelow(one, container, isRecursive))
      .map(({ self }) => self);
    const self = { type: "ContainerView", value: `session[${session.key}]view-${session.views.size + 1}` };
    session.views.set(self.value, { self, properties: { view, container: container.self, type: types } });
    return referenceXml("returnval", self);
  }

  private isBelow(object: ManagedObject, container: ManagedObject, isRecursive: boolean): boolean {
    const { parent } = object.properties;
    if (typeof parent !== "object" || !("value" in parent)) return false;
    if (parent.value === container.self.value) return true;
    const above = this.inventory.objects.get(parent.value);
    return isRecursive && above !== undefined && this.isBelow(above, container, isRecursive);
  }

  private perHost(self: Reference, type: string): string {
    this.permitted(self);
    return referenceXml("returnval", executerOf(self, type));
  }

  private permitted(self: Reference): void {
    if (this.options.mayExecute) return;
    // Which privilege a real host wants is not known.
    const properties = referenceXml("object", self) + textElement("privilegeId", "Host.Config.Settings");
    throw new SoapFault("NoPermission", "Permission to perform this operation was denied.", properties);
  }

  private async execute({ self, arguments: given, around }: LoggedIn): Promise<Done> {
    this.permitted(self);
    const entry = this.inventory.hosts.find((one) => executerOf(one.self, executerType).value === self.value);
    if (entry === undefined) throw managedObjectNotFound(self);
    const call = {
      moid: textIn(given, "moid"),
      version: textIn(given, "version"),
      method: textIn(given, "method"),
      arguments: childrenNamed(given, "argument").map((one) => ({
        name: textIn(one, "name"),
        val: textIn(one, "val"),
      })),
    };
    const outcome = await this.run(entry, call, around);
    return outcome && outcomeXml(outcome);
  }

  private async run({ host }: InventoryHost, call: ExecuteSoap, around: Surroundings): Promise<Outcome | undefined> {
    const { callMs } = this.options;
    function* priced(): Process<Outcome> {
      if (callMs > 0) yield { kind: "delay", milliseconds: callMs };
      return yield* host.serve(managedCall(host.state, call));
    }
    host.begin();
    try {
      const nothing = async () => "";
      return await drive(priced(), { ...around, line: nothing, rest: nothing });
    } finally {
      host.end();
    }
  }
}

/** What belongs to a host has its id. */
function executerOf({ value }: Reference, type: string): Reference {
  return { type, value: `${type === executerType ? "method-executer" : "dynamic-type-manager"}-${value}` };
}

function returned(content: string): string {
  return element("returnval", content);
}

/** As many objects as are wanted at once, and a token for the others. Nothing at all is no result. */
function page(session: Session, contents: readonly string[], most: number): string {
  if (contents.length === 0) return "";
  const size = most > 0 ? most : contents.length;
  const [now, later] = [contents.slice(0, size), contents.slice(size)];
  const token = String(session.pages.size);
  if (later.length > 0) session.pages.set(token, later);
  const objects = now.map((content) => element("objects", content)).join("");
  return element("returnval", (later.length > 0 ? textElement("token", token) : "") + objects);
}

function notAuthenticated(self: Reference): SoapFault {
  const properties = referenceXml("object", self) + textElement("privilegeId", "System.View");
  return new SoapFault("NotAuthenticated", "The session is not authenticated.", properties);
}

function managedObjectNotFound(reference: Reference): SoapFault {
  const message = `The object 'vim.${reference.type}:${reference.value}' has already been deleted or has not been completely created`;
  return new SoapFault("ManagedObjectNotFound", message, referenceXml("obj", reference));
}
