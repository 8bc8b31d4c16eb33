import { checkAttributes } from "./attributes.ts";
import { type DirectoryPlace, findDirectory } from "./end-record.ts";
import {
  type ExtraFields,
  parseExtraFields,
  refuseExtraFields,
  resolveZip64,
} from "./extra-field.ts";
import { flags, lengths, max16, max32, methods, signatures } from "./format.ts";
import { type AllZipLimits, deflateRatioMax, ratioFreeBytes } from "./limits.ts";
import { checkNames, decodeName } from "./names.ts";
import { corrupt, zipError } from "./zip-errors.ts";
import type { ZipSource } from "./zip-source.ts";

/** What the central directory says of one file or folder. */
export interface CentralEntry {
  /** Without the slash at the end that marks a folder. */
  readonly path: string;
  readonly name: Buffer;
  readonly isFolder: boolean;
  readonly isExecutable: boolean;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where its local header lies. */
  readonly offset: number;
}

/** The central directory, every entry of it allowed on its own and beside the others. */
export interface Directory {
  readonly place: DirectoryPlace;
  readonly entries: readonly CentralEntry[];
}

/** Read the central directory. It must hold its entries and nothing else. */
export function readDirectory(source: ZipSource, limits: AllZipLimits): Directory {
  const place = findDirectory(source);
  if (place.count > limits.entriesMax)
    throw limitError(`It has ${place.count} entries; ${limits.entriesMax} are allowed.`);
  if (place.size > limits.directoryBytesMax)
    throw limitError(`Its directory has ${place.size} bytes.`);
  if (place.count * lengths.central > place.size)
    throw corrupt("directory", "The end record counts more entries than there are.");
  // A copy: what the source gives is good until the next read only.
  const bytes = Buffer.from(source.read(place.offset, place.size));
  const entries: CentralEntry[] = [];
  let at = 0;
  for (let index = 0; index < place.count; index++) {
    const { entry, end } = readEntry(bytes, at, index);
    entries.push(entry);
    at = end;
  }
  if (at !== bytes.byteLength)
    throw corrupt("directory", "The central directory holds more than the entries it counts.");
  checkNames(entries, limits);
  checkSizes(entries, limits, source.size);
  return { place, entries };
}

function readEntry(
  bytes: Buffer,
  at: number,
  index: number,
): { readonly entry: CentralEntry; readonly end: number } {
  const nameStart = at + lengths.central;
  if (nameStart > bytes.byteLength || bytes.readUInt32LE(at) !== signatures.central)
    throw corrupt("directory", `The central directory has no entry ${index + 1}.`);
  const nameEnd = nameStart + bytes.readUInt16LE(at + 28);
  const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
  const end = extraEnd + bytes.readUInt16LE(at + 32);
  if (end > bytes.byteLength)
    throw corrupt("directory", `Entry ${index + 1} runs over the end of the central directory.`);
  const flagBits = bytes.readUInt16LE(at + 8);
  const name = bytes.subarray(nameStart, nameEnd);
  const { path, isFolder } = decodeName(name, flagBits, bytes.readUInt8(at + 5));
  const extra = parseExtraFields(bytes.subarray(nameEnd, extraEnd), path);
  refuseExtraFields(extra, name, path);
  const method = bytes.readUInt16LE(at + 10);
  checkFlags(flagBits, path);
  if (method !== methods.stored && method !== methods.deflated)
    throw zipError("ZIP_UNSUPPORTED", "method", `${path} is compressed by method ${method}.`, {
      path,
      method,
    });
  const isExecutable = checkAttributes(bytes.readUInt32LE(at + 38), path, isFolder);
  const { size, compressedSize, offset } = longValues(bytes, at, extra, path);
  const crc = bytes.readUInt32LE(at + 16);
  const entry: CentralEntry = {
    path,
    name,
    isFolder,
    isExecutable,
    flags: flagBits,
    method,
    crc,
    compressedSize,
    size,
    offset,
  };
  checkEntrySizes(entry);
  return { entry, end };
}

function longValues(
  bytes: Buffer,
  at: number,
  extra: ExtraFields,
  path: string,
): Pick<CentralEntry, "size" | "compressedSize" | "offset"> {
  const short = {
    size: bytes.readUInt32LE(at + 24),
    compressedSize: bytes.readUInt32LE(at + 20),
    offset: bytes.readUInt32LE(at + 42),
  };
  const shortDisk = bytes.readUInt16LE(at + 34);
  // As in nearly all entries.
  if (extra.size === 0 && shortDisk === 0 && areShort(short)) return short;
  const [size = 0, compressedSize = 0, offset = 0, disk] = resolveZip64(
    extra,
    [
      { value: short.size, max: max32, width: 8 },
      { value: short.compressedSize, max: max32, width: 8 },
      { value: short.offset, max: max32, width: 8 },
      { value: shortDisk, max: max16, width: 4 },
    ],
    path,
  );
  if (disk !== 0)
    throw zipError("ZIP_UNSUPPORTED", "multi_disk", `${path} lies in another file.`, { path });
  return { size, compressedSize, offset };
}

function areShort({
  size,
  compressedSize,
  offset,
}: Pick<CentralEntry, "size" | "compressedSize" | "offset">): boolean {
  return size < max32 && compressedSize < max32 && offset < max32;
}

const allowedFlags = flags.descriptor | flags.utf8 | flags.deflateLevel;

function checkFlags(bits: number, path: string): void {
  const isEncrypted = (bits & (1 | (1 << 6) | (1 << 13))) !== 0;
  if (isEncrypted)
    throw zipError("ZIP_UNSUPPORTED", "encrypted", `${path} is encrypted.`, { path });
  if ((bits & ~allowedFlags) !== 0)
    throw zipError("ZIP_UNSUPPORTED", "flags", `${path} needs more than stored or deflated.`, {
      path,
      flags: bits,
    });
}

function checkEntrySizes({
  path,
  method,
  size,
  compressedSize,
  crc,
  isFolder,
}: CentralEntry): void {
  if (method === methods.stored && size !== compressedSize)
    throw corrupt("data", `${path} is stored, but with two different sizes.`, { path });
  if (size > compressedSize * deflateRatioMax)
    throw corrupt("ratio", `${path} claims more bytes than its data can hold.`, { path, size });
  // An empty folder that was deflated has two bytes.
  if (isFolder && (size !== 0 || crc !== 0 || compressedSize > 2))
    throw corrupt("folder", `${path} is a folder and holds data.`, { path });
}

function checkSizes(
  entries: readonly CentralEntry[],
  { bytesMax, ratioMax }: AllZipLimits,
  archiveBytes: number,
): void {
  let total = 0;
  for (const { path, size, compressedSize } of entries) {
    total += size;
    if (size > ratioFreeBytes && size > compressedSize * ratioMax)
      throw zipError(
        "ZIP_LIMIT",
        "ratio",
        `${path} has ${size} bytes in ${compressedSize}; ${ratioMax} times is allowed.`,
        { path, size, compressed_size: compressedSize },
      );
  }
  if (total > bytesMax) throw limitError(`Its files have ${total} bytes.`);
  if (total > ratioFreeBytes && total > archiveBytes * ratioMax)
    throw zipError("ZIP_LIMIT", "ratio", `It has ${total} bytes in ${archiveBytes}.`, {
      size: total,
      archive_size: archiveBytes,
    });
}

function limitError(message: string): Error {
  return zipError("ZIP_LIMIT", "limit", `The archive is larger than is allowed. ${message}`);
}
