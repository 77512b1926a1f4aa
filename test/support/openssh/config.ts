import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a server gets in place of the recorded lines, and beside them. Keys are in small letters. */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

const transcript = join(__dirname, "../../fixtures/transcripts/sshd_config--esxi802-real-host.txt");

/** The settings of a real ESXi 8.0.2 host, in the order of its file. */
export const recorded: readonly (readonly [key: string, value: string])[] = readFileSync(transcript, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [key = "", ...value] = line.split(" ");
    return [key, value.join(" ")];
  });

/**
 * Recorded settings that a test's server has otherwise, or not at all, and why.
 *
 * The algorithms of FIPS mode are all there, for ESXi lists them; that it takes no ed25519 key of a user comes from FIPS mode itself
 * (seen on that host), and a test sets PubkeyAcceptedAlgorithms for it.
 */
export const otherwise: Readonly<Record<string, string>> = {
  fipsmode: "VMware's own; Debian's sshd does not know it",
  hostkey: "the test's own keys, of the same two kinds",
  authorizedkeysfile: "keys-%u/authorized_keys as on ESXi, in the test's folder",
  banner: "a file of the test's, for not every machine has an /etc/issue",
  subsystem: "ESXi's path of sftp-server does not exist here, and nothing uses it",
  loglevel: "DEBUG1 instead of INFO: the tests count attempts, sessions and dropped connections in the log",
};

/** The text of a server's file. */
export function configText(own: Settings): string {
  const lines = recorded.filter(([key]) => !(key in otherwise) && !(key in own)).map((setting) => setting.join(" "));
  const added = Object.entries(own).flatMap(([key, values]) => [values].flat().map((value) => `${key} ${value}`));
  return [...lines, ...added, ""].join("\n");
}
