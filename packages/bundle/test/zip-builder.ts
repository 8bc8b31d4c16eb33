import { crc32, deflateRawSync } from "node:zlib";

/** One entry; whatever is not given is right. */
export interface EntryParts {
  readonly name: string | Buffer;
  readonly data?: string | Buffer;
  readonly method?: number;
  /** The data as it stands in the archive. */
  readonly compressed?: Buffer;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  readonly external?: number;
  readonly host?: number;
  readonly disk?: number;
  readonly centralExtra?: Buffer;
  readonly comment?: Buffer;
  /** Where the directory says that the local header is. */
  readonly offset?: number;
  readonly local?: {
    readonly name?: Buffer;
    readonly flags?: number;
    readonly method?: number;
    readonly crc?: number;
    readonly size?: number;
    readonly compressedSize?: number;
    readonly extra?: Buffer;
    readonly signature?: number;
    readonly nameLength?: number;
  };
  /** Bytes before the local header, and behind the data. */
  readonly before?: Buffer;
  readonly after?: Buffer;
  readonly isHidden?: boolean;
}

/** An archive; whatever is not given is right. */
export interface ArchiveParts {
  readonly prefix?: Buffer;
  readonly suffix?: Buffer;
  readonly comment?: Buffer;
  readonly count?: number;
  readonly disk?: number;
  readonly directoryOffset?: number;
  readonly directorySize?: number;
  /** Bytes between the directory and the end record, such as ZIP64 records. */
  readonly beforeEnd?: (directory: { offset: number; size: number; count: number }) => Buffer;
  /** Order of the entries in the directory. */
  readonly order?: readonly number[];
}

/** Write an archive that is exactly as wrong as it is told to be. */
export function buildZip(entries: readonly EntryParts[], parts: ArchiveParts = {}): Buffer {
  const chunks: Buffer[] = [parts.prefix ?? Buffer.alloc(0)];
  const central: Buffer[] = [];
  let offset = chunks[0]?.byteLength ?? 0;
  for (const entry of entries) {
    const start = offset + (entry.before?.byteLength ?? 0);
    const record = localRecord(entry);
    chunks.push(entry.before ?? Buffer.alloc(0), record, entry.after ?? Buffer.alloc(0));
    offset = start + record.byteLength + (entry.after?.byteLength ?? 0);
    if (entry.isHidden !== true) central.push(centralRecord(entry, start));
  }
  const ordered = (parts.order ?? central.map((_, index) => index)).map(
    (index) => central[index] ?? Buffer.alloc(0),
  );
  const directory = Buffer.concat(ordered);
  const facts = { offset, size: directory.byteLength, count: central.length };
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.disk ?? 0, 4);
  end.writeUInt16LE(parts.count ?? facts.count, 8);
  end.writeUInt16LE(parts.count ?? facts.count, 10);
  end.writeUInt32LE(parts.directorySize ?? facts.size, 12);
  end.writeUInt32LE(parts.directoryOffset ?? facts.offset, 16);
  end.writeUInt16LE(parts.comment?.byteLength ?? 0, 20);
  return Buffer.concat([
    ...chunks,
    directory,
    parts.beforeEnd?.(facts) ?? Buffer.alloc(0),
    end,
    parts.comment ?? Buffer.alloc(0),
    parts.suffix ?? Buffer.alloc(0),
  ]);
}

/** An extra field. */
export function extraField(kind: number, content: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(kind, 0);
  head.writeUInt16LE(content.byteLength, 2);
  return Buffer.concat([head, content]);
}

/** Numbers of eight bytes each. */
export function longs(...values: (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index);
  return bytes;
}

/** Numbers of four bytes each. */
export function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}

/** A data descriptor of an entry, with or without signature, with long or short sizes. */
export function descriptor(entry: EntryParts, hasSignature: boolean, isLong: boolean): Buffer {
  const { crc, size, compressed } = factsOf(entry);
  const sizes = isLong ? longs(compressed.byteLength, size) : words(compressed.byteLength, size);
  return Buffer.concat([hasSignature ? words(0x08074b50) : Buffer.alloc(0), words(crc), sizes]);
}

