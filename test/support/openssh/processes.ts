import { readdirSync, readFileSync } from "node:fs";

/** The processes of this machine on whose command line, or in whose environment, a text stands. */
export function processesShowing(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) => readIfThere(file).includes(text)))
    .map((pid) => readIfThere(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
}

/** A process may end meanwhile. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
