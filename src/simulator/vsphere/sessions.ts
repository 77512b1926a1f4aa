import { randomBytes } from "node:crypto";
import type { ManagedObject } from "./inventory.js";
import { textElement } from "./xml.js";

/** Where a request comes from. */
export interface Client {
  readonly address: string;
  readonly agent: string;
}

/** A login that lasts until its logout, or until it expires. */
export interface Session {
  readonly key: string;
  readonly user: string;
  readonly client: Client;
  readonly since: Date;
  /** How often it has called. */
  calls: number;
  /** What a client has the server keep for it: views, by their ids. */
  readonly views: Map<string, ManagedObject>;
  /** What is left of answers that were too long, by their tokens. */
  readonly pages: Map<string, readonly string[]>;
}

const cookieName = "vmware_soap_session";

/** The sessions of one endpoint. They know each other by a cookie only. */
export class Sessions {
  private readonly open = new Map<string, Session>();

  get count(): number {
    return this.open.size;
  }

  begin(user: string, client: Client): { session: Session; cookie: string } {
    const value = `"${randomBytes(20).toString("hex")}"`;
    const key = randomBytes(16)
      .toString("hex")
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    const session: Session = { key, user, client, since: new Date(), calls: 0, views: new Map(), pages: new Map() };
    this.open.set(value, session);
    return { session, cookie: `${cookieName}=${value}; Path=/; HttpOnly; Secure;` };
  }

  /** The session of a request's Cookie header, verbatim. */
  of(header: string | undefined): Session | undefined {
    const pair = header
      ?.split(";")
      .map((one) => one.trim())
      .find((one) => one.startsWith(`${cookieName}=`));
    return pair === undefined ? undefined : this.open.get(pair.slice(cookieName.length + 1));
  }

  end(session: Session): void {
    for (const [value, one] of this.open) if (one === session) this.open.delete(value);
  }

  endAll(): void {
    this.open.clear();
  }
}

/** The properties of a UserSession. */
export function sessionXml({ key, user, client, since, calls }: Session): string {
  const at = since.toISOString();
  const texts = {
    key,
    userName: user,
    fullName: user,
    loginTime: at,
    lastActiveTime: at,
    locale: "en",
    messageLocale: "en",
    extensionSession: "false",
    ipAddress: client.address,
    userAgent: client.agent,
    callCount: String(calls),
  };
  return Object.entries(texts)
    .map(([name, text]) => textElement(name, text))
    .join("");
}
