import {
  type AnyAuthMethod,
  type AuthHandlerMiddleware,
  BaseAgent,
  createAgent,
  type IdentityCallback,
  type ParsedKey,
  type Prompt,
  type SignCallback,
  type SigningRequestOptions,
  utils,
} from "ssh2";
import type { IserError } from "../errors.js";
import type { Server } from "./credentials.js";
import { environmentName } from "./places.js";
import { failure } from "./redact.js";

/** One login: what is offered to the server, each thing once, and what to say if it wants none of it. */
export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /**
   * What to do when the server asks again although it was given the password. Then the password was wrong, or a second factor is
   * wanted, and another answer would be another counted failure.
   */
  readonly whenAskedAgain: (listener: () => void) => void;
  /** Whether the server was given anything that it may count as an attempt: then the login must not be repeated. */
  readonly attempted: () => boolean;
  /** Something that went wrong without ending the login, such as an agent that does not answer. */
  readonly note: (text: string) => void;
  readonly refusal: () => IserError;
}

type Method = "publickey" | "keyboard-interactive" | "password";

interface Offer {
  readonly method: Method;
  readonly authentication: AnyAuthMethod;
  /** As a refusal names it; an agent is named once its keys are known. */
  readonly name?: string;
}

/** What happened during a login, for the refusal. */
interface Progress {
  readonly tried: string[];
  readonly keyTypes: string[];
  readonly notes: string[];
  accepted: readonly string[];
}

/** Reads the private key, so that a broken one or a wrong passphrase is found before the host is asked. */
export function prepareLogin(server: Server): Login {
  const progress: Progress = { tried: [], keyTypes: [], notes: [], accepted: [] };
  let askedAgain = () => {};
  const offers = offersOf(server, progress, () => askedAgain());
  let asked = false;
  return {
    handler: (left, _partial, next) => {
      // The first call comes before the server said what it accepts; "none" makes it say so.
      if (!asked) {
        asked = true;
        return next({ type: "none", username: server.user.value });
      }
      progress.accepted = left;
      const offer = takeNext(offers, left);
      if (offer?.name !== undefined) progress.tried.push(offer.name);
      // `false` ends the login; ssh2 takes it, its types do not have it.
      return next(offer?.authentication ?? (false as unknown as AnyAuthMethod));
    },
    whenAskedAgain: (listener) => {
      askedAgain = listener;
    },
    attempted: () => progress.tried.length > 0,
    note: (text) => void progress.notes.push(text),
    refusal: () => refusal(server, progress),
  };
}

/** Takes the first offer that the server accepts out of the list. */
function takeNext(offers: Offer[], accepted: readonly string[]): Offer | undefined {
  const index = offers.findIndex(({ method }) => accepted.includes(method));
  const [offer] = index < 0 ? [] : offers.splice(index, 1);
  if (offer?.method !== "keyboard-interactive") return offer;
  // Both methods ask for the same password: one refusal is enough.
  const same = offers.findIndex(({ method }) => method === "password");
  if (same >= 0) offers.splice(same, 1);
  return offer;
}

function offersOf(server: Server, progress: Progress, onAskedAgain: () => void): Offer[] {
  const username = server.user.value;
  const offers: Offer[] = [];
  if (server.privateKey) {
    const key = readKey(server, server.privateKey.value, server.privateKey.source);
    progress.keyTypes.push(key.type);
    const name = `the ${key.type} key of ${server.privateKey.source}`;
    offers.push({ method: "publickey", name, authentication: { type: "publickey", username, key } });
  }
  if (server.agent) {
    const agent = new FewKeys(server.agent.value, (keys) => {
      progress.keyTypes.push(...keys);
      if (keys.length > 0) progress.tried.push(`the SSH agent's keys (${keys.join(", ")})`);
      else progress.notes.push("The SSH agent holds no key.");
    });
    offers.push({ method: "publickey", authentication: { type: "agent", username, agent } });
  }
  if (server.password) {
    const password = server.password.value;
    const name = `the password of ${server.password.source}`;
    const prompt = answerOnce(password, onAskedAgain);
    // ESXi takes a password only this way (seen on 8.0.2); the plain method is for bastions that have no other.
    offers.push({
      method: "keyboard-interactive",
      name,
      authentication: { type: "keyboard-interactive", username, prompt },
    });
    offers.push({ method: "password", name, authentication: { type: "password", username, password } });
  }
  return offers;
}

