import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "mocha";

/** Something that a real OpenSSH server with real users needs of this machine. */
export interface Need {
  /** As a sentence lists it: "needs root". */
  readonly name: string;
  readonly isThere: () => boolean;
}

export const sshdProgram = "/usr/sbin/sshd";

/** Debian keeps the programs of an administrator off the PATH of other users. */
const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];

/** Where a program is, if this machine has it. */
export function find(program: string): string | undefined {
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}

function program(name: string, debianPackage: string): Need {
  return { name: `${name} (Debian: ${debianPackage})`, isThere: () => find(name) !== undefined };
}

const needs: readonly Need[] = [
  { name: "Linux", isThere: () => process.platform === "linux" },
  { name: "root, to add a user and to log him in", isThere: () => process.getuid?.() === 0 },
  { name: `${sshdProgram} (Debian: openssh-server)`, isThere: () => existsSync(sshdProgram) },
  { name: "PAM's settings for it, /etc/pam.d/sshd", isThere: () => existsSync("/etc/pam.d/sshd") },
  program("busybox", "busybox"),
  ...["useradd", "userdel", "chpasswd"].map((name) => program(name, "passwd")),
  ...["ssh-keygen", "ssh-keyscan", "ssh-agent", "ssh-add"].map((name) => program(name, "openssh-client")),
  program("setpriv", "util-linux"),
  { name: `${process.execPath} for every user`, isThere: () => runsAsNobody() },
];

/** Port 22 of loopback addresses, for the one form of known_hosts that names no port. */
export const port22: Need = { name: "port 22 of loopback addresses, which a server has taken", isThere: isPort22Free };

function runsAsNobody(): boolean {
  try {
    execFileSync(process.execPath, ["-e", "0"], { uid: 65534, gid: 65534, cwd: "/", stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Whether nobody listens on port 22 of all addresses. An address is in hexadecimal there, and 0A means that somebody listens. */
function isPort22Free(): boolean {
  return !["/proc/net/tcp", "/proc/net/tcp6"]
    .filter((file) => existsSync(file))
    .some((file) => /^\s*\d+: 0+:0016 \S+ 0A /m.test(readFileSync(file, "utf8")));
}

const leftOut = new Map<string, string[]>();

/**
 * Tests against a real OpenSSH server. Where this machine lacks what they need, one line at the end says which were left out
 * and why; with ESXI_ISER_INTEROP=required, as CI sets it, that is a failure.
 */
export function interop(title: string, define: () => void, more: readonly Need[] = []): void {
  const lacking = [...needs, ...more].filter(({ isThere }) => !isThere()).map(({ name }) => name);
  if (lacking.length === 0) {
    describe(title, function () {
      // A login through PAM with a wrong password takes two seconds by itself.
      this.timeout(60_000);
      define();
    });
    return;
  }
  if (process.env.ESXI_ISER_INTEROP === "required") {
    describe(title, () => {
      it("finds what it needs on this machine", () => {
        throw new Error(`This machine lacks: ${lacking.join("; ")}.`);
      });
    });
    return;
  }
  if (leftOut.size === 0) process.on("exit", tellLeftOut);
  const reason = lacking.join("; ");
  leftOut.set(reason, [...(leftOut.get(reason) ?? []), title]);
}

function tellLeftOut(): void {
  for (const [reason, titles] of leftOut)
    process.stdout.write(
      `Left out, the tests against a real OpenSSH server: ${titles.join("; ")}. This machine lacks: ${reason}.\n`,
    );
}
