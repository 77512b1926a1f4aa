import { randomBytes } from "node:crypto";

export interface Credentials {
  readonly name: string;
  readonly secret: string;
}

export function madeUp(): string {
  return randomBytes(10).toString("hex");
}

/** CHAP secrets that nobody has told, the same one for the same name. */
export class MadeUpSecrets {
  private readonly secrets = new Map<string, string>();

  of(name: string): string {
    const secret = this.secrets.get(name) ?? madeUp();
    this.secrets.set(name, secret);
    return secret;
  }

  all(): readonly Credentials[] {
    return [...this.secrets].map(([name, secret]) => ({ name, secret }));
  }
}
