import { crc32, deflateSync } from "node:zlib";

/** An image of a test, as a PNG has it. */
export interface WrittenPng {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly type: 0 | 2 | 3 | 4 | 6;
  /** Row by row, packed, without filter bytes. */
  readonly data: Uint8Array;
  /** The filter of every row; what it does to the data is left to the writer. */
  readonly filter?: 0 | 1;
  readonly isInterlaced?: boolean;
  /** Chunks between header and data. */
  readonly chunks?: readonly (readonly [type: string, body: Uint8Array])[];
}

const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** Write a PNG chunk by chunk. */
export function writePng(image: WrittenPng): Buffer {
  const { width, height, depth, type, data, filter = 0, isInterlaced = false, chunks = [] } = image;
  const pixel = Math.max(1, (depth * channels[type]) / 8);
  const rowBytes = Math.ceil((width * depth * channels[type]) / 8);
  const rows = Array.from({ length: height }, (_, y) => {
    const row = data.subarray(y * rowBytes, (y + 1) * rowBytes);
    const filtered = row.map((byte, at) =>
      filter === 1 && at >= pixel ? byte - (row[at - pixel] ?? 0) : byte,
    );
    return Buffer.concat([Uint8Array.of(filter), filtered]);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, isInterlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...chunks.map(([name, body]) => chunk(name, body)),
    chunk("IDAT", deflateSync(isInterlaced ? data : Buffer.concat(rows))),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** One chunk with its length and checksum. */
export function chunk(type: string, body: Uint8Array): Buffer {
  const bytes = Buffer.concat([
    Buffer.alloc(4),
    Buffer.from(type, "latin1"),
    body,
    Buffer.alloc(4),
  ]);
  bytes.writeUInt32BE(body.byteLength, 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.byteLength - 4);
  return bytes;
}
