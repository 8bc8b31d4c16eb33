import { type Digest, parseDigest } from "@reseal/hash";
import type { FileEntry } from "@reseal/schema";
import type { BlobBatch, ByteSource, OperationOptions } from "@reseal/store";
import type { BundleReader } from "./reader.ts";

/** Up to this size, in bytes, a file is staged from one buffer. */
const wholeBytesMax = 8 * 1024 * 1024;

/** A reader that stages every file that is read from it, so that reading once is enough. */
export interface StagingReader extends BundleReader {
  /** Throw what went wrong with the batch, as against the bundle. */
  throwFailure(): void;
}

/** Stage what is read from a bundle. Nothing of it is visible before the batch is committed. */
export function stagingReader(reader: BundleReader, batch: BlobBatch): StagingReader {
  const staged = new Set<Digest>();
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  return {
    ...reader,
    async open(entry, options) {
      const digest = parseDigest(entry.digest);
      const source = await reader.open(entry, options);
      if (staged.has(digest)) return source;
      staged.add(digest);
      return entry.size <= wholeBytesMax
        ? stageWhole(source, batch, entry, failed)
        : stagePieces(source, batch, entry, failed, options);
    },
    throwFailure() {
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function* stageWhole(
  source: ByteSource,
  batch: BlobBatch,
  entry: FileEntry,
  failed: (error: unknown) => void,
): ByteSource {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  const [first] = chunks;
  const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  try {
    await batch.put(bytes, { expected: parseDigest(entry.digest) });
  } catch (error) {
    failed(error);
    throw error;
  }
  yield bytes;
}

/** Give each piece to the batch and to the reader of this source, one after the other. */
async function* stagePieces(
  source: ByteSource,
  batch: BlobBatch,
  entry: FileEntry,
  failed: (error: unknown) => void,
  { signal }: OperationOptions = {},
): ByteSource {
  const pieces = new Handover();
  const putting = batch.put(pieces.source(), { expected: parseDigest(entry.digest), signal });
  putting.catch(() => pieces.abandon());
  let isWhole = false;
  try {
    for await (const chunk of source) {
      await pieces.give(chunk);
      yield chunk;
    }
    isWhole = true;
  } finally {
    pieces.end(isWhole ? undefined : new Error(`${entry.path} was not read to its end.`));
    if (!isWhole) await putting.catch(() => undefined);
  }
  try {
    await putting;
  } catch (error) {
    failed(error);
    throw error;
  }
}

/** Passes pieces from one who has them to one who asks for them. */
class Handover {
  #asked = Promise.withResolvers<void>();
  #given = Promise.withResolvers<Uint8Array | undefined>();
  #isAbandoned = false;

  async *source(): ByteSource {
    for (;;) {
      this.#asked.resolve();
      const piece = await this.#given.promise;
      if (piece === undefined) return;
      this.#given = Promise.withResolvers();
      yield piece;
    }
  }

  /** Resolves when the piece was taken, and may be used again. */
  async give(piece: Uint8Array): Promise<void> {
    await this.#asked.promise;
    if (this.#isAbandoned) return;
    this.#asked = Promise.withResolvers();
    this.#given.resolve(piece);
    await this.#asked.promise;
  }

  /** No piece will come any more, for a reason when there should be more. */
  end(error?: Error): void {
    this.#given.promise.catch(() => undefined); // There may be nobody who asks.
    if (error === undefined) this.#given.resolve(undefined);
    else this.#given.reject(error);
  }

  /** Nobody asks any more. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#asked.resolve();
  }
}
