import { closeSync, openSync, readSync } from "node:fs";
import { createDigester, type Digest, type Digester } from "@reseal/hash";
import { serveTasks } from "@reseal/store";

// The thread of `readAhead`: reads one file and digests it. A module of its own, and an entry of
// its own in a bundle.

/** What to read: a file with the first task, then the next piece of it. */
export interface ReadTask {
  readonly path?: string;
  /** Memory that both threads see; the piece begins at its start. */
  readonly target: Uint8Array;
}

/** How many bytes were read; at the end none, and the digest of all. */
export interface ReadPiece {
  readonly count: number;
  readonly end?: { readonly digest: Digest; readonly size: number };
}

let file: number | undefined;
let digester: Digester = createDigester();

serveTasks<ReadTask, ReadPiece>(async ({ path, target }) => {
  if (path !== undefined) {
    file = openSync(path, "r");
    digester = createDigester();
  }
  if (file === undefined) return { count: 0 };
  let count = 0;
  while (count < target.byteLength) {
    const read = readSync(file, target, count, target.byteLength - count, null);
    if (read === 0) break;
    count += read;
  }
  digester.update(target.subarray(0, count));
  if (count > 0) return { count };
  closeSync(file);
  file = undefined;
  return { count, end: { digest: digester.digest(), size: digester.size } };
});
