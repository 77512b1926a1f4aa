import { type Block, blocksOf, read, written } from "./markdown.js";

/** A command that a document tells to run. */
export interface Told {
  readonly at: string;
  readonly words: readonly string[];
}

/** Blocks of shell: those that say so, and those that say nothing and begin with a word that is a command. */
export const isShell = ({ language, text }: Block) =>
  language === "sh" || (language === "" && /^(\$ )?(npx|npm|pulumi|node|mkdir|cp|git) /.test(text));

/** The commands in the blocks of all documents. */
export function toldCommands(): Told[] {
  return written()
    .flatMap((file) => blocksOf(file, read(file)))
    .filter(isShell)
    .flatMap((block) => commandsIn(block.text).map((words) => ({ at: `${block.file}:${block.line}`, words })));
}

/** In a block with prompts only the lines with one are commands; the others were printed. */
function commandsIn(text: string): string[][] {
  const lines = text.replaceAll("\\\n", " ").split("\n");
  const prompted = lines.filter((line) => line.startsWith("$ "));
  return (prompted.length > 0 ? prompted.map((line) => line.slice(2)) : lines)
    .flatMap((line) => line.split(/ #|\s{3,}/)[0]?.split(/\s(?:&&|\|\|?|;|>>?)\s/) ?? [])
    .map((command) => (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).filter((word) => !/^\w+=/.test(word)))
    .filter((words) => words.length > 0);
}

/** The commands of a program, without it: of `npx esxi-iser doctor x` those after `npx esxi-iser`. */
export function toldOf(...program: string[]): Told[] {
  return toldCommands()
    .filter(({ words }) => program.every((word, at) => words[at] === word))
    .map(({ at, words }) => ({ at, words: words.slice(program.length) }));
}

/** The options among the words of a command: `--name` of `--name=value`. What stands behind `--` is another program's. */
export function optionsOf(words: readonly string[]): string[] {
  const end = words.indexOf("--");
  return words
    .slice(0, end < 0 ? undefined : end)
    .filter((word) => /^--?[a-z]/i.test(word))
    .map((word) => word.split("=")[0] ?? "");
}

/** Whether a help text explains an option. */
export function explains(help: string, option: string): boolean {
  return new RegExp(`(^|[\\s,])${option.replaceAll("-", "\\-")}(?![\\w-])`, "m").test(help);
}
