import { createDigester } from "@reseal/hash";
import type { ByteSource } from "../blob-store.ts";
import { isSame, textOf, viewOf } from "./byte-view.ts";
import { ByteWriter } from "./byte-writer.ts";
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
  /** The memory of each piece is used again for the next: only for who is done with it by then. */
  readonly isTransient?: boolean | undefined;
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
  { bytesMax = Number.MAX_SAFE_INTEGER, isTransient = false }: DecodeOptions = {},
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
    yield isTransient ? bytes : Buffer.from(bytes);
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
    if (bytes.byteLength > 0) yield Buffer.from(bytes);
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
  readonly #out = new ByteWriter();
  #expected: Expected = "header";
  #header: Header | undefined;
  #fields: ReadonlyMap<string, readonly DataView[]> = new Map();
  readonly #markers = new MarkerFinder((view, start, end) =>
    this.#fields.get(textOf(view, start, end)),
  );
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
    const view = viewOf(bytes);
    const hasHeaderMark = this.#isStrict && bytes.includes(headerMark);
    const out = this.#out;
    out.begin(bytes.length + bytes.length / 2);
    let written = 0; // What comes before it is in `out`, or is left out.
    for (let lineStart = 0; lineStart < bytes.length; ) {
      const start = lineStart;
      const end = lineEnd(bytes, start);
      const next = Math.min(end + 1, bytes.length);
      lineStart = end + 1;
      if (this.#expected === "header") {
        if (next === end) throw invalid("ends in its first line");
        this.#takeHeader(bytes.subarray(start, end));
        written = next;
      } else if (this.#expected !== "any") {
        this.#expected = "any";
      } else if (isVerbatimLine(view, start, end)) {
        if (next === end) throw invalid("ends where a line should come");
        out.copy(view, written, start);
        written = next;
        this.#expected = "verbatim";
      } else {
        if (hasHeaderMark && bytes.subarray(start, end).includes(headerMark))
          throw invalid("has a second header");
        written = this.#restore(view, start, end, written, out);
      }
    }
    out.copy(view, written, bytes.length);
    return out.done();
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
    this.#fields = new Map(
      this.#header.dictionaries.map(({ name, values }) => [
        name,
        values.map((value) => viewOf(Buffer.from(value, "latin1"))),
      ]),
    );
    this.#expected = "first";
  }

  /** Write a line with values in place of its numbers. @returns up to where all is written */
  #restore(view: DataView, start: number, end: number, from: number, out: ByteWriter): number {
    const markers = this.#markers;
    let written = from;
    let length = end - start;
    for (let at = start; markers.next(view, at, end); at = markers.end) {
      const { field, suffix, number } = markers;
      const value = field?.[numberIn(view, number, markers.end)];
      if (value === undefined) {
        const text = textOf(view, number, Math.min(number + 20, markers.end));
        throw invalid(`names number ${text}, which its dictionary does not have`);
      }
      length += value.byteLength - suffixLength - (markers.end - number);
      if (length > lineBytesMax + end - markers.end) throw tooLong();
      out.copy(view, written, suffix);
      out.copy(view, suffix + suffixLength, number);
      out.copy(value, 0, value.byteLength);
      written = markers.end;
    }
    if (written > start && length > lineBytesMax) throw tooLong();
    return written;
  }
}

const verbatimBytes: DataView = viewOf(Buffer.from(verbatimLine));

/** @returns -1 for what no number of ours looks like */
function numberIn(view: DataView, start: number, end: number): number {
  const digits = end - start;
  if (digits > digitsMax || (digits > 1 && view.getUint8(start) === zero)) return -1;
  let number = 0;
  for (let at = start; at < end; at += 1) number = number * 10 + view.getUint8(at) - zero;
  return number;
}

const zero = 0x30;
/** More values than have so many digits do not fit into a header. */
const digitsMax = 9;

/** Of `_dict`. */
const suffixLength = markerEnd.length - 1;

function tooLong(): Error {
  return invalid("has a line that restores to more than a line may hold");
}

function isVerbatimLine(view: DataView, start: number, end: number): boolean {
  const { byteLength } = verbatimBytes;
  return end - start === byteLength && isSame(verbatimBytes, 0, view, start, byteLength);
}
