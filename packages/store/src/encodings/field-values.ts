import { ByteTable } from "./byte-table.ts";
import { viewOf } from "./byte-view.ts";
import { nameBytesMax, valueBytesMax, valueBytesMin } from "./dictionary-limits.ts";
import { FieldTable } from "./field-table.ts";
import { MemberScanner } from "./json-members.ts";

const quote = 0x22;
const backslash = 0x5c;
/** What may be kept in memory while values are counted. */
const fieldsMax = 1024;
const valuesMax = 32_768;
const bytesMax = 32 * 1024 * 1024;
/** After so many different values, a field that hardly repeats any is given up. */
const trialValues = 2048;

/** The values of one field, each with how often it was seen. */
export interface FieldValues {
  readonly name: string;
  /** JSON text as Latin-1. Empty for a field that does not repeat itself. */
  readonly counts: Map<string, number>;
}

interface CountedField {
  readonly name: string;
  values: ByteTable;
  /** How often each value was seen, by its number. */
  counts: number[];
  seen: number;
  isGivenUp: boolean;
  /** No further value is taken in. */
  isFull: boolean;
}

/**
 * Counts how often each field has each value, in bounded memory: what is seen once may be
 * forgotten, and a field of nothing but new values is given up. The result depends on the lines
 * alone, not on how they arrive.
 */
export class ValueCounter {
  readonly #scanner = new MemberScanner();
  #fieldCount = 0;
  #bytes = 0;
  readonly #fields = new FieldTable<CountedField>((name) => {
    if (this.#fieldCount === fieldsMax || name.length > nameBytesMax) return undefined;
    this.#fieldCount += 1;
    const isGivenUp = !canBeMarked(name);
    return { name, values: new ByteTable(), counts: [], seen: 0, isGivenUp, isFull: false };
  });

  /** Count the values of one line; what is no JSON is passed over. */
  add(view: DataView, start: number, end: number): void {
    const scanner = this.#scanner;
    if (!scanner.scan(view, start, end)) return;
    for (let member = 0; member < scanner.count; member += 1) {
      const field = this.#fields.find(view, scanner, member);
      if (field === undefined || field.isGivenUp) continue;
      const valueStart = scanner.valueStarts[member] ?? 0;
      const valueEnd = scanner.valueEnds[member] ?? 0;
      const length = valueEnd - valueStart;
      if (length < valueBytesMin || length > valueBytesMax) continue;
      field.seen += 1;
      const number = field.values.find(view, valueStart, valueEnd);
      if (number < 0) this.#addValue(field, view, valueStart, valueEnd);
      else field.counts[number] = (field.counts[number] ?? 0) + 1;
    }
  }

  /** Whether the lines have a field of this name, as far as is known. */
  hasField(name: string): boolean {
    return this.#fields.get(name) !== undefined;
  }

  /** The fields that repeat values, in the order in which they were first seen. */
  *fields(): Generator<FieldValues> {
    for (const { name, values, counts, isGivenUp } of this.#fields.values()) {
      if (isGivenUp) continue;
      yield {
        name,
        counts: new Map(
          counts.map((count, number) => [values.at(number).toString("latin1"), count]),
        ),
      };
    }
  }

  #addValue(field: CountedField, view: DataView, start: number, end: number): void {
    const size = field.counts.length;
    const isTried = size === trialValues || size === valuesMax;
    if (isTried && field.seen < size * 1.125) {
      this.#giveUp(field);
      return;
    }
    if (size >= valuesMax || this.#bytes > bytesMax) this.#forgetRare(field);
    if (field.isFull) return;
    field.values.add(view, start, end);
    field.counts.push(1);
    this.#bytes += end - start;
  }

  #giveUp(field: CountedField): void {
    for (let number = 0; number < field.values.size; number += 1)
      this.#bytes -= field.values.at(number).length;
    field.values = new ByteTable();
    field.counts = [];
    field.isGivenUp = true;
  }

  #forgetRare(field: CountedField): void {
    if (field.isFull) return;
    const { values, counts } = field;
    field.values = new ByteTable();
    field.counts = [];
    for (const [number, count] of counts.entries()) {
      const value = values.at(number);
      if (count > 1) {
        field.values.add(viewOf(value), 0, value.length);
        field.counts.push(count);
      } else this.#bytes -= value.length;
    }
    // Looking again and again for little would cost more than it gives.
    const forgotten = counts.length - field.counts.length;
    field.isFull = forgotten < counts.length / 8 || this.#bytes > bytesMax;
  }
}

/**
 * Whether a marker made of this name, as Latin-1, can be told from all else in a line: it must
 * begin as nothing does that stands behind a string, and need no escapes.
 */
export function canBeMarked(name: string): boolean {
  if (name === "" || name === "__proto__" || " ,:}]".includes(name.charAt(0))) return false;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code < 0x20 || code === quote || code === backslash) return false;
  }
  return true;
}
