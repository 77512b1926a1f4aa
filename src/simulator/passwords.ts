import { timingSafeEqual } from "node:crypto";

/** Failed logins that lock the account: ESXi's default. */
const lockAfter = 5;

/** The password of one account, and whether it is locked. */
export class Passwords {
  private failures = 0;

  constructor(
    readonly user: string,
    readonly password: string,
  ) {}

  /** Refuses even the right password until it is unlocked: after 15 minutes on a real host. */
  get locked(): boolean {
    return this.failures >= lockAfter;
  }

  unlock(): void {
    this.failures = 0;
  }

  accepts(user: string, given: string): boolean {
    if (user === this.user && !this.locked && same(given, this.password)) {
      this.failures = 0;
      return true;
    }
    if (user === this.user) this.failures += 1;
    return false;
  }
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
