/** A line of the plot: its points are hosts and seconds. */
export interface Series {
  readonly name: string;
  /** Of CSS; it reads on white and on black. */
  readonly color: string;
  /** Dashed: what ours is compared with. */
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const size = { width: 760, height: 440 };
const plot = { left: 64, right: 560, top: 40, bottom: 384 };

export interface Axis {
  readonly label: string;
  /** The ends of the axis, whole powers of ten. */
  readonly from: number;
  readonly to: number;
}

/** A plot whose axes are both logarithmic, as SVG. What is not above zero has no place on it. */
export function logLogPlot(title: string, xLabel: string, yLabel: string, series: readonly Series[]): string {
  const drawn = series.map((one) => ({ ...one, points: one.points.filter(([x, y]) => x > 0 && y > 0) }));
  const points = drawn.flatMap((one) => one.points);
  const x = axisOf(
    xLabel,
    points.map(([value]) => value),
  );
  const y = axisOf(
    yLabel,
    points.map(([, value]) => value),
  );
  const at = ([across, up]: readonly [number, number]): [number, number] => [
    round(plot.left + share(across, x) * (plot.right - plot.left)),
    round(plot.bottom - share(up, y) * (plot.bottom - plot.top)),
  ];
  const parts = [
    `<title>${escaped(title)}</title>`,
    text(plot.left, 22, title, 'font-size="15" font-weight="bold"'),
    ...powers(x).flatMap((value) => {
      const [across] = at([value, y.from]);
      return [line([across, plot.top], [across, plot.bottom]), text(across, plot.bottom + 18, String(value), middle)];
    }),
    ...powers(y).flatMap((value) => {
      const [, up] = at([x.from, value]);
      return [line([plot.left, up], [plot.right, up]), text(plot.left - 8, up + 4, String(value), 'text-anchor="end"')];
    }),
    text((plot.left + plot.right) / 2, plot.bottom + 42, x.label, middle),
    text(
      18,
      (plot.top + plot.bottom) / 2,
      y.label,
      `${middle} transform="rotate(-90 18 ${(plot.top + plot.bottom) / 2})"`,
    ),
    ...drawn.flatMap((one, index) => [...curve(one, at), ...legend(one, index)]),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12" fill="#888">
${parts.map((part) => `  ${part}\n`).join("")}</svg>
`;
}

const middle = 'text-anchor="middle"';

/** The powers of ten that hold all values. */
export function axisOf(label: string, values: readonly number[]): Axis {
  const [least, most] = values.length === 0 ? [1, 1] : [Math.min(...values), Math.max(...values)];
  const from = Math.floor(Math.log10(least));
  return { label, from: 10 ** from, to: 10 ** Math.max(from + 1, Math.ceil(Math.log10(most))) };
}

/** How far along the axis a value is, 0 to 1. */
export function share(value: number, { from, to }: Axis): number {
  return Math.log(value / from) / Math.log(to / from);
}

/** A tick at each. */
function powers({ from, to }: Axis): number[] {
  const first = Math.round(Math.log10(from));
  return Array.from({ length: Math.round(Math.log10(to)) - first + 1 }, (_, index) => 10 ** (first + index));
}

function curve(
  { color, dashed, points }: Series,
  at: (point: readonly [number, number]) => [number, number],
): string[] {
  const places = points.map(at);
  return [
    `<polyline points="${places.map((place) => place.join(",")).join(" ")}" fill="none" ${stroke(color, dashed)}/>`,
    ...places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${color}"/>`),
  ];
}

function legend({ name, color, dashed }: Series, index: number): string[] {
  const up = plot.top + 10 + index * 22;
  const left = plot.right + 16;
  return [
    `<line x1="${left}" y1="${up}" x2="${left + 26}" y2="${up}" ${stroke(color, dashed)}/>`,
    text(left + 34, up + 4, name),
  ];
}

function stroke(color: string, dashed = false): string {
  return `stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="6 4"' : ""}`;
}

function line([x1, y1]: readonly number[], [x2, y2]: readonly number[]): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#888" stroke-opacity="0.35"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes === "" ? "" : ` ${attributes}`}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
