import { IserError } from "../../errors.js";
import type { Element } from "../../xml.js";
import { environmentName } from "../places.js";
import { failure } from "../redact.js";
import type { VsphereTarget } from "../vsphereTarget.js";
import type { Answer, Limit, VsphereSession } from "./session.js";
import { child, type Fault, type Reference, referenceIn } from "./soap.js";

/** The most that is answered to what leads to a host: a vCenter names all of its hosts. In bytes. */
const limit = 8 * 1024 * 1024;

/** How long calls may take until a connection is made, all together. */
export class Deadline {
  private readonly end: number;

  constructor(private readonly target: VsphereTarget) {
    this.end = performance.now() + target.perDialTimeout * 1000;
  }

  get limit(): Limit {
    return { timeout: Math.max(0, this.end - performance.now()), limit };
  }

  /** What an answer that did not come in time says. */
  get problem(): string {
    return `no answer within ${this.target.perDialTimeout} s, which perDialTimeout sets`;
  }
}

/** What the service says of itself. */
export interface Content {
  readonly isVcenter: boolean;
  readonly sessionManager: Reference;
  /** The references by name. */
  readonly named: (name: string) => Reference;
}

export function contentIn({ host }: VsphereTarget, [content]: readonly Element[]): Content {
  const named = (name: string) => {
    const found = referenceIn(child(content, name));
    if (found !== undefined) return found;
    throw failure("HOST_UNREACHABLE", {
      host,
      problem: `What answers at /sdk is not the vSphere API of a host or a vCenter: it names no ${name}.`,
      cure: "Check host and port.",
    });
  };
  const isVcenter = child(child(content, "about"), "apiType")?.text === "VirtualCenter";
  return { isVcenter, sessionManager: named("sessionManager"), named };
}

/** Calls a method of those that lead to a host, after the login. */
export async function ask(
  session: VsphereSession,
  deadline: Deadline,
  method: string,
  on: Reference,
  parameters = "",
): Promise<readonly Element[]> {
  const answer = await session.call(method, on, parameters, deadline.limit);
  if (answer.kind === "result") return answer.values;
  if (answer.kind === "fault") throw faultOf(session.target, method, answer.fault);
  throw unreachable(session.target, problemOf(answer, deadline));
}

/** What runs the methods on a host. Its type is the host's to say. */
export async function executerOf(session: VsphereSession, deadline: Deadline, host: Reference): Promise<Reference> {
  const method = "RetrieveManagedMethodExecuter";
  const executer = referenceIn((await ask(session, deadline, method, host))[0]);
  if (executer !== undefined) return executer;
  throw unreachable(session.target, `${method} answered no object`);
}

/** Why there is no answer of the vSphere API. */
export function problemOf(answer: Exclude<Answer, { kind: "result" | "fault" }>, deadline: Deadline): string {
  switch (answer.kind) {
    case "timeout":
      return deadline.problem;
    case "flood":
      return `it sent more than ${limit / 1024 / 1024} MiB`;
    case "strange":
      return answer.problem;
    case "notSent":
    case "cut":
      return wordsOf(answer.error);
  }
}

export function wordsOf(error: NodeJS.ErrnoException): string {
  // An error of several addresses has a code and no message.
  return error.message || String(error.code ?? error.name);
}

export function faultOf(target: VsphereTarget, method: string, { type, words }: Fault): IserError {
  const { host, session, user } = target;
  const said = `${type}: ${words}`;
  if (type === "NotAuthenticated" && session !== undefined)
    return failure("LOGIN_REFUSED", {
      host,
      problem: `The session of ${session.source} is not valid any more.`,
      said,
      cure: `Log in anew and set ${environmentName("session", host)}, or give a password.`,
    });
  if (type === "NoPermission")
    return failure("PERMISSION_DENIED", {
      host,
      problem: `The user ${user.value} may not call ${method}.`,
      said,
      cure: "Log in as a user with the Administrator role on the host; through a vCenter, on the host there.",
    });
  return failure("HOST_UNREACHABLE", {
    host,
    problem: `${method} was refused.`,
    said,
    cure: "Check that the host is up, and in a vCenter that it is connected.",
  });
}

/** What can be done about a host that does not answer, by what the system said. */
const cures: readonly { readonly said: RegExp; readonly cure: string }[] = [
  { said: /ENOTFOUND/, cure: "The name is not known to DNS: correct it, or declare an address." },
  { said: /HTTP status 503/, cure: "The host or its management agents are starting: wait a few minutes." },
  { said: /HTTP status|not well-formed|envelope/, cure: "Check host and port: something else answers there." },
];

export function unreachable({ host, port }: VsphereTarget, said: string): IserError {
  const cure =
    cures.find((kind) => kind.said.test(said))?.cure ??
    "Check that the host is up, and its address, port and firewall.";
  return failure("HOST_UNREACHABLE", { host, problem: `No vSphere API at ${host}:${port}: ${said}.`, cure });
}

/** Whether another dial may help. */
export function mayHelp(answer: Answer): boolean {
  switch (answer.kind) {
    case "notSent":
      return !(answer.error instanceof IserError) && !/ENOTFOUND/.test(wordsOf(answer.error));
    case "timeout":
    case "cut":
      return true;
    case "strange":
      return answer.status === 503;
    default:
      return false;
  }
}
