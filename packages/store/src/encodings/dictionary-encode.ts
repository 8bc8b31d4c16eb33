import { createDigester } from "@reseal/hash";
import type { BlobInfo, ByteSource } from "../blob-store.ts";
import { storeErrors } from "../errors.ts";
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
    const text = block.bytes.toString("latin1");
    const isText = utf8Test(block.bytes);
    for (let start = 0; start < text.length; ) {
      const end = lineEnd(text, start);
      // The first record stays as it is, so its values need no numbers.
      if (lines > 0 && isText(start, end)) counter.add(text, start, end);
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
 * Write JSON lines with numbers in place of repeated values.
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

interface NumberedField {
  readonly name: string;
  readonly numbers: ReadonlyMap<string, string>;
}

/** Encodes block after block of whole lines. */
class LineEncoder {
  readonly #dictionaries: ReadonlyMap<string, NumberedField>;
  readonly #fields: FieldTable<NumberedField>;
  readonly #scanner = new MemberScanner();
  readonly #isName = (name: string): boolean => this.#dictionaries.has(name);
  #isFirst = true;
  #isInLong = false;

  constructor(dictionaries: readonly FieldDictionary[]) {
    this.#dictionaries = new Map(
      dictionaries.map(({ name, values }) => {
        const numbers = new Map(values.map((value, index) => [value, String(index)]));
        return [name, { name, numbers }];
      }),
    );
    let others = 0;
    this.#fields = new FieldTable((name) => {
      const field = this.#dictionaries.get(name);
      if (field !== undefined || others === fieldsMax) return field;
      others += 1;
      return { name, numbers: new Map() };
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
    const text = bytes.toString("latin1");
    const isText = utf8Test(bytes);
    const finder = new MarkerFinder(text, this.#isName);
    const mayMislead = [markerEnd, verbatimLine, headerMark].some((mark) => text.includes(mark));
    let out = "";
    let written = 0;
    for (let lineStart = 0; lineStart < text.length; ) {
      const end = lineEnd(text, lineStart);
      const from = lineStart;
      lineStart = end + 1;
      if (this.#isFirst) {
        this.#isFirst = false;
      } else if (mayMislead && this.#misleads(text, from, end, finder)) {
        out += `${text.slice(written, from)}${verbatimLine}\n`;
        written = from;
      } else if (isText(from, end) && this.#scanner.scan(text, from, end)) {
        const { count, nameEnds, valueStarts, valueEnds } = this.#scanner;
        for (let member = 0; member < count; member += 1) {
          const start = valueStarts[member] ?? 0;
          if (start < written) continue; // Inside a value that has its number.
          const numbers = this.#fields.find(text, this.#scanner, member)?.numbers;
          if (numbers === undefined || numbers.size === 0) continue;
          const valueEnd = valueEnds[member] ?? 0;
          if (valueEnd - start > valueBytesMax) continue;
          const number = numbers.get(text.slice(start, valueEnd));
          if (number === undefined) continue;
          const nameEnd = nameEnds[member] ?? 0;
          out += text.slice(written, nameEnd) + markerEnd + text.slice(nameEnd + 1, start) + number;
          written = valueEnd;
        }
      }
    }
    if (written === 0 && out === "") return bytes;
    return Buffer.from(out + text.slice(written), "latin1");
  }

  /** Whether a reader would take a line that is left as it is for something else. */
  #misleads(text: string, start: number, end: number, finder: MarkerFinder): boolean {
    if (finder.next(start, end) !== undefined) return true;
    const line = text.slice(start, end);
    return line === verbatimLine || line.includes(headerMark);
  }
}
