import { createDigester } from "@reseal/hash";
import type { ByteSource } from "../blob-store.ts";
import {
  type DictionaryHeader,
  invalid,
  parseForeignHeader,
  parseHeader,
} from "./dictionary-header.ts";
import {
  headerBytesMax,
  headerMark,
  lineBytesMax,
  markerEnd,
  verbatimLine,
} from "./dictionary-limits.ts";
import { lineBlocks, lineEnd } from "./line-blocks.ts";
import { MarkerFinder } from "./markers.ts";

/** Options of {@link decodeDictionary}. */
export interface DecodeOptions {
  /** Refuse a file whose original is longer than this. */
  readonly bytesMax?: number | undefined;
}

/**
 * Restore the bytes of a JSONL file from its dictionary form, checked against the digest that its
 * header names. Act on them only after the end: the first are out before the last are checked.
 * Memory is bounded whatever the file holds, and a byte of it never stands for more than some
 * hundreds.
 * @throws `STORE_ENCODING_INVALID`
 * @see docs/format/compaction.md
 */
export async function* decodeDictionary(
  source: ByteSource,
  { bytesMax = Number.MAX_SAFE_INTEGER }: DecodeOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new LineDecoder(parseHeader, { isStrict: true });
  const digester = createDigester();
  for await (const block of lineBlocks(source)) {
    const bytes =
      block.kind === "lines"
        ? decoder.decode(block.bytes)
        : decoder.piece(block.bytes, block.isLast);
    if (bytes.byteLength === 0) continue;
    digester.update(bytes);
    if (digester.size > Math.min(decoder.header.original.size, bytesMax))
      throw invalid("holds more than its header says, or than is allowed");
    yield bytes;
  }
  const { original } = decoder.header;
  if (digester.size !== original.size) throw invalid(`ends after ${digester.size} restored bytes`);
  if (digester.digest() !== original.digest)
    throw invalid("does not restore the bytes whose digest its header names");
}

/**
 * Restore the records of a JSONL file from the form in which CryptoRun wrote it. It kept no digest:
 * the records are the same, the order of their keys and the text of their numbers need not be.
 * @throws `STORE_ENCODING_INVALID`
 * @see docs/format/compaction.md
 */
export async function* decodeForeignDictionary(
  source: ByteSource,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new LineDecoder(parseForeignHeader, { isStrict: false });
  for await (const block of lineBlocks(source)) {
    const bytes =
      block.kind === "lines"
        ? decoder.decode(block.bytes)
        : decoder.piece(block.bytes, block.isLast);
    if (bytes.byteLength > 0) yield bytes;
  }
  if (!decoder.hasHeader) throw invalid("ends in its first line");
}

/**
 * Read what the first line of a dictionary file says, and no more.
 * @throws `STORE_ENCODING_INVALID`
 */
export async function readDictionaryHeader(source: ByteSource): Promise<DictionaryHeader> {
  const decoder = new LineDecoder(parseHeader, { isStrict: true });
  for await (const block of lineBlocks(source)) {
    if (block.kind === "lines") decoder.decode(firstLine(block.bytes));
    else decoder.piece(block.bytes, block.isLast);
    if (decoder.hasHeader) break;
  }
  return decoder.header;
}

function firstLine(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.indexOf(0x0a) + 1 || bytes.byteLength);
}

/** What the line that comes next is. */
type Expected = "header" | "first" | "any" | "verbatim";

class LineDecoder<Header extends Pick<DictionaryHeader, "dictionaries">> {
  readonly #parse: (line: Uint8Array) => Header;
  readonly #isStrict: boolean;
  #expected: Expected = "header";
  #header: Header | undefined;
  #dictionaries: ReadonlyMap<string, readonly string[]> = new Map();
  readonly #isName = (name: string): boolean => this.#dictionaries.has(name);
  /** A header that is longer than other lines may be. */
  #headerPieces: Buffer[] = [];

