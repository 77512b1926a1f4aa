/** How many changed inputs the tests try; ESXI_ISER_MUTATIONS sets it for all of them together. */
const all = Number(process.env.ESXI_ISER_MUTATIONS ?? 100_000);

/** The part of all that one test tries. */
export function shareOf(part: number): number {
  return Math.ceil(all * part);
}

/** Counts outcomes by kind, for one line that says what was tried. */
export class Tally<Outcome extends string> {
  private readonly counts = new Map<string, Map<Outcome, number>>();

  add(kind: string, outcome: Outcome): void {
    const of = this.counts.get(kind) ?? new Map<Outcome, number>();
    this.counts.set(kind, of);
    of.set(outcome, (of.get(outcome) ?? 0) + 1);
  }

  total(outcome?: Outcome): number {
    const each = [...this.counts.values()].flatMap((of) => [...of]);
    return each.reduce((sum, [one, count]) => sum + (outcome === undefined || one === outcome ? count : 0), 0);
  }

  /** `12 changed: cut 3 (refused 3), number 9 (refused 7, understood 2)` */
  line(what: string): string {
    const kinds = [...this.counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, of]) => {
        const outcomes = [...of].map(([outcome, count]) => `${outcome} ${count}`).join(", ");
        return `${kind} (${outcomes})`;
      });
    return `      ${this.total()} ${what}: ${kinds.join(", ")}\n`;
  }
}
