import { setTimeout as pause } from "node:timers/promises";
import { debug, keepSecret } from "../redact.js";
import { Turns } from "../turns.js";
import type { VsphereTarget } from "../vsphereTarget.js";
import { Calls, type Ending, type Poster, poster } from "./https.js";
import { element, envelope, type Reference, type Reply, reply } from "./soap.js";

/** What came of a call. */
export type Answer =
  | Reply
  | Exclude<Ending, { kind: "done" }>
  /** No answer of the vSphere API: something else, or one that is cut. */
  | { readonly kind: "strange"; readonly status: number; readonly problem: string; readonly body: string };

export interface Limit {
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes of the answer. */
  readonly limit: number;
  readonly among?: Calls;
}

/** How long a logout may take, in milliseconds: the host forgets a session by itself some time. */
const logoutTimeout = 3000;

/** Calls at once: what one host is asked, and on a vCenter what some hosts are. A choice of ours: what a vCenter takes is not known. */
const callsAtOnce = 24;

/**
 * One login to a host or a vCenter. It is never renewed: a session that the host has ended is over, as a connection that is lost, for a reboot ends it, too,
 * and nothing that was observed before may be acted on after.
 */
export class VsphereSession {
  private readonly poster: Poster;
  private cookie: string | undefined;
  private sessionManager: Reference | undefined;
  private reason: string | undefined;
  private readonly turns = new Turns(callsAtOnce);
  private readonly calls = new Calls();
  private readonly listeners: (() => void)[] = [];
  private ending: Promise<void> = Promise.resolve();

  constructor(readonly target: VsphereTarget) {
    this.poster = poster(target);
    if (target.session) this.cookie = `vmware_soap_session=${target.session.value}`;
  }

  get open(): boolean {
    return this.reason === undefined;
  }

  /** Why it is over. */
  get end(): string {
    return this.reason ?? "it is open";
  }

  onClose(listener: () => void): void {
    if (this.open) this.listeners.push(listener);
    else listener();
  }

  /** Calls a method. A fault that says that nobody is logged in ends the session. */
  call(method: string, on: Reference, parameters: string, limit: Limit): Promise<Answer> {
    const body = envelope(method, on, parameters);
    return this.turns.take(async () => {
      if (!this.open) return { kind: "notSent", error: new Error(this.end) };
      const among = limit.among ? [this.calls, limit.among] : [this.calls];
      const ending = await this.poster.post({ ...limit, body, cookie: this.cookie, among });
      return ending.kind === "done" ? this.read(method, ending) : ending;
    });
  }

  /** Sends the password, once. */
  async login(sessionManager: Reference, password: string, limit: Limit): Promise<Answer> {
    const { user } = this.target;
    const parameters = [element("userName", user.value), element("password", password), element("locale", "en")];
    const answer = await this.call("Login", sessionManager, parameters.join(""), limit);
    // One that got no answer may be logged in.
    if (answer.kind !== "fault" && this.cookie !== undefined) this.sessionManager = sessionManager;
    return answer;
  }

  /** Ends it at once, calls under way with it. Resolves when the host has been told. */
  close(reason = "it was closed here", isOver = false): Promise<void> {
    if (!this.open) return this.ending;
    this.reason = reason;
    this.calls.end();
    this.ending = this.logout(isOver);
    for (const listener of this.listeners.splice(0)) listener();
    return this.ending;
  }

  private read(method: string, { status, body, cookies }: Extract<Ending, { kind: "done" }>): Answer {
    const [set] = cookies.flatMap((cookie) => /^vmware_soap_session=[^;]*/.exec(cookie) ?? []);
    if (set !== undefined && !this.target.session) {
      this.cookie = set;
      keepSecret(set.replace(/^[^=]*="?|"$/g, ""));
    }
    const strange = (problem: string) => ({ kind: "strange", status, problem, body }) as const;
    // A fault comes with 500. Whatever else is from something in between.
    if (status !== 200 && status !== 500) return strange(`HTTP status ${status}`);
    try {
      const answer = reply(method, body);
      if (answer.kind === "fault" && answer.fault.type === "NotAuthenticated")
        void this.close("the host ended the session", true);
      return answer;
    } catch (error) {
      return strange((error as Error).message);
    }
  }

  private async logout(isOver: boolean): Promise<void> {
    const { cookie, sessionManager } = this;
    if (cookie !== undefined && sessionManager !== undefined && !isOver) {
      const body = envelope("Logout", sessionManager, "");
      const ending = await this.poster.post({ body, cookie, timeout: logoutTimeout, limit: 1024 * 1024, among: [] });
      debug(`${this.target.host} logout: ${ending.kind === "done" ? `HTTP status ${ending.status}` : ending.kind}`);
    } else {
      // Calls that were ended still use the connections for a moment.
      await pause(0);
    }
    this.poster.close();
  }
}
