import { createDigester } from "@reseal/hash";
import type { BlobInfo, ByteSource } from "../blob-store.ts";
import { storeErrors } from "../errors.ts";
import { ByteTable } from "./byte-table.ts";
import { textOf, viewOf } from "./byte-view.ts";
import { ByteWriter } from "./byte-writer.ts";
import { chooseValues, type FieldDictionary } from "./choose-values.ts";
import { formatHeader } from "./dictionary-header.ts";
import { headerMark, markerEnd, valueBytesMax, verbatimLine } from "./dictionary-limits.ts";
import { FieldTable } from "./field-table.ts";
import { ValueCounter } from "./field-values.ts";
import { MemberScanner } from "./json-members.ts";
import { lineBlocks, lineEnd, utf8Test } from "./line-blocks.ts";
import { MarkerFinder } from "./markers.ts";

/** Options of {@link planDictionary}. */
export interface DictionaryOptions {
  /** How often a field must have a value for it to be put into the dictionary; 2 at least. */
  readonly threshold: number;
}

/** What a first reading of a JSONL file found; {@link encodeDictionary} needs it. */
export interface DictionaryPlan {
  readonly original: BlobInfo;
  readonly lines: number;
  /** Empty when no value repeats often enough to pay: then the file cannot shrink. */
  readonly dictionaries: readonly FieldDictionary[];
}

/** Read JSON lines once and choose which values get numbers. Memory is bounded. */
export async function planDictionary(
  source: ByteSource,
  { threshold }: DictionaryOptions,
): Promise<DictionaryPlan> {
  const digester = createDigester();
  const counter = new ValueCounter();
  let lines = 0;
  for await (const block of lineBlocks(source)) {
    digester.update(block.bytes);
    if (block.kind === "piece") {
      if (block.isLast) lines += 1;
      continue;
    }
    const { bytes } = block;
    const view = viewOf(bytes);
    const isText = utf8Test(bytes);
    for (let start = 0; start < bytes.length; ) {
      const end = lineEnd(bytes, start);
      // The first record stays as it is, so its values need no numbers.
      if (lines > 0 && isText(start, end)) counter.add(view, start, end);
      lines += 1;
      start = end + 1;
    }
  }
  const original = { digest: digester.digest(), size: digester.size };
  const dictionaries = chooseValues(counter, Math.max(2, threshold));
  const isTooLong = formatHeader({ original, dictionaries }) === undefined;
  return { original, lines, dictionaries: isTooLong ? [] : dictionaries };
}

/**
 * Write JSON lines with numbers in place of repeated values. The memory of each piece is used again
 * for the next.
 * @param source The same bytes that were planned for.
 * @throws `STORE_FILE_CHANGED` at the end when they were others.
 * @see docs/format/compaction.md
 */
export async function* encodeDictionary(
  source: ByteSource,
  { original, dictionaries }: DictionaryPlan,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = createDigester();
  const lines = new LineEncoder(dictionaries);
  yield formatHeader({ original, dictionaries }) ?? Buffer.alloc(0);
  for await (const block of lineBlocks(source)) {
    digester.update(block.bytes);
    if (block.kind === "lines") {
      yield lines.encode(block.bytes);
    } else {
      if (lines.beginLong()) yield Buffer.from(`${verbatimLine}\n`);
      yield block.bytes;
      if (block.isLast) lines.endLong();
    }
  }
  if (digester.digest() === original.digest) return;
  throw storeErrors.FILE_CHANGED("The file changed while it was encoded.", {
    details: { digest: original.digest },
  });
}

/** Fields without numbers whose names are kept, so that they are known at once. */
const fieldsMax = 1024;

/** The values of a field that have numbers, and how each number is written. */
interface NumberedField {
  readonly values: ByteTable;
  readonly numbers: readonly DataView[];
}

const marks: readonly Buffer[] = [markerEnd, verbatimLine, headerMark].map((mark) =>
  Buffer.from(mark),
);
const markerEndBytes: DataView = viewOf(Buffer.from(markerEnd));
const verbatimBytes: DataView = viewOf(Buffer.from(`${verbatimLine}\n`));
const verbatimText: Buffer = Buffer.from(verbatimLine);
const headerBytes: Buffer = Buffer.from(headerMark);

