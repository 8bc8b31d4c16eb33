import { gunzipSync } from "node:zlib";
import { type InflateInfo, type SmallEntry, wholeOf } from "./read-small.ts";
import type { ZipSource } from "./zip-source.ts";

// As one file of gzip, which may have many members: RFC 1952, section 2.2.

/** What every member begins with, and nothing else may: RFC 1952, section 2.3.1. */
const magic = Buffer.from([0x1f, 0x8b, 8]);
const header = Buffer.concat([magic, Buffer.alloc(6), Buffer.of(255)]);
const trailerBytes = 8;

/**
 * Inflates many small entries with one stream of zlib. One for each costs half as much again as the
 * inflating.
 */
export class ManyInflater {
  #ready: ReadonlyMap<number, Buffer> = new Map();
  #members: Buffer = Buffer.alloc(0);

  /**
   * Inflate entries in advance, if all of them are in order. What is wrong with one is said where
   * it is read by itself, as always.
   */
  inflate(source: ZipSource, entries: readonly SmallEntry[]): void {
    this.forget();
    const some = entries.filter(({ method, size }) => method === "deflated" && size > 0);
    if (some.length < 2) return;
    const inflated = inflateMembers(this.#gather(source, some), some);
    if (inflated !== undefined) this.#ready = inflated;
  }

  /** The bytes of an entry that was inflated. */
  take({ dataOffset }: SmallEntry): Buffer | undefined {
    return this.#ready.get(dataOffset);
  }

  forget(): void {
    if (this.#ready.size > 0) this.#ready = new Map();
  }

  /** Each entry as a member, with the CRC-32 and the size that the archive claims. */
  #gather(source: ZipSource, entries: readonly SmallEntry[]): Buffer {
    const byteCount = entries.reduce(
      (sum, { compressedSize }) => sum + header.byteLength + compressedSize + trailerBytes,
      0,
    );
    if (this.#members.byteLength < byteCount)
      this.#members = Buffer.allocUnsafeSlow(Math.max(byteCount, 2 * this.#members.byteLength));
    const members = this.#members.subarray(0, byteCount);
    let at = 0;
    for (const { dataOffset, compressedSize, crc32, size } of entries) {
      at += header.copy(members, at);
      at += source.read(dataOffset, compressedSize).copy(members, at);
      at = members.writeUInt32LE(crc32, at);
      at = members.writeUInt32LE(size, at);
    }
    return members;
  }
}

const gunzipInfo = gunzipSync as unknown as InflateInfo;

/**
 * The bytes of each entry, by where its data begins; `undefined` unless each is for certain what
 * reading it by itself would give.
 *
 * An entry could try to end early and bring a member of its own, or to go on in the next. So what a
 * member begins with must stand in front of each entry and nowhere else: then zlib began a member
 * only there, and each ended right before the next, at the end of an entry. As none of the entries
 * is empty, the sizes that zlib compared add up to all of them only if it skipped none.
 */
function inflateMembers(
  members: Buffer,
  entries: readonly SmallEntry[],
): ReadonlyMap<number, Buffer> | undefined {
  if (countOf(magic, members) !== entries.length) return undefined;
  const byteCount = entries.reduce((sum, { size }) => sum + size, 0);
  let bytes: Buffer;
  try {
    const { buffer, engine } = gunzipInfo(members, wholeOf(byteCount));
    if (buffer.byteLength !== byteCount || engine.bytesWritten !== members.byteLength)
      return undefined;
    bytes = buffer;
  } catch {
    return undefined;
  }
  const inflated = new Map<number, Buffer>();
  let start = 0;
  for (const { dataOffset, size } of entries) {
    inflated.set(dataOffset, bytes.subarray(start, start + size));
    start += size;
  }
  return inflated;
}

function countOf(what: Buffer, bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(what); at !== -1; at = bytes.indexOf(what, at + 1)) count += 1;
  return count;
}
