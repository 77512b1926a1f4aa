import { builds } from "./model.js";
import type { Program } from "./shell.js";
import type { HostState } from "./state.js";

/** The small programs of the host's shell, as far as lines over SSH use them; BusyBox's ways and words. */
export function programs(host: HostState): Readonly<Record<string, Program>> {
  return {
    true: ending(0),
    false: ending(1),
    ":": ending(0),
    echo: printing((words) => (words[0] === "-n" ? words.slice(1).join(" ") : `${words.join(" ")}\n`)),
    printf: printing(printf),
    pwd: printing(() => "/\n"),
    ls: printing(() => ""),
    hostname: printing(() => `${fullName(host)}\n`),
    uname: printing((words) => `${uname(host, words)}\n`),
    vmware: printing((words) => vmware(host, words)),
    date: printing((words) => `${date(host, words)}\n`),
    cat: filtering("cat", "", cat),
    head: filtering("head", "n:", head),
    tail: filtering("tail", "n:", tail),
    sort: filtering("sort", "ru", sort),
    wc: filtering("wc", "l", wc),
    grep: filtering("grep", "FEivhcqe:", grep),
  };
}

function ending(status: number): Program {
  // biome-ignore lint/correctness/useYield: it asks for nothing
  return function* () {
    return status;
  };
}

function printing(text: (words: readonly string[]) => string): Program {
  // biome-ignore lint/correctness/useYield: it asks for nothing
  return function* (words, { out }) {
    out(text(words));
    return 0;
  };
}