  /** @param isStrict Refuse what looks like a second header. */
  constructor(parse: (line: Uint8Array) => Header, { isStrict }: { readonly isStrict: boolean }) {
    this.#parse = parse;
    this.#isStrict = isStrict;
  }

  get hasHeader(): boolean {
    return this.#header !== undefined;
  }

  /** What the first line says. */
  get header(): Header {
    if (this.#header === undefined) throw invalid("ends in its first line");
    return this.#header;
  }

  /** Restore a block of whole lines. */
  decode(bytes: Buffer): Buffer {
    const text = bytes.toString("latin1");
    const finder = new MarkerFinder(text, this.#isName);
    const hasHeaderMark = this.#isStrict && text.includes(headerMark);
    let out = "";
    let written = 0; // What comes before it is in `out`, or is left out.
    for (let lineStart = 0; lineStart < text.length; ) {
      const start = lineStart;
      const end = lineEnd(text, start);
      const next = Math.min(end + 1, text.length);
      lineStart = end + 1;
      if (this.#expected === "header") {
        if (next === end) throw invalid("ends in its first line");
        this.#takeHeader(bytes.subarray(start, end));
        written = next;
      } else if (this.#expected !== "any") {
        this.#expected = "any";
      } else if (isVerbatimLine(text, start, end)) {
        if (next === end) throw invalid("ends where a line should come");
        out += text.slice(written, start);
        written = next;
        this.#expected = "verbatim";
      } else {
        if (hasHeaderMark && text.slice(start, end).includes(headerMark))
          throw invalid("has a second header");
        const restored = this.#restore(text, start, end, finder);
        if (restored === undefined) continue;
        out += text.slice(written, start) + restored;
        written = end;
      }
    }
    return Buffer.from(out + text.slice(written), "latin1");
  }

  /** Take a part of a line that is longer than an encoded one may be. */
  piece(bytes: Buffer, isLast: boolean): Buffer {
    if (this.#expected === "any") throw invalid("has a line that is too long");
    if (this.#expected !== "header") {
      if (isLast) this.#expected = "any";
      return bytes;
    }
    this.#headerPieces.push(Buffer.from(bytes)); // The source may use its buffer again.
    const length = this.#headerPieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (length > headerBytesMax) throw invalid("has a first line that is too long");
    if (!isLast) return Buffer.alloc(0);
    const line = Buffer.concat(this.#headerPieces);
    this.#headerPieces = [];
    if (line.at(-1) !== 0x0a) throw invalid("ends in its first line");
    this.#takeHeader(line.subarray(0, -1));
    return Buffer.alloc(0);
  }

  #takeHeader(line: Uint8Array): void {
    this.#header = this.#parse(line);
    this.#dictionaries = new Map(
      this.#header.dictionaries.map(({ name, values }) => [name, values]),
    );
    this.#expected = "first";
  }

  /** The line with values in place of numbers; `undefined` when it has no numbers. */
  #restore(text: string, start: number, end: number, finder: MarkerFinder): string | undefined {
    let out = "";
    let written = start;
    for (;;) {
      const marker = finder.next(written, end);
      if (marker === undefined) break;
      const number = text.slice(marker.number, marker.end);
      const value = this.#dictionaries.get(marker.name)?.[Number(number)];
      if (value === undefined || number !== String(Number(number)))
        throw invalid(`names number ${number.slice(0, 20)}, which its dictionary does not have`);
      const behindName = marker.suffix + suffixLength;
      out += text.slice(written, marker.suffix) + text.slice(behindName, marker.number) + value;
      written = marker.end;
      if (out.length > lineBytesMax) throw tooLong();
    }
    if (written === start) return undefined;
    if (out.length + end - written > lineBytesMax) throw tooLong();
    return out + text.slice(written, end);
  }
}

/** Of `_dict`. */
const suffixLength = markerEnd.length - 1;

function tooLong(): Error {
  return invalid("has a line that restores to more than a line may hold");
}

function isVerbatimLine(text: string, start: number, end: number): boolean {
  return end - start === verbatimLine.length && text.startsWith(verbatimLine, start);
}
