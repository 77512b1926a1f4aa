import { type AuthContext, type AuthenticationType, type ParsedKey, utils } from "ssh2";
import type { Counters } from "./journal.js";
import { Passwords } from "./passwords.js";

/** What sshd offers. Passwords only by keyboard-interactive: seen on 8.0.2. */
const methods: AuthenticationType[] = ["publickey", "keyboard-interactive"];
/** One account: its password and its keys. What a locked one does with keys is not known; here they go on working. */
export class Account {
  private readonly passwords: Passwords;
  private readonly keys: readonly ParsedKey[];

  constructor(
    readonly user: string,
    password: string,
    authorizedKeys: readonly string[],
    private readonly counters: Counters,
  ) {
    this.passwords = new Passwords(user, password);
    this.keys = authorizedKeys.map((text) => {
      const key = utils.parseKey(text);
      if (key instanceof Error) throw new Error(`an authorized key is none: ${key.message}`);
      return key;
    });
  }

  unlock(): void {
    this.passwords.unlock();
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
    const accepted = this.passwords.accepts(user, given);
    if (!accepted) this.counters.failedLogins += 1;
    return accepted;
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
