import type { Difference } from "@reseal/schema";
import { sides } from "./compare-json.ts";
import { compareIntegers, compareNumbers, type NumberComparison } from "./compare-numbers.ts";
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
  const ignored = new Set(tolerance.ignore?.columns);
  const isNanEqual = tolerance.nan !== "different";
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
      if (cellA === cellB && (isNanEqual || cellA === undefined || !isNan(cellA))) continue;
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

function isNan(cell: string): boolean {
  return Number.isNaN(numberOf(cell));
}

function isHeader(row: readonly string[] | undefined): boolean {
  return row?.every((cell) => numberOf(cell) === undefined) ?? false;
}

/** Compare two cells as numbers; `undefined` when one of them is none. */
export function compareCells(
  a: string | undefined,
  b: string | undefined,
  tolerance: PayloadTolerance,
): NumberComparison | undefined {
  if (a === undefined || b === undefined) return undefined;
  const [numberA, numberB] = [numberOf(a), numberOf(b)];
  if (numberA === undefined || numberB === undefined) return undefined;
  // Two integers beyond 2^53 may be one double and yet differ.
  const isExact = Number.isSafeInteger(numberA) && Number.isSafeInteger(numberB);
  if (!isExact && isInteger(a) && isInteger(b))
    return compareIntegers(integerOf(a), integerOf(b), tolerance);
  return compareNumbers(numberA, numberB, tolerance);
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const special: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
]);

/** The number that a cell holds, as C, Python, R and Julia write it. */
export function numberOf(cell: string): number | undefined {
  const text = cell.trim();
  if (decimal.test(text)) return Number(text);
  const [, sign = "", word = ""] = /^([+-]?)([a-z]+)$/i.exec(text) ?? [];
  const value = special.get(word.toLowerCase());
  return value === undefined || sign !== "-" ? value : -value;
}

function isInteger(cell: string): boolean {
  return /^\s*[+-]?\d+\s*$/.test(cell);
}

function integerOf(cell: string): bigint {
  const text = cell.trim();
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text.replace(/^\+/, ""));
}
