import {
  type BlobInfo,
  type ByteSource,
  openWorkerLane,
  siblingModule,
  storeErrors,
} from "@reseal/store";
import type { ReadPiece, ReadTask } from "./verifying-reader.ts";

/** Bytes of a piece; one is looked at while the next is read. */
const pieceBytes = 8 * 1024 * 1024;

/**
 * Read a large local file in a thread of its own, which digests it as well: whoever looks at two
 * of them waits for neither. A piece is good until the next is asked for.
 *
 * @throws `STORE_BLOB_CORRUPT` at the end, when it is not the file that was asked for.
 */
export async function* readAhead(
  path: string,
  blob: BlobInfo,
  signal?: AbortSignal | undefined,
): ByteSource {
  await using thread = openWorkerLane<ReadTask, ReadPiece>(
    siblingModule(import.meta.url, "verifying-reader"),
  );
  const ask = (task: ReadTask): Promise<ReadPiece> => {
    const piece = thread.run(task);
    piece.catch(() => undefined); // Nobody may wait for the last one.
    return piece;
  };
  let [current, other] = [sharedPiece(), sharedPiece()];
  let next = ask({ path, target: current });
  for (let size = 0; ; ) {
    signal?.throwIfAborted();
    const { count, end } = await next;
    if (end !== undefined) {
      if (end.digest !== blob.digest || end.size !== blob.size) throw corrupt(path, blob);
      return;
    }
    size += count;
    if (size > blob.size) throw corrupt(path, blob);
    next = ask({ target: other });
    yield current.subarray(0, count);
    [current, other] = [other, current];
  }
}

function sharedPiece(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(pieceBytes));
}

function corrupt(path: string, { digest, size }: BlobInfo): Error {
  return storeErrors.BLOB_CORRUPT(`${path} does not match its digest ${digest}.`, {
    details: { digest, size, path },
  });
}
