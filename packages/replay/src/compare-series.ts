import type { Difference } from "@reseal/schema";
import { compareCells, numberOf } from "./compare-cells.ts";
import { compareCsv } from "./compare-csv.ts";
import { sides } from "./compare-json.ts";
import { parseCsv } from "./csv.ts";
import { createTally, type PayloadComparison } from "./payload-comparison.ts";
import type { PayloadTolerance } from "./tolerance.ts";

/**
 * Compare the courses of a metric by step: tables with the header `step,value`, as Reseal writes
 * them. A difference names the step, the smallest that differs, and its row in the original, or
 * in the candidate when only that has it. A step that is there several times is compared in order.
 *
 * Any other table is compared row by row; see {@link compareCsv}.
 */
export function compareSeries(
  original: string,
  candidate: string,
  tolerance: PayloadTolerance,
): PayloadComparison {
  const [a, b] = [pointsOf(original), pointsOf(candidate)];
  if (a === undefined || b === undefined) return compareCsv(original, candidate, tolerance);
  const tally = createTally();
  if (tolerance.ignore?.columns?.includes("value")) return tally.result();
  for (const { step, left, right } of pairs(a, b)) {
    const place = (): Difference => ({
      step,
      row: left?.row ?? right?.row ?? 1,
      column: "value",
      ...sides(left?.value, right?.value),
    });
    if (left === undefined || right === undefined) {
      tally.difference(place);
      continue;
    }
    const numbers = compareCells(left.value, right.value, tolerance);
    if (numbers !== undefined) tally.number(numbers, place);
    else if (left.value !== right.value) tally.difference(place);
  }
  return tally.result();
}

interface Point {
  readonly step: number;
  /** How many points of the same step stand before it. */
  readonly turn: number;
  readonly value: string;
  readonly row: number;
}

interface Pair {
  readonly step: number;
  readonly turn: number;
  readonly left?: Point;
  readonly right?: Point;
}

/** The points of a table that is the course of a metric. */
function pointsOf(text: string): Point[] | undefined {
  const [header, ...rows] = parseCsv(text, ",");
  if (header?.length !== 2 || header[0] !== "step" || header[1] !== "value") return undefined;
  const turns = new Map<number, number>();
  const points: Point[] = [];
  for (const [index, [cell, value, ...rest]] of rows.entries()) {
    const step = cell === undefined ? undefined : numberOf(cell);
    if (step === undefined || !Number.isFinite(step) || value === undefined || rest.length > 0)
      return undefined;
    const turn = turns.get(step) ?? 0;
    turns.set(step, turn + 1);
    points.push({ step, turn, value, row: index + 1 });
  }
  return points;
}

/** The points of both, paired, in the order of steps. */
function pairs(a: readonly Point[], b: readonly Point[]): Pair[] {
  const key = ({ step, turn }: Point): string => `${step} ${turn}`;
  const others = new Map(b.map((point) => [key(point), point]));
  const found: Pair[] = a.map((left) => {
    const right = others.get(key(left));
    others.delete(key(left));
    return { step: left.step, turn: left.turn, left, ...(right && { right }) };
  });
  for (const right of others.values()) found.push({ step: right.step, turn: right.turn, right });
  return found.sort((x, y) => x.step - y.step || x.turn - y.turn);
}
