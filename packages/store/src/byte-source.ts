import { createDigester } from "@reseal/hash";
import type { BlobInfo, ByteSource } from "./blob-store.ts";
import { storeErrors } from "./errors.ts";

/**
 * Read a source so that an abort ends the reading at once, even while the source waits for bytes
 * that never come. An abort throws the signal's reason; the source is then told to end, and not
 * waited for.
 */
export async function* abortableSource(
  source: ByteSource,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (signal === undefined) {
    yield* source;
    return;
  }
  signal.throwIfAborted();
  let rejectPending: ((reason: unknown) => void) | undefined;
  const onAbort = (): void => rejectPending?.(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const result = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        rejectPending = reject;
        iterator.next().then(resolve, (error: unknown) => {
          ended = true; // A source that threw is over; it must not be told to end.
          reject(error);
        });
      });
      signal.throwIfAborted();
      if (result.done === true) {
        ended = true;
        return;
      }
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!ended) {
      const returned = iterator.return?.();
      if (signal.aborted) returned?.catch(() => undefined);
      else await returned;
    }
  }
}

/**
 * Pass bytes on and check them on the way: the source ends with an error unless they have the
 * blob's digest and length. The first bytes are out before the last are checked, so act on them
 * only after the end.
 * @throws `STORE_BLOB_CORRUPT`
 */
export async function* verifiedSource(
  source: ByteSource,
  blob: BlobInfo,
  location: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = createDigester();
  for await (const chunk of source) {
    digester.update(chunk);
    // Never hand out more than the blob can hold: the rest is wrong for certain.
    if (digester.size > blob.size) throw corrupt(blob, location, "has more bytes than it should");
    yield chunk;
  }
  if (digester.digest() === blob.digest) return;
  throw corrupt(
    blob,
    location,
    digester.size === blob.size ? "does not match its digest" : `ends after ${digester.size} bytes`,
  );
}

/** Read a source to its end into one buffer. Only for what is known to be small. */
export async function collectBytes(source: ByteSource): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(new Uint8Array(chunk)); // It may be used again.
  return Buffer.concat(chunks);
}

function corrupt({ digest, size }: BlobInfo, location: string, what: string): Error {
  return storeErrors.BLOB_CORRUPT(`Blob ${digest} in ${location} ${what}.`, {
    details: { digest, size, location },
  });
}
