import type { Difference } from "@reseal/schema";
import { compareCells, isSameCell, numberOf } from "./compare-cells.ts";
import { compareKeyedRows } from "./compare-csv-keys.ts";
import { sides } from "./compare-json.ts";
import { guessDelimiter, parseCsv } from "./csv.ts";
import { createTally, type PayloadComparison } from "./payload-comparison.ts";
import type { PayloadTolerance } from "./tolerance.ts";

/**
 * Compare two tables cell by cell, numbers within the tolerance.
 *
 * Comma, tab and semicolon are recognised from the original's first line. The first row is a
 * header when none of its cells is a number. A difference names the row, from 1 and without the
 * header, and the column by its name, or by its number from 1; one in the header names the line.
 * Cells are quoted as they stand in the file. Ignored columns are not looked at; the header
 * counts all the same, so that they are the same columns.
 *
 * Where the tolerance names key columns that the original has, rows are paired by them and columns
 * by name; see {@link compareKeyedRows}.
 */
export function compareCsv(
  original: string,
  candidate: string,
  tolerance: PayloadTolerance,
): PayloadComparison {
  const delimiter = guessDelimiter(original);
  const a = parseCsv(original, delimiter);
  const b = parseCsv(candidate, delimiter);
  const header = isHeader(a[0]) ? (a[0] ?? []) : undefined;
  const keyed = tolerance.key && compareKeyedRows(a, b, header !== undefined, tolerance);
  if (keyed !== undefined) return keyed;
  const ignored = new Set(tolerance.ignore?.columns);
  const tally = createTally();
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [rowA, rowB] = [a[index], b[index]];
    const isInHeader = header !== undefined && index === 0;
    const row: Difference = isInHeader ? { line: 1 } : { row: index + (header ? 0 : 1) };
    if (rowA === undefined || rowB === undefined) {
      tally.difference(() => ({ ...row, ...sides(rowA, rowB) }));
      continue;
    }
    for (let column = 0; column < Math.max(rowA.length, rowB.length); column += 1) {
      const [cellA, cellB] = [rowA[column], rowB[column]];
      if (isSameCell(cellA, cellB, tolerance)) continue;
      const name = (isInHeader ? undefined : header?.[column]) || String(column + 1);
      if (!isInHeader && ignored.has(name)) continue;
      const place = (): Difference => ({
        ...row,
        column: name,
        ...sides(cellA, cellB),
      });
      const numbers = isInHeader ? undefined : compareCells(cellA, cellB, tolerance);
      if (numbers === undefined) tally.difference(place);
      else tally.number(numbers, place);
    }
  }
  return tally.result();
}

function isHeader(row: readonly string[] | undefined): boolean {
  return row?.every((cell) => numberOf(cell) === undefined) ?? false;
}
