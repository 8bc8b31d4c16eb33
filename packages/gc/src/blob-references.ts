import type { Digest } from "@reseal/hash";
import type { BlobInfo } from "@reseal/store";
import { Bits, NumberLists, SmallNumbers } from "./columns.ts";
import { DigestTable } from "./digest-table.ts";

/**
 * Which blobs the runs of a store need: for millions of them, some 17 bytes a blob and one to four
 * for each time that another run names one.
 *
 * Blobs are told apart by the first 64 bits of their digests. Two that have the same count as one
 * that the runs of both need: one of them is needed when either is, so more is kept, never less.
 * What is deleted is named by whole digests, those of the manifest of a run that goes.
 */
export class BlobReferences {
  /** The number of each run. */
  readonly #runs = new Map<Digest, number>();
  readonly #blobs = new DigestTable();
  /** Of each blob. */
  readonly #sizes = new SmallNumbers();
  /** For each run the first of the blobs that it was the first to name; they stand together. */
  readonly #firsts: number[] = [0];
  /** For each run the blobs that a run before it had named. */
  readonly #others = new NumberLists();
  /** The blobs that several runs need. */
  readonly #shared = new Bits(0);

  /** Note what a run needs. A blob that it names twice counts once; a second call is ignored. */
  add(run: Digest, blobs: readonly BlobInfo[]): void {
    if (this.#runs.has(run)) return;
    const known = this.#blobs.size;
    let next = known;
    this.#blobs.add(blobs, (place, { size }) => {
      if (place < known) {
        this.#others.push(place);
        this.#shared.set(place);
      } else if (place === next) {
        this.#sizes.push(size);
        next += 1;
      }
    });
    this.#runs.set(run, this.#runs.size);
    this.#firsts.push(this.#blobs.size);
    this.#others.end();
    this.#shared.grow(this.#blobs.size);
  }

  /** Whether several runs need a blob. */
  isShared(digest: Digest): boolean {
    const place = this.#blobs.placeOf(digest);
    return place !== undefined && this.#shared.has(place);
  }

  /** Bytes and blobs that nobody needs once these runs are gone. */
  freedBy(runs: Iterable<Digest>): { readonly bytes: number; readonly files: number } {
    const needed = this.#neededWithout(runs);
    let [bytes, files, place] = [0, 0, 0];
    // Somebody needs each as long as all runs are there.
    this.#sizes.each(0, this.#sizes.end, (size) => {
      if (!needed.has(place)) {
        files += 1;
        bytes += size;
      }
      place += 1;
    });
    return { bytes, files };
  }

  /** How many blobs of a run others need as well, and which these are. */
  sharedWith(run: Digest | undefined): { readonly files: number; readonly runs: Digest[] } {
    const own = run === undefined ? undefined : this.#runs.get(run);
    if (own === undefined) return { files: 0, runs: [] };
    const shared = new Set<number>();
    this.#eachPlace(own, (place) => {
      if (this.#shared.has(place)) shared.add(place);
    });
    const runs: Digest[] = [];
    for (const [other, number] of this.#runs) {
      let isOne = false;
      if (number !== own && shared.size > 0)
        this.#eachPlace(number, (place) => {
          isOne ||= shared.has(place);
        });
      if (isOne) runs.push(other);
    }
    return { files: shared.size, runs };
  }

  /** Tells whether somebody needs a blob once these runs are gone. */
  neededWithout(runs: Iterable<Digest>): (digest: Digest) => boolean {
    const needed = this.#neededWithout(runs);
    return (digest) => {
      const place = this.#blobs.placeOf(digest);
      return place !== undefined && needed.has(place);
    };
  }

  #neededWithout(runs: Iterable<Digest>): Bits {
    const gone = new Bits(this.#runs.size);
    for (const run of runs) {
      const number = this.#runs.get(run);
      if (number !== undefined) gone.set(number);
    }
    const needed = new Bits(this.#blobs.size);
    for (let number = 0; number < this.#runs.size; number += 1)
      if (!gone.has(number)) this.#markNeeded(number, needed);
    return needed;
  }

  #markNeeded(run: number, needed: Bits): void {
    needed.setRange(this.#firsts[run] ?? 0, this.#firsts[run + 1] ?? 0);
    this.#others.each(run, (place) => needed.set(place));
  }

  #eachPlace(run: number, act: (place: number) => void): void {
    const end = this.#firsts[run + 1] ?? 0;
    for (let place = this.#firsts[run] ?? 0; place < end; place += 1) act(place);
    this.#others.each(run, act);
  }
}
