import type { Difference } from "@reseal/schema";
import { compareCells, isSameCell } from "./compare-cells.ts";
import { sides } from "./compare-json.ts";
import { createTally, type PayloadComparison } from "./payload-comparison.ts";
import type { PayloadTolerance } from "./tolerance.ts";

/**
 * Compare two tables whose rows are named by the cells of some columns: rows are paired by these
 * cells, wherever they stand, and columns by their names. A key that is there several times is
 * paired in order. A difference names the key, the column and the row in the original, or in the
 * candidate when only that has it; rows of the original come first.
 *
 * @returns `undefined` when the original has no such columns or two of one name, so that its rows
 * have no names.
 */
export function compareKeyedRows(
  a: readonly (readonly string[])[],
  b: readonly (readonly string[])[],
  hasHeader: boolean,
  tolerance: PayloadTolerance,
): PayloadComparison | undefined {
  const { key = [], ignore } = tolerance;
  const [columnsA, columnsB] = [columnsOf(a, hasHeader), columnsOf(b, hasHeader)];
  const names = [...columnsA.keys()];
  const width = hasHeader ? a[0]?.length : columnsA.size;
  if (names.length !== width || !key.every((name) => columnsA.has(name))) return undefined;
  const tally = createTally();
  for (const name of new Set([...names, ...columnsB.keys()])) {
    const [inA, inB] = [columnsA.has(name), columnsB.has(name)];
    if (inA === inB) continue;
    const own = sides(inA ? name : undefined, inB ? name : undefined);
    tally.difference(() => ({ ...(hasHeader && { line: 1 }), column: name, ...own }));
  }
  if (hasHeader && b[0]?.length !== columnsB.size)
    tally.difference(() => ({ line: 1, ...sides(a[0], b[0]) })); // Two columns have one name.
  // Without its keys no row of the candidate can be paired; what is wrong has been told.
  if (!key.every((name) => columnsB.has(name))) return tally.result();

  const ignored = new Set([...(ignore?.columns ?? []), ...key]);
  const compared = names.filter((name) => columnsB.has(name) && !ignored.has(name));
  for (const { left, right } of pairs(
    rowsOf(a, columnsA, key, hasHeader),
    rowsOf(b, columnsB, key, hasHeader),
  )) {
    const row = left?.row ?? right?.row ?? 1;
    const named = { row, key: (left ?? right)?.key ?? {} };
    if (left === undefined || right === undefined) {
      tally.difference(() => ({ ...named, ...sides(left?.cells, right?.cells) }));
      continue;
    }
    for (const name of compared) {
      const cellA = left.cells[columnsA.get(name) ?? 0];
      const cellB = right.cells[columnsB.get(name) ?? 0];
      if (isSameCell(cellA, cellB, tolerance)) continue;
      const place = (): Difference => ({ ...named, column: name, ...sides(cellA, cellB) });
      const numbers = compareCells(cellA, cellB, tolerance);
      if (numbers === undefined) tally.difference(place);
      else tally.number(numbers, place);
    }
    const [restA, restB] = [left.cells.slice(columnsA.size), right.cells.slice(columnsB.size)];
    if (JSON.stringify(restA) !== JSON.stringify(restB))
      tally.difference(() => ({ ...named, ...sides(restA, restB) })); // Beyond the header.
  }
  return tally.result();
}

/** Where each column stands, by its name, or by its number from 1 without a header. */
function columnsOf(
  rows: readonly (readonly string[])[],
  hasHeader: boolean,
): ReadonlyMap<string, number> {
  if (hasHeader) return new Map(rows[0]?.map((name, index) => [name, index]));
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return new Map(Array.from({ length: width }, (_, index) => [String(index + 1), index]));
}

interface KeyedRow {
  readonly key: Readonly<Record<string, string>>;
  /** The cells of the key, and how many rows of the same key stand before. */
  readonly id: string;
  readonly row: number;
  readonly cells: readonly string[];
}

function rowsOf(
  rows: readonly (readonly string[])[],
  columns: ReadonlyMap<string, number>,
  key: readonly string[],
  hasHeader: boolean,
): KeyedRow[] {
  const turns = new Map<string, number>();
  return rows.slice(hasHeader ? 1 : 0).map((cells, index) => {
    const named = key.map((name) => [name, cells[columns.get(name) ?? 0] ?? ""] as const);
    const text = JSON.stringify(named.map(([, cell]) => cell));
    const turn = turns.get(text) ?? 0;
    turns.set(text, turn + 1);
    return { key: Object.fromEntries(named), id: `${turn} ${text}`, row: index + 1, cells };
  });
}

/** The rows of the original with their partners, then those that only the candidate has. */
function* pairs(
  a: readonly KeyedRow[],
  b: readonly KeyedRow[],
): Generator<{ readonly left?: KeyedRow; readonly right?: KeyedRow }> {
  const others = new Map(b.map((row) => [row.id, row]));
  for (const left of a) {
    const right = others.get(left.id);
    others.delete(left.id);
    yield { left, ...(right && { right }) };
  }
  for (const right of others.values()) yield { right };
}
