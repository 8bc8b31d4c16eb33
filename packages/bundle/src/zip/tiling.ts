import type { CentralEntry, Directory } from "./directory.ts";
import { readLong } from "./end-record.ts";
import { parseExtraFields, refuseExtraFields, resolveZip64 } from "./extra-field.ts";
import { flags, lengths, max32, methods, signatures } from "./format.ts";
import { corrupt } from "./zip-errors.ts";
import type { ZipSource } from "./zip-source.ts";

/** An entry whose header was checked, and where its data begins. */
export interface PlacedEntry {
  readonly path: string;
  readonly size: number;
  readonly compressedSize: number;
  readonly crc32: number;
  readonly method: "stored" | "deflated";
  readonly isFolder: boolean;
  readonly isExecutable: boolean;
  readonly dataOffset: number;
}

/** Room for the extra fields of most headers, so that one read has all of it. */
const extraGuess = 64;

/**
 * Check that the local headers, the data and the descriptors fill the file up to the central
 * directory, each byte once, and that each header says what the directory says.
 *
 * So there is nothing before, between or behind the entries, no entry that the directory does not
 * know, and no two that share data.
 */
export function placeEntries(source: ZipSource, { place, entries }: Directory): PlacedEntry[] {
  const order = entries.map((_, index) => index);
  const offsetOf = (index: number): number => entries[index]?.offset ?? 0;
  order.sort((a, b) => offsetOf(a) - offsetOf(b));
  const placed = new Array<PlacedEntry>(entries.length);
  let expected = 0;
  for (const [position, index] of order.entries()) {
    const entry = entries[index];
    if (entry === undefined) continue;
    if (entry.offset !== expected) throw misplaced(entry, expected);
    const following = order[position + 1];
    const end = following === undefined ? place.offset : offsetOf(following);
    const dataOffset = checkLocalHeader(source, entry, end);
    checkDescriptor(source, entry, dataOffset + entry.compressedSize, end);
    placed[index] = placedEntry(entry, dataOffset);
    expected = end;
  }
  if (expected !== place.offset)
    throw corrupt("tiling", "Something that is no entry lies before the central directory.");
  return placed;
}

/** Only what reading needs: there may be a million of them. */
function placedEntry(entry: CentralEntry, dataOffset: number): PlacedEntry {
  const { path, size, compressedSize, crc, isFolder, isExecutable } = entry;
  const method = entry.method === methods.stored ? "stored" : "deflated";
  return { path, size, compressedSize, crc32: crc, method, isFolder, isExecutable, dataOffset };
}

function misplaced({ path, offset }: CentralEntry, expected: number): Error {
  const what =
    offset < expected
      ? `${path} lies over another entry.`
      : `Something that is no entry lies before ${path}.`;
  return corrupt("tiling", what, { path, offset, expected });
}

/** @returns where the data begins. */
function checkLocalHeader(source: ZipSource, entry: CentralEntry, end: number): number {
  const { path, name, offset } = entry;
  const fixedEnd = offset + lengths.local + name.byteLength;
  if (fixedEnd + entry.compressedSize > end)
    throw corrupt("tiling", `${path} lies over what follows it.`, { path });
  let header = source.read(offset, Math.min(fixedEnd + extraGuess, end) - offset);
  if (header.readUInt32LE(0) !== signatures.local)
    throw corrupt("local_header", `${path} is not where the directory says.`, { path });
  const extraLength = header.readUInt16LE(28);
  const dataOffset = fixedEnd + extraLength;
  const isNamed =
    header.readUInt16LE(26) === name.byteLength &&
    header.subarray(lengths.local, lengths.local + name.byteLength).equals(name);
  if (!isNamed)
    throw corrupt("local_header", `${path} has another name in its own header.`, { path });
  if (dataOffset + entry.compressedSize > end)
    throw corrupt("tiling", `${path} lies over what follows it.`, { path });
  if (dataOffset - offset > header.byteLength) header = source.read(offset, dataOffset - offset);
  compareHeader(entry, header, dataOffset - offset);
  return dataOffset;
}

function compareHeader(entry: CentralEntry, header: Buffer, headerEnd: number): void {
  const { path, name } = entry;
  if (isPlainlySame(entry, header, headerEnd)) return;
  const extra = parseExtraFields(header.subarray(lengths.local + name.byteLength, headerEnd), path);
  refuseExtraFields(extra, name, path);
  const [size = 0, compressedSize = 0] = resolveZip64(
    extra,
    [
      { value: header.readUInt32LE(22), max: max32, width: 8 },
      { value: header.readUInt32LE(18), max: max32, width: 8 },
    ],
    path,
  );
  const crc = header.readUInt32LE(14);
  // With a descriptor, a writer did not know them yet.
  const isOpen = (entry.flags & flags.descriptor) !== 0;
  const agrees = (local: number, central: number): boolean =>
    local === central || (isOpen && local === 0);
  const isEqual =
    header.readUInt16LE(6) === entry.flags &&
    header.readUInt16LE(8) === entry.method &&
    agrees(crc, entry.crc) &&
    agrees(size, entry.size) &&
    agrees(compressedSize, entry.compressedSize);
  if (!isEqual)
    throw corrupt("local_header", `${path} is not the same in its own header.`, { path });
}

/** Without an extra field and with sizes of 4 bytes, as nearly all headers are. */
function isPlainlySame(entry: CentralEntry, header: Buffer, headerEnd: number): boolean {
  const { name, size, compressedSize } = entry;
  return (
    headerEnd === lengths.local + name.byteLength &&
    size < max32 &&
    compressedSize < max32 &&
    header.readUInt16LE(6) === entry.flags &&
    header.readUInt16LE(8) === entry.method &&
    header.readUInt32LE(14) === entry.crc &&
    header.readUInt32LE(18) === compressedSize &&
    header.readUInt32LE(22) === size
  );
}

/** Between the data and the next entry lies a descriptor, when one is announced, or nothing. */
function checkDescriptor(
  source: ZipSource,
  entry: CentralEntry,
  dataEnd: number,
  end: number,
): void {
  const { path, crc, compressedSize, size } = entry;
  const length = end - dataEnd;
  if ((entry.flags & flags.descriptor) === 0) {
    if (length === 0) return;
    throw corrupt("tiling", `Something that is no entry lies behind ${path}.`, { path });
  }
  // With or without a signature, with sizes of 4 or 8 bytes: the length tells which.
  const hasSignature = length === 16 || length === 24;
  const isLong = length === 20 || length === 24;
  if (!hasSignature && !isLong && length !== 12)
    throw corrupt("descriptor", `${path} has no descriptor behind its data.`, { path });
  const bytes = source.read(dataEnd, length);
  const at = hasSignature ? 4 : 0;
  const isEqual =
    (!hasSignature || bytes.readUInt32LE(0) === signatures.descriptor) &&
    bytes.readUInt32LE(at) === crc &&
    (isLong ? readLong(bytes, at + 4) : bytes.readUInt32LE(at + 4)) === compressedSize &&
    (isLong ? readLong(bytes, at + 12) : bytes.readUInt32LE(at + 8)) === size;
  if (!isEqual)
    throw corrupt("descriptor", `The descriptor of ${path} says something else.`, { path });
}
