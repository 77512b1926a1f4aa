import { timingSafeEqual } from "node:crypto";
import { type AuthContext, type AuthenticationType, type ParsedKey, utils } from "ssh2";
import type { Counters } from "./journal.js";

/** What sshd offers. Passwords only by keyboard-interactive: seen on 8.0.2. */
const methods: AuthenticationType[] = ["publickey", "keyboard-interactive"];
/** Failed logins that lock the account: ESXi's default. */
const lockAfter = 5;

/** One account: its password, its keys, and whether it is locked. */
export class Account {
  private failures = 0;
  private readonly keys: readonly ParsedKey[];

  constructor(
    readonly user: string,
    readonly password: string,
    authorizedKeys: readonly string[],
    private readonly counters: Counters,
  ) {
    this.keys = authorizedKeys.map((text) => {
      const key = utils.parseKey(text);
      if (key instanceof Error) throw new Error(`an authorized key is none: ${key.message}`);
      return key;
    });
  }

  /** Refuses even the right password until it is unlocked: after 15 minutes on a real host. What a locked account does with keys is not known; here they go on working. */
  get locked(): boolean {
    return this.failures >= lockAfter;
  }

  unlock(): void {
    this.failures = 0;
  }

  check(context: AuthContext, refused: () => void): void {
    const reject = () => {
      refused();
      context.reject(methods);
    };
    if (context.method === "publickey") {
      if (context.username === this.user && this.acceptsKey(context)) context.accept();
      else reject();
    } else if (context.method === "keyboard-interactive") {
      context.prompt([{ prompt: "Password: ", echo: false }], (answers) => {
        if (this.acceptsPassword(context.username, answers[0] ?? "")) context.accept();
        else reject();
      });
    } else context.reject(methods);
  }

  private acceptsPassword(user: string, given: string): boolean {
    if (user === this.user && !this.locked && same(given, this.password)) {
      this.failures = 0;
      return true;
    }
    if (user === this.user) this.failures += 1;
    this.counters.failedLogins += 1;
    return false;
  }

  /** RSA and ECDSA; ed25519 is refused, as FIPS mode has it: seen on 8.0.2. */
  private acceptsKey(context: AuthContext & { method: "publickey" }): boolean {
    const { key, signature, blob, hashAlgo } = context as typeof context & {
      key: { algo: string; data: Buffer };
      signature?: Buffer;
      blob?: Buffer;
      hashAlgo?: string;
    };
    if (!/^(ssh-rsa|rsa-sha2-|ecdsa-)/.test(key.algo)) return false;
    const known = this.keys.find((authorized) => authorized.getPublicSSH().equals(key.data));
    if (!known) return false;
    if (!signature || !blob) return true;
    return known.verify(blob, signature, hashAlgo) === true;
  }
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
