import { setTimeout as pause } from "node:timers/promises";
import { IserError } from "../../errors.js";
import type { Connection } from "../connection.js";
import { environmentName } from "../places.js";
import { failure } from "../redact.js";
import type { VsphereTarget } from "../vsphereTarget.js";
import { VsphereConnection } from "./connection.js";
import { VsphereSession } from "./session.js";
import { type Content, contentIn, Deadline, executerOf, faultOf, mayHelp, problemOf, unreachable } from "./setup.js";
import type { Fault } from "./soap.js";
import { Vcenter } from "./vcenter.js";

/** Pauses before an unreachable host is dialled again, in milliseconds. */
const pauses = { first: 500, longest: 4000 };

/** The one host of an ESXi. */
const itself = { type: "HostSystem", value: "ha-host" };

/**
 * Connects and logs in. To a host of a vCenter, `through` is the open connection to that, and nobody logs in to the host. Only what was not
 * reached is dialled again, and only as long as no password was sent: five refused logins lock an account on ESXi.
 */
export async function connect(target: VsphereTarget, through?: Vcenter): Promise<Connection> {
  if (through !== undefined) {
    const deadline = new Deadline(target);
    const host = await through.find(target, deadline);
    const executer = await executerOf(through.session, deadline, host);
    return new VsphereConnection(target, through.session, executer, true);
  }
  const { session, content, deadline } = await dial(target);
  try {
    checkKind(target, content);
    await logIn(session, content, deadline);
    if (target.isVcenter) return new Vcenter(session, content);
    return new VsphereConnection(target, session, await executerOf(session, deadline, itself), false);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Asks the host what it is, which anybody may. */
async function dial(target: VsphereTarget) {
  for (let errors = 0, wait = pauses.first; ; errors++, wait = Math.min(wait * 2, pauses.longest)) {
    const session = new VsphereSession(target);
    const deadline = new Deadline(target);
    const service = { type: "ServiceInstance", value: "ServiceInstance" };
    const method = "RetrieveServiceContent";
    const answer = await session.call(method, service, "", deadline.limit);
    if (answer.kind === "result") return { session, deadline, content: contentIn(target, answer.values) };
    await session.close();
    if (answer.kind === "fault") throw faultOf(target, method, answer.fault);
    if (answer.kind === "notSent" && answer.error instanceof IserError) throw answer.error;
    if (!mayHelp(answer) || errors >= target.dialErrorLimit) throw unreachable(target, problemOf(answer, deadline));
    await pause(wait);
  }
}

function checkKind({ host, isVcenter }: VsphereTarget, content: Content): void {
  if (content.isVcenter === (isVcenter ?? false)) return;
  throw failure("INPUT_INVALID", {
    host,
    problem: isVcenter
      ? "It is declared as a vCenter, and is an ESXi host."
      : "It is declared as an ESXi host, and is a vCenter.",
    cure: isVcenter
      ? "Leave vcenter out, or name the vCenter."
      : `Name the ESXi host, and give the vCenter as vcenter: { host: "${host}" }.`,
  });
}

async function logIn(session: VsphereSession, { sessionManager }: Content, deadline: Deadline): Promise<void> {
  const { target } = session;
  if (target.session !== undefined || target.password === undefined) return;
  const answer = await session.login(sessionManager, target.password.value, deadline.limit);
  switch (answer.kind) {
    case "result":
      return;
    case "fault":
      throw refused(target, answer.fault);
    case "notSent":
      throw answer.error instanceof IserError ? answer.error : unreachable(target, answer.error.message);
    default:
      throw failure("CONNECTION_LOST", {
        host: target.host,
        problem: `The connection ended during the login (${problemOf(answer, deadline)}).`,
        cure: "Run again. It was not done by itself, for the login may have been counted as a failure.",
      });
  }
}

function refused({ host, user, password, isVcenter }: VsphereTarget, { type, words }: Fault) {
  const locks = isVcenter
    ? "for a vCenter locks an account after some refusals"
    : "for ESXi locks an account after five refusals (for 15 minutes by default)";
  return failure("LOGIN_REFUSED", {
    host,
    problem: `The login of ${user.value} (${user.source}) was refused. Tried: the password of ${password?.source}.`,
    said: `${type}: ${words}`,
    cure: `It is not tried again, ${locks}.${isVcenter ? "" : " In lockdown mode a host takes logins through its vCenter only: declare vcenter."} \`pulumi refresh\` and \`pulumi destroy\` see the config of the last \`up\`: after a change of credentials set ${environmentName("password", host)}.`,
  });
}
