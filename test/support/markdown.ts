import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import MarkdownIt, { type Token } from "markdown-it";

export const repository = join(__dirname, "../..");

/** A code block of a document. */
export interface Block {
  /** The document, as `docs/guides/drift-jobs.md`. */
  readonly file: string;
  readonly line: number;
  /** What stands behind the backquotes: `ts`, `sh` and so on. */
  readonly language: string;
  /** Of the comment before it, `<!-- program: first -->`: what is done with the block, and its name or the reason. */
  readonly mark: { readonly kind: string; readonly name: string } | undefined;
  readonly text: string;
}

const parser = new MarkdownIt({ html: true });
const notOurs = new Set(["node_modules", "coverage", "dist", ".git"]);

/** All documents of this repository, from its root. */
export function documents(folder = repository): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !notOurs.has(name) && !name.startsWith(".readme-") && !/^dist\./.test(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return documents(path);
      return entry.name.endsWith(".md") ? [relative(repository, path)] : [];
    })
    .sort();
}

/** Those that people write. The API reference is made of docstrings. */
export const written = () => documents().filter((file) => !file.startsWith("docs/api/"));

export const read = (file: string) => readFileSync(join(repository, file), "utf8");

export function blocksOf(file: string, text = read(file)): Block[] {
  const tokens = parser.parse(text, {});
  return tokens.flatMap((token, at) => {
    if (token.type !== "fence" && token.type !== "code_block") return [];
    const before = tokens[at - 1];
    const comment = before?.type === "html_block" ? /<!-- ([\w ]+): (.+?) -->\s*$/.exec(before.content) : null;
    const mark = comment === null ? undefined : { kind: comment[1] ?? "", name: comment[2] ?? "" };
    return [{ file, line: (token.map?.[0] ?? 0) + 1, language: token.info.trim(), mark, text: token.content }];
  });
}

/** The blocks of all documents that have a mark of a kind, by its name. A name is there once. */
export function marked(kind: string): ReadonlyMap<string, Block> {
  const found = written()
    .flatMap((file) => blocksOf(file))
    .filter(({ mark }) => mark?.kind === kind);
  const named = new Map(found.map((block) => [block.mark?.name ?? "", block]));
  if (named.size !== found.length)
    throw new Error(`A name of ${kind} is there twice: ${found.map(({ mark }) => mark?.name)}`);
  return named;
}

const contentOf = (token: Token): string =>
  (token.children ?? [])
    .map(({ type, content }) => (type === "text" || type === "code_inline" ? content : ""))
    .join("");

/** What a link can end with: the headings as GitHub names them, and the anchors that are written out. */
export async function anchorsIn(text: string): Promise<Set<string>> {
  const { default: Slugger } = await import("github-slugger");
  const slugger = new Slugger();
  const tokens = parser.parse(text, {});
  const headings = tokens.flatMap((token, at) => {
    const inline = tokens[at + 1];
    return token.type === "heading_open" && inline !== undefined ? [slugger.slug(contentOf(inline))] : [];
  });
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id)]);
}

/** Where the links and pictures of a document lead. */
export function linksIn(text: string): string[] {
  return parser
    .parse(text, {})
    .flatMap(({ children }) => children ?? [])
    .flatMap((token) => {
      const target =
        token.type === "link_open" ? token.attrGet("href") : token.type === "image" ? token.attrGet("src") : null;
      return target === null ? [] : [decodeURI(String(target))];
    });
}

/** The links of a document that lead nowhere. Those to other sites are not followed. */
export async function deadLinks(file: string, text = read(file)): Promise<string[]> {
  const dead: string[] = [];
  for (const link of linksIn(text)) if (!(await leadsSomewhere(link, file, text))) dead.push(link);
  return dead;
}

async function leadsSomewhere(link: string, file: string, text: string): Promise<boolean> {
  if (/^[a-z]+:/.test(link)) return true;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? join(repository, file) : join(repository, dirname(file), path);
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  if (statSync(target).isDirectory() || !target.endsWith(".md")) return false;
  return (await anchorsIn(path === "" ? text : readFileSync(target, "utf8"))).has(anchor);
}