/** Encodes block after block of whole lines. */
class LineEncoder {
  readonly #dictionaries: ReadonlyMap<string, NumberedField>;
  readonly #fields: FieldTable<NumberedField>;
  readonly #scanner = new MemberScanner();
  readonly #markers = new MarkerFinder((view, start, end) =>
    this.#dictionaries.get(textOf(view, start, end)),
  );
  readonly #out = new ByteWriter();
  #isFirst = true;
  #isInLong = false;

  constructor(dictionaries: readonly FieldDictionary[]) {
    this.#dictionaries = new Map(
      dictionaries.map(({ name, values }) => [name, numberedField(values)]),
    );
    let others = 0;
    this.#fields = new FieldTable((name) => {
      const field = this.#dictionaries.get(name);
      if (field !== undefined || others === fieldsMax) return field;
      others += 1;
      return numberedField([]);
    });
  }

  /** @returns whether a line that is carried as it is must be announced. */
  beginLong(): boolean {
    const isAnnounced = !this.#isFirst && !this.#isInLong;
    this.#isInLong = true;
    return isAnnounced;
  }

  endLong(): void {
    this.#isInLong = false;
    this.#isFirst = false;
  }

  encode(bytes: Buffer): Uint8Array {
    const view = viewOf(bytes);
    const isText = utf8Test(bytes);
    const mayMislead = marks.some((mark) => bytes.includes(mark));
    const out = this.#out;
    out.begin(bytes.length + verbatimBytes.byteLength);
    let written = 0; // What comes before it is in `out`.
    for (let lineStart = 0; lineStart < bytes.length; ) {
      const end = lineEnd(bytes, lineStart);
      const from = lineStart;
      lineStart = end + 1;
      if (this.#isFirst) {
        this.#isFirst = false;
      } else if (mayMislead && this.#misleads(view, bytes, from, end)) {
        out.copy(view, written, from);
        out.copy(verbatimBytes, 0, verbatimBytes.byteLength);
        written = from;
      } else if (isText(from, end) && this.#scanner.scan(view, from, end)) {
        written = this.#encodeMembers(view, written, out);
      }
    }
    if (written === 0 && out.length === 0) return bytes;
    out.copy(view, written, bytes.length);
    return out.done();
  }

  /** Write numbers for values of the line that was scanned. @returns up to where all is written */
  #encodeMembers(view: DataView, from: number, out: ByteWriter): number {
    const { count, valueStarts, valueEnds } = this.#scanner;
    let written = from;
    for (let member = 0; member < count; member += 1) {
      const start = valueStarts[member] ?? 0;
      if (start < written) continue; // Inside a value that has its number.
      const field = this.#fields.find(view, this.#scanner, member);
      if (field === undefined || field.values.size === 0) continue;
      const valueEnd = valueEnds[member] ?? 0;
      if (valueEnd - start > valueBytesMax) continue;
      const number = field.numbers[field.values.find(view, start, valueEnd)];
      if (number === undefined) continue;
      const nameEnd = this.#scanner.nameEnd(member);
      out.copy(view, written, nameEnd);
      out.copy(markerEndBytes, 0, markerEndBytes.byteLength);
      out.copy(view, nameEnd + 1, start);
      out.copy(number, 0, number.byteLength);
      written = valueEnd;
    }
    return written;
  }

  /** Whether a reader would take a line that is left as it is for something else. */
  #misleads(view: DataView, bytes: Buffer, start: number, end: number): boolean {
    let isMarked = false;
    for (let at = start; this.#markers.next(view, at, end); at = this.#markers.end) isMarked = true;
    if (isMarked) return true;
    const line = bytes.subarray(start, end);
    return line.equals(verbatimText) || line.includes(headerBytes);
  }
}

function numberedField(texts: readonly string[]): NumberedField {
  const values = new ByteTable();
  for (const text of texts) values.add(viewOf(Buffer.from(text, "latin1")), 0, text.length);
  return { values, numbers: texts.map((_, number) => viewOf(Buffer.from(String(number)))) };
}
