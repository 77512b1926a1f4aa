import type { Health } from "./graph.js";

interface Colours {
  readonly canvas: string;
  readonly panel: string;
  readonly text: string;
  readonly muted: string;
  readonly rule: string;
  readonly focus: string;
  /** Of a box and its sign: the line, and what is within. */
  readonly health: Readonly<Record<Health, { readonly line: string; readonly fill: string }>>;
}

export const light: Colours = {
  canvas: "#ffffff",
  panel: "#f6f8fa",
  text: "#1f2328",
  muted: "#57606a",
  rule: "#d0d7de",
  focus: "#0969da",
  health: {
    ok: { line: "#1f883d", fill: "#f2fbf4" },
    unknown: { line: "#6e7781", fill: "#f3f4f6" },
    warning: { line: "#9a6700", fill: "#fff8dc" },
    broken: { line: "#cf222e", fill: "#ffebe9" },
  },
};

export const dark: Colours = {
  canvas: "#0d1117",
  panel: "#161b22",
  text: "#e6edf3",
  muted: "#9da7b3",
  rule: "#30363d",
  focus: "#58a6ff",
  health: {
    ok: { line: "#3fb950", fill: "#0f2418" },
    unknown: { line: "#8b949e", fill: "#1b2027" },
    warning: { line: "#d29922", fill: "#2b2210" },
    broken: { line: "#ff7b72", fill: "#331519" },
  },
};

export const sansFonts = `system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif`;
export const monoFonts = `ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace`;

/** What the picture looks like. Without variables: not every program that shows SVG knows these. */
export function pictureCss(): string {
  return `
text{font-family:${sansFonts};font-size:11px}
.heading{letter-spacing:.02em}
.name{font-family:${monoFonts};font-size:12.5px;white-space:pre}
.title{font-size:16px;font-weight:600}
.summary{font-size:12px;font-weight:400}
.box{stroke-width:1.5}
.behind{stroke-width:1}
.warning>.box{stroke-width:2}
.broken>.box{stroke-width:2.5}
.unknown>.box{stroke-dasharray:4 3}
.sign>:last-child{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.sign-shape{stroke-width:1;stroke-linejoin:round}
.edge path{fill:none}
.edge .line{stroke-width:2}
.edge.unknown .line{stroke-dasharray:2 4;stroke-linecap:round}
.edge.warning .line{stroke-dasharray:9 4}
.edge.broken .line{stroke-dasharray:6 5;stroke-width:2.5}
.cross{stroke-width:3;stroke-linecap:round}
${coloured(light)}
@media (prefers-color-scheme:dark){${coloured(dark)}}
`;
}

function coloured({ canvas, text, muted, health }: Colours): string {
  const each = Object.entries(health).map(
    ([name, { line, fill }]) => `
.${name}>.box,.${name}>.behind{fill:${fill};stroke:${line}}
.sign.${name}>:first-child{fill:${line};stroke:${line}}
.sign.${name}>:last-child{stroke:${canvas}}
.edge.${name} .line,.edge.${name} .cross{stroke:${line}}`,
  );
  return `
.canvas{fill:${canvas}}
.name,.title{fill:${text}}
.heading,.note,.summary,.about{fill:${muted}}
${each.join("")}
`;
}