interface Given {
  readonly flags: ReadonlySet<string>;
  /** The values of options that take one. */
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

interface Source {
  readonly name: string;
  readonly text: string;
}

interface Filtered {
  readonly text: string;
  readonly status?: number;
}

/** A program over files, or over its standard input when none is named. */
function filtering(
  name: string,
  options: string,
  filter: (sources: readonly Source[], given: Given) => Filtered,
): Program {
  return function* (words, { input, out, err }, shell) {
    const given = readOptions(words, options);
    if (typeof given === "string") {
      err(`${name}: unrecognized option: ${given}\n`);
      return name === "grep" ? 2 : 1;
    }
    const files = name === "grep" && !given.values.has("e") ? given.operands.slice(1) : given.operands;
    const sources: Source[] = [];
    let status = 0;
    for (const file of files) {
      const text = file === "-" ? yield* input.rest() : shell.readFile(file);
      if (text === undefined) {
        err(
          `${name}: ${name === "grep" ? "" : "can't open '"}${file}${name === "grep" ? "" : "'"}: No such file or directory\n`,
        );
        status = name === "grep" ? 2 : 1;
      } else sources.push({ name: file, text });
    }
    if (files.length === 0) sources.push({ name: "(standard input)", text: yield* input.rest() });
    const filtered = filter(sources, given);
    out(filtered.text);
    return status === 0 ? (filtered.status ?? 0) : status;
  };
}

/** The option that is not known, or what was given. `n:` takes a value. */
function readOptions(words: readonly string[], known: string): Given | string {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--") return { flags, values, operands: words.slice(at + 1) };
    if (!/^-[^-]/.test(word)) return { flags, values, operands: words.slice(at) };
    // `tail -7`, as head and tail take it.
    const digits = /^-(\d+)$/.exec(word)?.[1];
    if (digits !== undefined && known.includes("n:")) {
      values.set("n", digits);
      continue;
    }
    for (let index = 1; index < word.length; index += 1) {
      const letter = word[index] ?? "";
      const position = known.indexOf(letter);
      if (position < 0 || letter === ":") return letter;
      if (known[position + 1] !== ":") {
        flags.add(letter);
        continue;
      }
      const glued = word.slice(index + 1);
      values.set(letter, glued === "" ? (words[at + 1] ?? "") : glued);
      if (glued === "") at += 1;
      break;
    }
  }
  return { flags, values, operands: [] };
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function everyLine(sources: readonly Source[]): string[] {
  return sources.flatMap(({ text }) => linesOf(text));
}

function cat(sources: readonly Source[]): Filtered {
  return { text: sources.map(({ text }) => text).join("") };
}

function count({ values }: Given): number {
  return Math.abs(Number(values.get("n") ?? 10)) || 0;
}

function head(sources: readonly Source[], given: Given): Filtered {
  return { text: joined(everyLine(sources).slice(0, count(given))) };
}

function tail(sources: readonly Source[], given: Given): Filtered {
  const lines = everyLine(sources);
  return { text: joined(lines.slice(Math.max(0, lines.length - count(given)))) };
}

function sort(sources: readonly Source[], { flags }: Given): Filtered {
  const lines = everyLine(sources).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const ordered = flags.has("r") ? lines.reverse() : lines;
  return { text: joined(flags.has("u") ? [...new Set(ordered)] : ordered) };
}

/** Only the count of lines. */
function wc(sources: readonly Source[]): Filtered {
  const named = sources.filter(({ name }) => name !== "(standard input)");
  const lines = ({ text }: Source) => text.split("\n").length - 1;
  return {
    text:
      named.length > 0
        ? joined(named.map((source) => `${lines(source)} ${source.name}`))
        : joined(sources.map((source) => `${lines(source)}`)),
  };
}

/** Status 1 if nothing was found. Several files put their name before each line, unless with -h. */
function grep(sources: readonly Source[], { flags, values, operands }: Given): Filtered {
  const pattern = values.get("e") ?? operands[0] ?? "";
  const matches = matcher(pattern, flags);
  const prefixed = sources.length > 1 && !flags.has("h");
  const found = sources.flatMap(({ name, text }) =>
    linesOf(text)
      .filter((line) => matches(line) !== flags.has("v"))
      .map((line) => (prefixed ? `${name}:${line}` : line)),
  );
  const text = flags.has("q") ? "" : flags.has("c") ? `${found.length}\n` : joined(found);
  return { text, status: found.length > 0 ? 0 : 1 };
}

function matcher(pattern: string, flags: ReadonlySet<string>): (line: string) => boolean {
  const ignore = flags.has("i");
  if (flags.has("F")) {
    const fold = (text: string) => (ignore ? text.toLowerCase() : text);
    return (line) => fold(line).includes(fold(pattern));
  }
  // Of a basic expression + ? | ( ) { } stand for themselves, and with a backslash for what they are in an extended one.
  const extended = flags.has("E")
    ? pattern
    : pattern.replace(/\\?[+?|(){}]/g, (found) => (found.length === 1 ? `\\${found}` : found.slice(1)));
  const expression = new RegExp(extended, ignore ? "i" : "");
  return (line) => expression.test(line);
}

/** The conversions s, d and %, the escapes \n, \t and \\; the format is used again while there are words. */
function printf(words: readonly string[]): string {
  const [format = "", ...values] = words;
  const left = [...values];
  const once = () =>
    format.replace(/%[sd%]|\\[nt\\]/g, (found) => {
      if (found === "%%") return "%";
      if (found.startsWith("%")) return left.shift() ?? "";
      return found === "\\n" ? "\n" : found === "\\t" ? "\t" : "\\";
    });
  let text = once();
  while (left.length > 0 && /%[sd]/.test(format)) text += once();
  return text;
}

function fullName({ hostName, domain }: HostState): string {
  return domain === "" ? hostName : `${hostName}.${domain}`;
}

function buildNumber(host: HostState): string {
  return builds[host.model].build.replace("Releasebuild-", "");
}

function uname(host: HostState, words: readonly string[]): string {
  const { version } = builds[host.model];
  const all = [
    "VMkernel",
    fullName(host),
    version,
    `#1 SMP Release build-${buildNumber(host)}`,
    "x86_64",
    "x86_64",
    "x86_64",
    "ESXi",
  ];
  if (words.includes("-a")) return all.join(" ");
  const fields: Record<string, string | undefined> = { "-n": all[1], "-r": all[2], "-v": all[3], "-m": all[4] };
  return fields[words[0] ?? ""] ?? "VMkernel";
}

function vmware(host: HostState, words: readonly string[]): string {
  const { version, update } = builds[host.model];
  const first = `VMware ESXi ${version} build-${buildNumber(host)}\n`;
  return words.includes("-l") ? `VMware ESXi ${version} Update ${update}\n` : first;
}

/** ESXi's clock is UTC. */
function date(host: HostState, words: readonly string[]): string {
  const now = new Date(host.clock);
  const format = words.find((word) => word.startsWith("+"))?.slice(1);
  const iso = now.toISOString();
  if (format === undefined) {
    const [weekday = "", day = "", month = "", year = "", time = ""] = now.toUTCString().split(/,? /);
    return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`;
  }
  const parts: Record<string, string> = {
    s: String(Math.floor(host.clock / 1000)),
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
  };
  return format.replace(/%([sYmdHMSFT])/g, (_, letter: string) => parts[letter] ?? "");
}
