import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { IserError } from "../errors.js";
import { markdown } from "./review/markdown.js";
import { readPreview } from "./review/preview.js";
import { reportOn } from "./review/report.js";
import { note } from "./terminal.js";

export interface ReviewOptions {
  readonly json?: boolean;
}

/** What GitHub takes for one comment. */
const longestComment = 65_536;

/** Shows what a preview means for the hosts. The status that the command ends with. */
export async function review(file: string | undefined, { json }: ReviewOptions): Promise<number> {
  const preview = readPreview(await read(file));
  const report = await reportOn(preview);
  // Pulumi has printed them nowhere else.
  for (const message of preview.otherFailures) note(`the preview failed: ${message}`);
  const output = json ? `${JSON.stringify(report, null, 2)}\n` : markdown(report);
  if (!json && output.length > longestComment)
    note(`this is ${output.length} characters long, and a comment on GitHub takes ${longestComment}`);
  process.stdout.write(output);
  return report.flagged ? 1 : 0;
}

async function read(file: string | undefined): Promise<string> {
  if (file === undefined || file === "-") return withoutMark(await readAll(process.stdin));
  try {
    return decoded(await readFile(file));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new IserError("INPUT_INVALID", {
      problem: `the preview cannot be read: ${error.message}`,
      cure: "Give the file that `pulumi preview --json` was written to, or pipe it in.",
      cause: error,
    });
  }
}

/** PowerShell writes UTF-16 into a file. */
function decoded(bytes: Buffer): string {
  return withoutMark(bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString("utf16le") : bytes.toString("utf8"));
}

function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, "");
}