/** Answers every prompt that does not echo with the password, and that only once. ESXi's prompt is `Password: `. */
function answerOnce(password: string, onAskedAgain: () => void) {
  let answered = false;
  return (
    _name: string,
    _text: string,
    _lang: string,
    prompts: Prompt[],
    finish: (answers: string[]) => void,
  ): void => {
    const secret = prompts.some(({ echo }) => !echo);
    if (secret && answered) onAskedAgain();
    else finish(prompts.map(({ echo }) => (echo ? "" : password)));
    answered ||= secret;
  };
}

function readKey(server: Server, text: string, source: string): ParsedKey {
  const parsed: ParsedKey | Error | (ParsedKey | Error)[] = utils.parseKey(text, server.privateKeyPassword?.value);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key !== undefined && !(key instanceof Error) && key.isPrivateKey()) return key;
  throw failure("INPUT_INVALID", {
    host: server.host,
    problem: `The private key of ${source} cannot be read: ${key instanceof Error ? key.message : "it is a public key"}.`,
    cure: `Give the whole text of the key, with its first and last line. The passphrase of an encrypted key is privateKeyPassword or ${environmentName("privateKeyPassword")}.`,
  });
}

function refusal(server: Server, { tried, keyTypes, notes, accepted }: Progress): IserError {
  const accepts = `It accepts: ${accepted.join(", ") || "nothing"}.`;
  const noted = notes.map((note) => ` ${note}`).join("");
  const rotation = `\`pulumi refresh\` and \`pulumi destroy\` see the config of the last \`up\`: after a change of credentials set ${environmentName(server.password ? "password" : "privateKey", server.host)}.`;
  if (tried.length === 0) {
    return failure("CREDENTIALS_MISSING", {
      host: server.host,
      problem: `None of the credentials for ${server.user.value} is of a kind that the host accepts. ${accepts}${noted}`,
      cure: "Give a password, or an RSA or ECDSA key that the host knows.",
    });
  }
  const ed25519 = keyTypes.includes("ssh-ed25519") ? " ESXi refuses ed25519 keys: use an RSA or ECDSA key." : "";
  return failure("LOGIN_REFUSED", {
    host: server.host,
    problem: `The login of ${server.user.value} (${server.user.source}) was refused. Tried: ${[...new Set(tried)].join(", ")}. ${accepts}${noted}`,
    cure: `It is not tried again, for ESXi locks an account after five refusals (for 15 minutes by default).${ed25519} ${rotation}`,
  });
}

/**
 * An agent, ed25519 keys last and not more than OpenSSH lets a client offer: it ends the connection at the sixth refusal
 * (MaxAuthTries; ESXi does not set it).
 */
class FewKeys extends BaseAgent<ParsedKey> {
  private readonly agent: BaseAgent;

  constructor(
    path: string,
    private readonly onKeys: (types: string[]) => void,
  ) {
    super();
    this.agent = createAgent(path);
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    this.agent.getIdentities((error, found) => {
      if (error) return callback(error);
      const keys = (found ?? []).flatMap((entry) => {
        const key = utils.parseKey(entry as ParsedKey);
        return key instanceof Error ? [] : [key];
      });
      const isLast = (key: ParsedKey) => Number(key.type === "ssh-ed25519");
      const few = keys.sort((a, b) => isLast(a) - isLast(b)).slice(0, 5);
      this.onKeys(few.map((key) => key.type));
      callback(null, few);
    });
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === "function") this.agent.sign(key, data, options);
    else this.agent.sign(key, data, options, callback);
  }
}
