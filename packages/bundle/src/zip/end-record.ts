import { lengths, max16, max32, signatures } from "./format.ts";
import { corrupt, zipError } from "./zip-errors.ts";
import type { ZipSource } from "./zip-source.ts";

/** Where the central directory lies. */
export interface DirectoryPlace {
  readonly offset: number;
  readonly size: number;
  /** Its entries. */
  readonly count: number;
}

/**
 * Find the end of the central directory, and with it the directory.
 *
 * There must be one end record and one only that ends with the file, comment included, so that a
 * reader who searches in another way cannot find another directory.
 */
export function findDirectory(source: ZipSource): DirectoryPlace {
  const tailStart = Math.max(0, source.size - lengths.end - max16);
  const tail = Buffer.from(source.read(tailStart, source.size - tailStart));
  const at = findEnd(tail, source.location);
  const end = tail.subarray(at);
  const endOffset = tailStart + at;
  const classic = {
    disk: end.readUInt16LE(4),
    directoryDisk: end.readUInt16LE(6),
    countHere: end.readUInt16LE(8),
    count: end.readUInt16LE(10),
    size: end.readUInt32LE(12),
    offset: end.readUInt32LE(16),
  };
  const place = readZip64(source, endOffset, classic) ?? {
    ...classic,
    directoryEnd: endOffset,
  };
  if (place.disk !== 0 || place.directoryDisk !== 0 || place.countHere !== place.count)
    throw zipError("ZIP_UNSUPPORTED", "multi_disk", "The archive is split over several files.");
  if (place.offset + place.size !== place.directoryEnd)
    throw corrupt(
      "directory",
      "The central directory does not lie where the end record says, just before it.",
    );
  const { offset, size, count } = place;
  return { offset, size, count };
}

function findEnd(tail: Buffer, location: string): number {
  const pattern = Buffer.alloc(4);
  pattern.writeUInt32LE(signatures.end);
  let found: number | undefined;
  let last = -1;
  for (let at = tail.indexOf(pattern); at !== -1; at = tail.indexOf(pattern, at + 1)) {
    last = at;
    if (at + lengths.end > tail.byteLength) continue;
    if (at + lengths.end + tail.readUInt16LE(at + 20) !== tail.byteLength) continue;
    if (found !== undefined)
      throw corrupt("end_record", "Two end records could each be the archive's.");
    found = at;
  }
  if (found === undefined)
    throw corrupt(
      "end_record",
      last === -1
        ? `${location} is not a ZIP file: it has no end record.`
        : "The end record is not at the end: the archive is cut, or something follows it.",
    );
  if (last !== found)
    throw corrupt("end_record", "The archive's comment looks like another end record.");
  return found;
}

type Place = DirectoryPlace & {
  readonly disk: number;
  readonly directoryDisk: number;
  readonly countHere: number;
  readonly directoryEnd: number;
};

function readZip64(
  source: ZipSource,
  endOffset: number,
  classic: Omit<Place, "directoryEnd">,
): Place | undefined {
  const locatorOffset = endOffset - lengths.locator64;
  if (locatorOffset < 0) return undefined;
  const locator = source.read(locatorOffset, lengths.locator64);
  if (locator.readUInt32LE(0) !== signatures.locator64) return undefined;
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) > 1)
    throw zipError("ZIP_UNSUPPORTED", "multi_disk", "The archive is split over several files.");
  const recordOffset = readLong(locator, 8);
  // Version 1 of the record, without an extensible part that could hide something.
  if (recordOffset + lengths.end64 !== locatorOffset)
    throw corrupt("zip64", "The ZIP64 end record does not lie just before its locator.");
  const record = source.read(recordOffset, lengths.end64);
  if (record.readUInt32LE(0) !== signatures.end64 || readLong(record, 4) !== lengths.end64 - 12)
    throw corrupt("zip64", "The ZIP64 end record is damaged.");
  const long = {
    disk: record.readUInt32LE(16),
    directoryDisk: record.readUInt32LE(20),
    countHere: readLong(record, 24),
    count: readLong(record, 32),
    size: readLong(record, 40),
    offset: readLong(record, 48),
  };
  const limits = { disk: max16, directoryDisk: max16, countHere: max16, count: max16 };
  for (const key of Object.keys(long) as (keyof typeof long)[]) {
    const limit = key in limits ? max16 : max32;
    if (classic[key] !== limit && classic[key] !== long[key])
      throw corrupt("zip64", "The end record and the ZIP64 end record disagree.");
  }
  return { ...long, directoryEnd: recordOffset };
}

/** Eight bytes as a number. @throws `BUNDLE_ZIP_CORRUPT` beyond 2^53: no file is so long. */
export function readLong(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
  if (value > Number.MAX_SAFE_INTEGER)
    throw corrupt("zip64", "A length or an offset is beyond what any file can have.");
  return value;
}
