import { viewOf } from "./byte-view.ts";
import { headerBytesMax, markerEnd, valueBytesMin } from "./dictionary-limits.ts";
import type { FieldValues, ValueCounter } from "./field-values.ts";
import { MemberScanner } from "./json-members.ts";

/** The values of one field that get numbers: JSON text as Latin-1, at the place of its number. */
export interface FieldDictionary {
  readonly name: string;
  readonly values: readonly string[];
}

interface Candidate {
  readonly name: string;
  readonly value: string;
  readonly count: number;
  readonly saving: number;
}

/** Room for the rest of the header. */
const dictionariesBytesMax = headerBytesMax - 4096;

/**
 * Choose the values that pay: those seen `threshold` times at least whose numbers, with the entry
 * in the header, are shorter than what they stand for. The most frequent get the shortest numbers.
 */
export function chooseValues(counter: ValueCounter, threshold: number): FieldDictionary[] {
  const fields = [...counter.fields()].filter(({ name }) => !isTaken(name, counter));
  leaveInnerValuesOut(fields, threshold);
  const candidates = fields.flatMap((field) => candidatesOf(field, threshold));
  candidates.sort((a, b) => b.saving - a.saving || compare(a, b));
  const chosen = new Map<string, Candidate[]>();
  let bytes = 0;
  for (const candidate of candidates) {
    const values = chosen.get(candidate.name);
    bytes +=
      entryBytes(candidate.value, 5) + (values === undefined ? candidate.name.length + 6 : 0);
    if (bytes > dictionariesBytesMax) break;
    if (values === undefined) chosen.set(candidate.name, [candidate]);
    else values.push(candidate);
  }
  return [...chosen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => ({
      name,
      values: values.sort((a, b) => b.count - a.count || compare(a, b)).map(({ value }) => value),
    }));
}

/** A field whose marker is itself the name of a field. */
function isTaken(name: string, counter: ValueCounter): boolean {
  return counter.hasField(name + markerEnd.slice(0, -1));
}

/**
 * Where a whole object gets a number, the values in it are never seen: take them off the counts.
 * Longest first, so that an object inside another is taken off before its own turn.
 */
function leaveInnerValuesOut(fields: readonly FieldValues[], threshold: number): void {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const composites = fields.flatMap(({ name, counts }) =>
    [...counts.keys()].filter((value) => /^[[{]/.test(value)).map((value) => ({ name, value })),
  );
  composites.sort((a, b) => b.value.length - a.value.length || compare(a, b));
  const scanner = new MemberScanner();
  for (const { name, value } of composites) {
    const count = byName.get(name)?.counts.get(value) ?? 0;
    if (count < threshold || savingOf(value, count, 5) <= 0) continue;
    if (!scanner.scan(viewOf(Buffer.from(value, "latin1")), 0, value.length)) continue;
    for (let member = 0; member < scanner.count; member += 1) {
      const inner = value.slice(scanner.nameStart(member), scanner.nameEnd(member));
      const text = value.slice(scanner.valueStarts[member], scanner.valueEnds[member]);
      const counts = byName.get(inner)?.counts;
      const before = counts?.get(text);
      if (before !== undefined) counts?.set(text, Math.max(0, before - count));
    }
  }
}

function candidatesOf({ name, counts }: FieldValues, threshold: number): Candidate[] {
  const repeated = [...counts].filter(([, count]) => count >= threshold);
  const digits = String(repeated.length).length;
  return repeated
    .map(([value, count]) => ({ name, value, count, saving: savingOf(value, count, digits) }))
    .filter(({ saving, value }) => saving > 0 && value.length >= valueBytesMin);
}

function savingOf(value: string, count: number, digits: number): number {
  const numberBytes = digits + markerEnd.length - 1;
  return count * (value.length - numberBytes) - entryBytes(value, digits);
}

/** What an entry of the header takes, about. */
function entryBytes(value: string, digits: number): number {
  return digits + (isPlain(value) ? value.length + 4 : 2 * value.length + 16);
}

/** Whether a value is a string without escapes, which the header holds as it is. */
export function isPlain(value: string): boolean {
  if (!value.startsWith('"')) return false;
  for (let at = 1; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code < 0x20 || code === 0x5c) return false;
  }
  return true;
}

function compare(a: Pick<Candidate, "name" | "value">, b: typeof a): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.value < b.value ? -1 : Number(a.value > b.value);
}
