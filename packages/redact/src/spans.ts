/** A secret found in a window: where, by which rule, and what tells it from other secrets. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
  /** The secret itself, decoded; gives it its number. Never leaves the redactor. */
  readonly secret: string;
  /** Of spans that overlap the one with the highest rank names the union. */
  readonly rank: number;
}

/** Sort spans and join those that overlap, so that each byte is replaced once. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const sorted = [...spans].sort(
    (a, b) => a.start - b.start || b.end - a.end || b.rank - a.rank || (a.rule < b.rule ? -1 : 1),
  );
  const merged: Span[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) {
      merged.push(span);
      continue;
    }
    const named = span.rank > last.rank ? span : last;
    merged[merged.length - 1] = {
      ...named,
      start: last.start,
      end: Math.max(last.end, span.end),
    };
  }
  return merged;
}