/** A ZIP64 end record and its locator. */
export function zip64End(changes: {
  readonly count?: number;
  readonly size?: number;
  readonly offset?: number;
  readonly recordSize?: number;
  readonly disks?: number;
}): NonNullable<ArchiveParts["beforeEnd"]> {
  return ({ offset, size, count }) => {
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(BigInt(changes.recordSize ?? 44), 4);
    const values = [changes.count ?? count, changes.count ?? count];
    longs(...values, changes.size ?? size, changes.offset ?? offset).copy(record, 24);
    const locator = Buffer.concat([
      words(0x07064b50, 0),
      longs(offset + size),
      words(changes.disks ?? 1),
    ]);
    return Buffer.concat([record, locator]);
  };
}

function factsOf(entry: EntryParts): {
  readonly name: Buffer;
  readonly method: number;
  readonly compressed: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly compressedSize: number;
  readonly flags: number;
} {
  const data = Buffer.from(entry.data ?? "hello\n");
  const method = entry.method ?? 0;
  const compressed = entry.compressed ?? (method === 8 ? deflateRawSync(data) : data);
  return {
    name: Buffer.from(entry.name),
    method,
    compressed,
    crc: entry.crc ?? crc32(data),
    size: entry.size ?? data.byteLength,
    compressedSize: entry.compressedSize ?? compressed.byteLength,
    flags: entry.flags ?? 0x0800,
  };
}

function localRecord(entry: EntryParts): Buffer {
  const facts = factsOf(entry);
  const { local = {} } = entry;
  const name = local.name ?? facts.name;
  const extra = local.extra ?? Buffer.alloc(0);
  const bytes = Buffer.alloc(30);
  bytes.writeUInt32LE(local.signature ?? 0x04034b50, 0);
  bytes.writeUInt16LE(20, 4);
  bytes.writeUInt16LE(local.flags ?? facts.flags, 6);
  bytes.writeUInt16LE(local.method ?? facts.method, 8);
  bytes.writeUInt32LE(0x00210000, 10);
  const isOpen = ((local.flags ?? facts.flags) & 8) !== 0;
  bytes.writeUInt32LE(local.crc ?? (isOpen ? 0 : facts.crc), 14);
  bytes.writeUInt32LE(local.compressedSize ?? (isOpen ? 0 : facts.compressedSize), 18);
  bytes.writeUInt32LE(local.size ?? (isOpen ? 0 : facts.size), 22);
  bytes.writeUInt16LE(local.nameLength ?? name.byteLength, 26);
  bytes.writeUInt16LE(extra.byteLength, 28);
  return Buffer.concat([bytes, name, extra, facts.compressed]);
}

function centralRecord(entry: EntryParts, offset: number): Buffer {
  const facts = factsOf(entry);
  const extra = entry.centralExtra ?? Buffer.alloc(0);
  const comment = entry.comment ?? Buffer.alloc(0);
  const bytes = Buffer.alloc(46);
  bytes.writeUInt32LE(0x02014b50, 0);
  bytes.writeUInt16LE(((entry.host ?? 3) << 8) | 20, 4);
  bytes.writeUInt16LE(20, 6);
  bytes.writeUInt16LE(facts.flags, 8);
  bytes.writeUInt16LE(facts.method, 10);
  bytes.writeUInt32LE(0x00210000, 12);
  bytes.writeUInt32LE(facts.crc, 16);
  bytes.writeUInt32LE(facts.compressedSize, 20);
  bytes.writeUInt32LE(facts.size, 24);
  bytes.writeUInt16LE(facts.name.byteLength, 28);
  bytes.writeUInt16LE(extra.byteLength, 30);
  bytes.writeUInt16LE(comment.byteLength, 32);
  bytes.writeUInt16LE(entry.disk ?? 0, 34);
  const mode = facts.name.at(-1) === 0x2f ? 0o040755 : 0o100644;
  bytes.writeUInt32LE(entry.external ?? mode * 2 ** 16, 38);
  bytes.writeUInt32LE(entry.offset ?? offset, 42);
  return Buffer.concat([bytes, facts.name, extra, comment]);
}
