import type { Digest } from "@reseal/hash";
import type { BlobInfo } from "@reseal/store";

/** A size that does not fit into a column of 32 bits stands elsewhere. */
const largeSize = 0xffff_ffff;
const none = -1;

/**
 * Which blobs the runs of a store need: for millions of them, some 25 bytes a blob and four for
 * each time that a run names one.
 *
 * Blobs are told apart by the first 64 bits of their digests. Should two ever have the same, they
 * count as one that both their runs need: then more is kept, never less.
 */
export class BlobReferences {
  /** Places of the blobs of each run, in ascending order. */
  readonly #runs = new Map<Digest, Uint32Array>();
  #blobCount = 0;
  /** For each blob two words of its digest. */
  #words = new Uint32Array(2048);
  #sizes = new Uint32Array(1024);
  /** Runs that need a blob. */
  #counts = new Uint32Array(1024);
  readonly #largeSizes = new Map<number, number>();
  /** A table with open addressing: the place of a blob and 1, or 0. */
  #slots = new Uint32Array(2048);

  /** Note what a run needs. A blob that it names twice counts once; a second call is ignored. */
  add(run: Digest, blobs: Iterable<BlobInfo>): void {
    if (this.#runs.has(run)) return;
    const named: number[] = [];
    for (const { digest, size } of blobs) named.push(this.#placeOf(digest, size));
    const places = Uint32Array.from(named).sort();
    let count = 0;
    for (const [index, place] of places.entries()) {
      if (index > 0 && place === places[index - 1]) continue;
      places[count] = place;
      count += 1;
      this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    }
    this.#runs.set(run, count === places.length ? places : places.slice(0, count));
  }

  /** How many runs need a blob. */
  countOf(digest: Digest): number {
    const place = this.#find(wordOf(digest, 0), wordOf(digest, 1));
    return place === none ? 0 : (this.#counts[place] ?? 0);
  }

  /** Bytes and blobs that nobody needs once these runs are gone. */
  freedBy(runs: Iterable<Digest>): { readonly bytes: number; readonly files: number } {
    const left = this.#without(runs);
    let [bytes, files] = [0, 0];
    for (let place = 0; place < this.#blobCount; place += 1) {
      if (left[place] !== 0) continue;
      files += 1;
      const size = this.#sizes[place] ?? 0;
      bytes += size === largeSize ? (this.#largeSizes.get(place) ?? 0) : size;
    }
    return { bytes, files };
  }

  /** Tells whether somebody needs a blob once these runs are gone. */
  neededWithout(runs: Iterable<Digest>): (digest: Digest) => boolean {
    const left = this.#without(runs);
    return (digest) => {
      const place = this.#find(wordOf(digest, 0), wordOf(digest, 1));
      return place !== none && left[place] !== 0;
    };
  }

  #without(runs: Iterable<Digest>): Uint32Array {
    const left = this.#counts.slice(0, this.#blobCount);
    for (const run of new Set(runs))
      for (const place of this.#runs.get(run) ?? []) left[place] = (left[place] ?? 0) - 1;
    return left;
  }

  #placeOf(digest: Digest, size: number): number {
    const [high, low] = [wordOf(digest, 0), wordOf(digest, 1)];
    const known = this.#find(high, low);
    if (known !== none) return known;
    const place = this.#blobCount;
    if (place === this.#counts.length) this.#grow();
    this.#blobCount += 1;
    this.#words[2 * place] = high;
    this.#words[2 * place + 1] = low;
    this.#sizes[place] = Math.min(size, largeSize);
    if (size >= largeSize) this.#largeSizes.set(place, size);
    this.#insert(place);
    return place;
  }

  #find(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place === none) return none;
      if (this.#words[2 * place + 1] === low && this.#words[2 * place] === high) return place;
    }
  }

  #insert(place: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#words[2 * place + 1] ?? 0) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = place + 1;
  }

  /** Room for half as many more, column by column: never all of them twice in memory. */
  #grow(): void {
    const room = Math.ceil(this.#counts.length * 1.5);
    this.#words = grown(this.#words, 2 * room);
    this.#sizes = grown(this.#sizes, room);
    this.#counts = grown(this.#counts, room);
    if (room <= this.#slots.length * 0.7) return;
    const slotCount = this.#slots.length * 2;
    this.#slots = new Uint32Array(); // The old one goes before the new one comes.
    this.#slots = new Uint32Array(slotCount);
    for (let place = 0; place < this.#blobCount; place += 1) this.#insert(place);
  }
}

function grown(column: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(column.buffer.transfer(length * Uint32Array.BYTES_PER_ELEMENT));
}

const hexStart = "sha256:".length;

/** Eight hexadecimal digits of a digest as a number. */
function wordOf(digest: Digest, index: number): number {
  const start = hexStart + 8 * index;
  let word = 0;
  for (let at = start; at < start + 8; at += 1) {
    const code = digest.charCodeAt(at);
    word = (word << 4) | ((code & 0xf) + (code >> 6) * 9);
  }
  return word >>> 0;
}
