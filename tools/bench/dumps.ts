/** Where two JSON texts differ, a line each: the path and both values. */
export function differences(one: string, other: string): string[] {
  return [...differing("", JSON.parse(one), JSON.parse(other))];
}

function* differing(path: string, one: unknown, other: unknown): Generator<string> {
  if (JSON.stringify(one) === JSON.stringify(other)) return;
  if (!isBranch(one) || !isBranch(other)) {
    yield `${path}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`;
    return;
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
    yield* differing(path === "" ? key : `${path}.${key}`, one[key], other[key]);
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
