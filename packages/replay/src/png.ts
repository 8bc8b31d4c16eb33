import { constants, crc32, deflateSync, inflateSync } from "node:zlib";
import { replayErrors } from "./errors.ts";

/** An image as a grid of samples. */
export interface PngImage {
  readonly width: number;
  readonly height: number;
  /** Kind and depth of the pixels as the file has them: `rgba8`, `grey16`, `palette4`. */
  readonly mode: string;
  /** Samples of a pixel in `samples`; palettes and transparent colours are resolved. */
  readonly channels: number;
  /** Row by row from the top, pixel by pixel from the left. */
  readonly samples: Uint8Array | Uint16Array;
}

/** Most bytes of the samples of an image, as its header announces them. */
const imageBytesMax: number = 64 * 1024 * 1024;

/**
 * Read a PNG image. Its size is held against {@link imageBytesMax} before anything is allocated,
 * and its data against the size; checksums must match. Colour profiles, gamma and texts are not
 * looked at.
 * @throws `REPLAY_PNG_INVALID`, also for images that are too large, animated, or interlaced with
 * less than 8 bits per sample.
 * @see https://www.w3.org/TR/png-3/
 */
export async function readPng(bytes: Uint8Array): Promise<PngImage> {
  const chunks = readChunks(bytes);
  const header = readHeader(chunks.get("IHDR") ?? new Uint8Array());
  const { width, height, depth, kind } = header;
  const clean = rebuild(chunks, header);
  try {
    const { decode } = await import("fast-png"); // Few comparisons need it.
    const { data, palette } = decode(clean);
    const image = { width, height, mode: `${kind.name}${depth}` };
    const samples = data instanceof Uint16Array ? data : unpack(data, header);
    if (palette) return { ...image, ...resolvePalette(samples, palette) };
    const transparent = chunks.get("tRNS");
    return transparent === undefined
      ? { ...image, channels: kind.channels, samples }
      : { ...image, ...resolveColour(samples, header, transparent) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw replayErrors.PNG_INVALID(`The image cannot be decoded: ${reason}`, { cause });
  }
}

interface Kind {
  readonly name: string;
  readonly channels: number;
  readonly depths: readonly number[];
}

const kinds: ReadonlyMap<number, Kind> = new Map([
  [0, { name: "grey", channels: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { name: "rgb", channels: 3, depths: [8, 16] }],
  [3, { name: "palette", channels: 1, depths: [1, 2, 4, 8] }],
  [4, { name: "grey_alpha", channels: 2, depths: [8, 16] }],
  [6, { name: "rgba", channels: 4, depths: [8, 16] }],
]);

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly kind: Kind;
  readonly isInterlaced: boolean;
  /** Bytes that the inflated data has. */
  readonly dataBytes: number;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Chunks that decide about pixels; fast-png would inflate others, such as profiles, unbounded. */
const kept = ["IHDR", "PLTE", "tRNS"];

/** The chunks that matter, the parts of the data joined; structure and checksums are checked. */
function readChunks(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  if (signature.some((byte, index) => bytes[index] !== byte)) throw invalid("is no PNG");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = new Map<string, Uint8Array>();
  const data: Uint8Array[] = [];
  for (let at = signature.byteLength; ; ) {
    if (at + 12 > bytes.byteLength) throw invalid("ends early");
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.byteLength) throw invalid("ends early");
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString("latin1");
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      throw invalid(`has a damaged chunk ${JSON.stringify(type)}`);
    at += 12 + length;
    if (type === "IEND") {
      if (at !== bytes.byteLength) throw invalid("goes on after its end");
      chunks.set("IDAT", Buffer.concat(data));
      return chunks;
    }
    if (type === "acTL") throw invalid("is animated");
    if (type === "IDAT") data.push(body);
    else if (kept.includes(type)) {
      if (chunks.has(type) || (type !== "IHDR" && chunks.size === 0))
        throw invalid(`has the chunk ${type} in a wrong place`);
      chunks.set(type, body);
    } else if (/^[A-Z]/.test(type)) throw invalid(`has the unknown chunk ${JSON.stringify(type)}`);
  }
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.byteLength !== 13) throw invalid("has no header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, type = 0, compression, filter, interlace = 0] = bytes.subarray(8);
  const kind = kinds.get(type);
  const isKnown = kind?.depths.includes(depth) && compression === 0 && filter === 0;
  if (kind === undefined || !isKnown || interlace > 1) throw invalid("has an unknown mode");
  if (width === 0 || height === 0) throw invalid("has no pixels");
  const isInterlaced = interlace === 1;
  if (isInterlaced && depth < 8) throw invalid("is interlaced with less than 8 bits per sample");
  // As the samples are held in the end: resolved, none smaller than a byte.
  const channels = kind.name === "palette" ? 4 : kind.channels + 1;
  const imageBytes = width * height * channels * Math.ceil(depth / 8);
  if (imageBytes > imageBytesMax)
    throw invalid(`has ${width} x ${height} pixels; at most ${imageBytesMax} bytes are decoded`);
  const rowBytes = (columns: number): number =>
    1 + Math.ceil((columns * kind.channels * depth) / 8);
  const passes = isInterlaced ? adam7(width, height) : [{ columns: width, rows: height }];
  const dataBytes = passes
    .filter(({ columns }) => columns > 0)
    .reduce((sum, { columns, rows }) => sum + rows * rowBytes(columns), 0);
  return { width, height, depth, kind, isInterlaced, dataBytes };
}

/** The seven images that an interlaced one consists of. */
function adam7(width: number, height: number): { columns: number; rows: number }[] {
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  return passes.map(([x, y, stepX, stepY]) => ({
    columns: Math.max(0, Math.ceil((width - x) / stepX)),
    rows: Math.max(0, Math.ceil((height - y) / stepY)),
  }));
}

/** The same image in its plainest form: only what decides about pixels, its data inflated here. */
function rebuild(chunks: ReadonlyMap<string, Uint8Array>, { dataBytes, kind }: Header): Uint8Array {
  const data = inflate(chunks.get("IDAT") ?? new Uint8Array(), dataBytes);
  // Palettes are resolved by fast-png; it refuses transparent colours of some valid images.
  const parts = (kind.name === "palette" ? kept : ["IHDR"]).flatMap((type) => {
    const body = chunks.get(type);
    return body === undefined ? [] : chunk(type, body);
  });
  return Buffer.concat([
    signature,
    ...parts,
    ...chunk("IDAT", deflateSync(data, { level: constants.Z_NO_COMPRESSION })),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

function inflate(data: Uint8Array, dataBytes: number): Buffer {
  let inflated: Buffer;
  try {
    inflated = inflateSync(data, { maxOutputLength: dataBytes });
  } catch (cause) {
    throw replayErrors.PNG_INVALID("The data of the image cannot be inflated to its size.", {
      cause,
    });
  }
  if (inflated.byteLength !== dataBytes) throw invalid("has less data than pixels");
  return inflated;
}

function chunk(type: string, body: Uint8Array): Uint8Array[] {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const name = Buffer.from(type, "latin1");
  length.writeUInt32BE(body.byteLength);
  sum.writeUInt32BE(crc32(body, crc32(name)));
  return [length, name, body, sum];
}

/** One byte for each sample of 1, 2 or 4 bits. */
function unpack(
  packed: Uint8Array | Uint8ClampedArray,
  { width, height, depth }: Header,
): Uint8Array {
  if (depth === 8) return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const mask = 2 ** depth - 1;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const byte = packed[y * rowBytes + Math.floor((x * depth) / 8)] ?? 0;
      samples[y * width + x] = (byte >> (8 - depth - ((x * depth) % 8))) & mask;
    }
  return samples;
}

type Samples = Pick<PngImage, "channels" | "samples">;

/** The colours that numbers of a palette stand for. */
function resolvePalette(
  numbers: Uint8Array | Uint16Array,
  palette: readonly (readonly number[])[],
): Samples {
  const channels = palette[0]?.length === 4 ? 4 : 3;
  const samples = new Uint8Array(numbers.length * channels);
  for (const [index, number] of numbers.entries()) {
    const colour = palette[number];
    if (colour === undefined) throw invalid("names a colour that its palette does not have");
    samples.set(colour, index * channels);
  }
  return { channels, samples };
}

/** Another channel that is 0 where a pixel has the colour that stands for transparency. */
function resolveColour(
  samples: Uint8Array | Uint16Array,
  { depth, kind }: Header,
  transparent: Uint8Array,
): Samples {
  const { name, channels } = kind;
  if ((name !== "grey" && name !== "rgb") || transparent.byteLength !== channels * 2)
    throw invalid("has a transparent colour that is none of its colours");
  const key = new DataView(transparent.buffer, transparent.byteOffset, transparent.byteLength);
  const count = samples.length / channels;
  const length = count * (channels + 1);
  const resolved = depth === 16 ? new Uint16Array(length) : new Uint8Array(length);
  for (let pixel = 0; pixel < count; pixel += 1) {
    const colour = samples.subarray(pixel * channels, (pixel + 1) * channels);
    resolved.set(colour, pixel * (channels + 1));
    const isTransparent = colour.every((sample, index) => sample === key.getUint16(index * 2));
    resolved[pixel * (channels + 1) + channels] = isTransparent ? 0 : 2 ** depth - 1;
  }
  return { channels: channels + 1, samples: resolved };
}

function invalid(problem: string): Error {
  return replayErrors.PNG_INVALID(`The image ${problem}.`);
}
