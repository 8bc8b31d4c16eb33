import { flags, lengths, max16, max32, methods, signatures } from "./format.ts";

/** What the records of a file say. */
export interface RecordFields {
  /** In UTF-8. */
  readonly name: Uint8Array;
  readonly method: keyof typeof methods;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
}

/** Midnight of 1 January 1980, the earliest: the same bytes whenever they are written. */
const dosTime = 0;
const dosDate = 0x0021;
const versionPlain = 20;
const versionLong = 45;
const madeByUnix = 3 << 8;
const regularFile = 0o100000;

/** A local header, with sizes and checksum; section 4.3.7. */
export function localHeader(fields: RecordFields): Buffer {
  const isLong = Math.max(fields.size, fields.compressedSize) >= max32;
  const extraBytes = isLong ? 20 : 0;
  const bytes = Buffer.allocUnsafe(lengths.local + fields.name.byteLength + extraBytes).fill(0);
  bytes.writeUInt32LE(signatures.local, 0);
  bytes.writeUInt16LE(isLong ? versionLong : versionPlain, 4);
  writeShared(bytes, 6, fields, isLong);
  bytes.writeUInt16LE(extraBytes, 28);
  bytes.set(fields.name, lengths.local);
  if (isLong)
    writeLongs(bytes, lengths.local + fields.name.byteLength, [fields.size, fields.compressedSize]);
  return bytes;
}

/** An entry of the central directory; section 4.3.12. */
export function centralHeader(
  fields: RecordFields & { readonly offset: number; readonly isExecutable: boolean },
): Buffer {
  const { size, compressedSize, offset, name } = fields;
  const isLong = Math.max(size, compressedSize) >= max32;
  const longs = [...(isLong ? [size, compressedSize] : []), ...(offset >= max32 ? [offset] : [])];
  const extraBytes = longs.length === 0 ? 0 : 4 + 8 * longs.length;
  const version = extraBytes === 0 ? versionPlain : versionLong;
  // From the pool: there may be a million of them.
  const bytes = Buffer.allocUnsafe(lengths.central + name.byteLength + extraBytes).fill(0);
  bytes.writeUInt32LE(signatures.central, 0);
  bytes.writeUInt16LE(madeByUnix | version, 4);
  bytes.writeUInt16LE(version, 6);
  writeShared(bytes, 8, fields, isLong);
  bytes.writeUInt16LE(extraBytes, 30);
  const mode = regularFile | (fields.isExecutable ? 0o755 : 0o644);
  bytes.writeUInt32LE(mode * 2 ** 16, 38);
  bytes.writeUInt32LE(Math.min(offset, max32), 42);
  bytes.set(name, lengths.central);
  if (extraBytes > 0) writeLongs(bytes, lengths.central + name.byteLength, longs);
  return bytes;
}

/** What both headers have, in the same order: from the flags to the length of the name. */
function writeShared(bytes: Buffer, at: number, fields: RecordFields, isLong: boolean): void {
  bytes.writeUInt16LE(flags.utf8, at);
  bytes.writeUInt16LE(methods[fields.method], at + 2);
  bytes.writeUInt16LE(dosTime, at + 4);
  bytes.writeUInt16LE(dosDate, at + 6);
  bytes.writeUInt32LE(fields.crc, at + 8);
  bytes.writeUInt32LE(isLong ? max32 : fields.compressedSize, at + 12);
  bytes.writeUInt32LE(isLong ? max32 : fields.size, at + 16);
  bytes.writeUInt16LE(fields.name.byteLength, at + 20);
}

/** The ZIP64 extra field; section 4.5.3. */
function writeLongs(bytes: Buffer, at: number, values: readonly number[]): void {
  bytes.writeUInt16LE(0x0001, at);
  bytes.writeUInt16LE(8 * values.length, at + 2);
  for (const [index, value] of values.entries())
    bytes.writeBigUInt64LE(BigInt(value), at + 4 + 8 * index);
}

/** The records behind the central directory; sections 4.3.14 to 4.3.16. */
export function endRecords(directory: {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}): Buffer {
  const { offset, size, count } = directory;
  const isLong = count >= max16 || offset >= max32 || size >= max32;
  const bytes = Buffer.alloc((isLong ? lengths.end64 + lengths.locator64 : 0) + lengths.end);
  if (isLong) {
    bytes.writeUInt32LE(signatures.end64, 0);
    bytes.writeBigUInt64LE(BigInt(lengths.end64 - 12), 4);
    bytes.writeUInt16LE(madeByUnix | versionLong, 12);
    bytes.writeUInt16LE(versionLong, 14);
    for (const [index, value] of [count, count, size, offset].entries())
      bytes.writeBigUInt64LE(BigInt(value), 24 + 8 * index);
    bytes.writeUInt32LE(signatures.locator64, lengths.end64);
    bytes.writeBigUInt64LE(BigInt(offset + size), lengths.end64 + 8);
    bytes.writeUInt32LE(1, lengths.end64 + 16);
  }
  const at = bytes.byteLength - lengths.end;
  bytes.writeUInt32LE(signatures.end, at);
  bytes.writeUInt16LE(Math.min(count, max16), at + 8);
  bytes.writeUInt16LE(Math.min(count, max16), at + 10);
  bytes.writeUInt32LE(Math.min(size, max32), at + 12);
  bytes.writeUInt32LE(Math.min(offset, max32), at + 16);
  return bytes;
}
