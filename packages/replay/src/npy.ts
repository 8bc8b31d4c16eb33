import type { ByteSource } from "@reseal/store";
import { npyInvalid } from "./npy-errors.ts";
import { type NpyHeader, parseHeader, parsePrelude, preludeBytes } from "./npy-header.ts";

/** An array whose data is read piece by piece. */
export interface NpyStream extends NpyHeader, AsyncDisposable {
  /**
   * Fill as much of a buffer as there is data; less than all only at the end of the array.
   * @throws `REPLAY_NPY_INVALID` when the file ends before the array does, or goes on behind it.
   */
  read(target: Uint8Array): Promise<number>;
}

/** An array in memory. */
export interface NpyArray extends NpyHeader {
  /** The elements as the file has them: `dtype`, `shape` and `isFortranOrder` say how. */
  readonly data: Uint8Array;
}

/** What is known about a file. */
export interface NpyOptions {
  /** Bytes of the whole file: what does not fit is refused before any data is read. */
  readonly size?: number | undefined;
  /** Most bytes of data that are read into memory, 256 MiB unless given. */
  readonly bytesMax?: number | undefined;
}

/**
 * Open a NumPy array: the header is read at once, the data as it is asked for, and the file must
 * hold exactly the bytes that dtype and shape ask for.
 *
 * Versions 1 to 3; pickled objects are refused wherever they stand. Stricter than NumPy in one
 * more: bytes after the array are refused, NumPy ignores them.
 * @throws `REPLAY_NPY_INVALID` with `details.reason`.
 * @see https://numpy.org/neps/nep-0001-npy-format.html
 */
export async function openNpy(source: ByteSource, { size }: NpyOptions = {}): Promise<NpyStream> {
  const bytes = new ByteReader(source);
  try {
    const start = await bytes.take(preludeBytes);
    const prelude = parsePrelude(start);
    // Two bytes of a header of version 1 have been read already.
    const first = start.subarray(prelude.headerOffset);
    const rest = await bytes.take(prelude.headerBytes - first.byteLength);
    const parsed = parseHeader(prelude, Buffer.concat([first, rest]));
    if (size !== undefined && size !== parsed.dataOffset + parsed.dataBytes)
      throw wrongSize(size - parsed.dataOffset, parsed.dataBytes);
    return new OpenNpy(parsed, bytes);
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Read a whole NumPy array.
 * @throws `REPLAY_NPY_INVALID`, also when it has more than `bytesMax` bytes.
 * @example
 * const { dtype, shape, data } = await readNpy(readFileSync("x.npy"));
 */
export async function readNpy(
  source: Uint8Array | ByteSource,
  { bytesMax = 256 * 1024 * 1024, ...options }: NpyOptions = {},
): Promise<NpyArray> {
  const isWhole = source instanceof Uint8Array;
  await using stream = await openNpy(
    isWhole ? once(source) : source,
    isWhole ? { size: source.byteLength } : options,
  );
  const { version, dtype, isFortranOrder, shape, dataOffset, elementCount, dataBytes } = stream;
  if (dataBytes > bytesMax)
    throw npyInvalid("limit", `The array has ${dataBytes} bytes; at most ${bytesMax} are read.`);
  const data = new Uint8Array(dataBytes);
  await stream.read(data);
  await stream.read(new Uint8Array(1));
  return { version, dtype, isFortranOrder, shape, dataOffset, elementCount, dataBytes, data };
}

class OpenNpy implements NpyStream {
  readonly version: NpyHeader["version"];
  readonly dtype: NpyHeader["dtype"];
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  readonly dataOffset: number;
  readonly elementCount: number;
  readonly dataBytes: number;
  readonly #bytes: ByteReader;
  #left: number;

  constructor(header: NpyHeader, bytes: ByteReader) {
    this.version = header.version;
    this.dtype = header.dtype;
    this.isFortranOrder = header.isFortranOrder;
    this.shape = header.shape;
    this.dataOffset = header.dataOffset;
    this.elementCount = header.elementCount;
    this.dataBytes = header.dataBytes;
    this.#bytes = bytes;
    this.#left = header.dataBytes;
  }

  async read(target: Uint8Array): Promise<number> {
    const wanted = Math.min(target.byteLength, this.#left);
    const count = await this.#bytes.fill(target.subarray(0, wanted));
    this.#left -= count;
    if (count < wanted) throw wrongSize(this.dataBytes - this.#left, this.dataBytes);
    // Whoever asks for more learns that nothing follows.
    if (wanted < target.byteLength && (await this.#bytes.fill(new Uint8Array(1))) > 0)
      throw npyInvalid("trailing", "The file goes on after the end of the array.");
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bytes[Symbol.asyncDispose]();
  }
}

/** A source read in pieces of any size. */
class ByteReader implements AsyncDisposable {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(source: ByteSource) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** Fill a buffer; less than all only at the end. */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.byteLength) {
      if (this.#chunk.byteLength === 0) {
        const { done, value } = await this.#iterator.next();
        if (done === true) break;
        this.#chunk = value;
        continue;
      }
      const part = this.#chunk.subarray(0, target.byteLength - filled);
      target.set(part, filled);
      filled += part.byteLength;
      this.#chunk = this.#chunk.subarray(part.byteLength);
    }
    return filled;
  }

  /** Exactly so many bytes of a header. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    if ((await this.fill(bytes)) < count)
      throw npyInvalid("truncated", "The file ends in the header of the array.");
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#iterator.return?.();
  }
}

function wrongSize(actual: number, expected: number): Error {
  return actual < expected
    ? npyInvalid("truncated", `The array has ${actual} bytes of data, not ${expected}.`)
    : npyInvalid("trailing", `The file has ${actual - expected} bytes after the end of the array.`);
}

async function* once(bytes: Uint8Array): ByteSource {
  yield bytes;
}
