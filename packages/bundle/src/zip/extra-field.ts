import { crc32 } from "node:zlib";
import { readLong } from "./end-record.ts";
import { max32 } from "./format.ts";
import { corrupt, zipError } from "./zip-errors.ts";

const zip64 = 0x0001;
const pkwareUnix = 0x000d;
const strongEncryption = 0x0017;
const unicodePath = 0x7075;
const asiUnix = 0x756e;
const aesEncryption = 0x9901;

/** Kinds of extra fields that could change what an entry is; all others are passed over. */
const meaningful: ReadonlySet<number> = new Set([
  zip64,
  pkwareUnix,
  strongEncryption,
  unicodePath,
  asiUnix,
  aesEncryption,
]);

/** The meaningful extra fields of a header, by kind. */
export type ExtraFields = ReadonlyMap<number, Buffer>;

const none: ExtraFields = new Map();

/** Take extra fields apart. They must fill their place; up to 3 zeros may pad it. */
export function parseExtraFields(bytes: Buffer, path: string): ExtraFields {
  if (bytes.byteLength === 0) return none;
  const fields = new Map<number, Buffer>();
  let at = 0;
  while (at + 4 <= bytes.byteLength) {
    const kind = bytes.readUInt16LE(at);
    const end = at + 4 + bytes.readUInt16LE(at + 2);
    if (end > bytes.byteLength)
      throw corrupt("extra_field", `An extra field of ${path} is longer than its place.`, { path });
    if (meaningful.has(kind)) {
      if (fields.has(kind))
        throw corrupt("extra_field", `${path} has an extra field twice.`, { path });
      fields.set(kind, bytes.subarray(at + 4, end));
    }
    at = end;
  }
  if (bytes.subarray(at).some((byte) => byte !== 0))
    throw corrupt("extra_field", `The extra fields of ${path} do not fill their place.`, { path });
  return fields;
}

/** Refuse extra fields that give an entry another name, another nature or a password. */
export function refuseExtraFields(fields: ExtraFields, name: Buffer, path: string): void {
  if (fields.size === 0) return;
  if (fields.has(strongEncryption) || fields.has(aesEncryption))
    throw zipError("ZIP_UNSUPPORTED", "encrypted", `${path} is encrypted.`, { path });
  const other = fields.get(unicodePath);
  // Version, checksum of the name in the header, the name.
  if (
    other !== undefined &&
    (other.byteLength < 5 ||
      other[0] !== 1 ||
      other.readUInt32LE(1) !== crc32(name) ||
      !other.subarray(5).equals(name))
  )
    throw zipError("ZIP_UNSAFE", "name", `${path} has another name in an extra field.`, { path });
  const asi = fields.get(asiUnix);
  const isPlainAsi =
    asi === undefined ||
    (asi.byteLength >= 14 && isPlainMode(asi.readUInt16LE(4)) && asi.readUInt32LE(6) === 0);
  // Beyond two times and two ids, it holds the target of a link or the numbers of a device.
  const isPlainPkware = (fields.get(pkwareUnix)?.byteLength ?? 0) <= 12;
  if (!isPlainAsi || !isPlainPkware)
    throw zipError(
      "ZIP_UNSAFE",
      "attributes",
      `${path} is a link or a special file by an extra field.`,
      { path },
    );
}

function isPlainMode(mode: number): boolean {
  const type = mode & 0o170000;
  return type === 0 || type === 0o100000 || type === 0o040000;
}

/** A value of a header that the ZIP64 extra field may replace, in the order of that field. */
export interface LongField {
  readonly value: number;
  readonly max: number;
  /** Bytes in the ZIP64 extra field. */
  readonly width: 4 | 8;
}

/**
 * The true values of fields that may be too small for them.
 *
 * A field at its maximum has its value in the ZIP64 extra field; those that are not may be there as
 * well, with the same value. Whatever two readers could understand in two ways is refused.
 */
export function resolveZip64(
  extra: ExtraFields,
  fields: readonly LongField[],
  path: string,
): number[] {
  const bytes = extra.get(zip64);
  const isNeeded = ({ value, max }: LongField): boolean => value === max;
  if (bytes === undefined) {
    if (fields.some((field) => field.max === max32 && isNeeded(field)))
      throw corrupt("zip64", `${path} has no ZIP64 field for its sizes.`, { path });
    return fields.map((field) => field.value);
  }
  const needed = fields.filter(isNeeded);
  const isExact = bytes.byteLength === widthOf(needed);
  const present = isExact ? needed : prefixOf(fields, bytes.byteLength);
  let at = 0;
  return fields.map((field) => {
    if (present?.includes(field) !== true) {
      if (present !== undefined && !isNeeded(field)) return field.value;
      throw corrupt("zip64", `The ZIP64 field of ${path} has the wrong length.`, { path });
    }
    const value = field.width === 8 ? readLong(bytes, at) : bytes.readUInt32LE(at);
    at += field.width;
    if (!isNeeded(field) && value !== field.value)
      throw corrupt("zip64", `${path} has two different sizes or offsets.`, { path });
    return value;
  });
}

function widthOf(fields: readonly LongField[]): number {
  return fields.reduce((sum, field) => sum + field.width, 0);
}

function prefixOf(fields: readonly LongField[], length: number): readonly LongField[] | undefined {
  return fields
    .map((_, index) => fields.slice(0, index + 1))
    .find((some) => widthOf(some) === length);
}
