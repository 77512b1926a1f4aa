import type { Client } from "ssh2";

export function login(to: { readonly port: number; readonly user: string; readonly password: string }): Promise<Client>;
