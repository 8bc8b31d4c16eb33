import type { Digest } from "@reseal/hash";
import type { BlobInfo } from "@reseal/store";

/** A size that does not fit into a column of 32 bits stands elsewhere. */
const largeSize = 0xffff_ffff;
const none = -1;
const growth = 1.25;
/** So full may the table be: beyond it, looking for a place takes long. */
const loadMax = 0.7;

/**
 * Which blobs the runs of a store need: for millions of them, some 25 bytes a blob and four for
 * each time that a run names one.
 *
 * Blobs are told apart by the first 64 bits of their digests. Should two ever have the same, they
 * count as one that both their runs need: then more is kept, never less.
 */
export class BlobReferences {
  /** The number of each run. */
  readonly #runs = new Map<Digest, number>();
  /** Where the blobs of each run begin in `#named`, and behind the last where they end. */
  readonly #starts: number[] = [0];
  /** The places of blobs, one run after the other. */
  #named = new Uint32Array(2048);
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
    let isAscending = true;
    let last = none;
    for (const { digest, size } of blobs) {
      const place = this.#placeOf(digest, size);
      isAscending &&= place > last;
      last = place;
      named.push(place);
    }
    const start = this.#starts.at(-1) ?? 0;
    const places = isAscending ? named : [...new Set(named)];
    const end = start + places.length;
    if (end > this.#named.length) this.#named = grown(this.#named, Math.ceil(end * growth));
    this.#named.set(places, start);
    for (const place of places) this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#runs.set(run, this.#starts.length - 1);
    this.#starts.push(end);
  }

  /** How many runs need a blob. */
  countOf(digest: Digest): number {
    const place = this.#find(wordOf(digest, 0), wordOf(digest, 1));
    return place === none ? 0 : (this.#counts[place] ?? 0);
  }

  /** Bytes and blobs that nobody needs once these runs are gone. */
  freedBy(runs: Iterable<Digest>): { readonly bytes: number; readonly files: number } {
    const gone = this.#numbersOf(runs);
    let [bytes, files] = [0, 0];
    for (const number of gone)
      this.#addTo(this.#counts, number, -1, (place) => {
        files += 1;
        const size = this.#sizes[place] ?? 0;
        bytes += size === largeSize ? (this.#largeSizes.get(place) ?? 0) : size;
      });
    for (const number of gone) this.#addTo(this.#counts, number, 1); // It was only a question.
    return { bytes, files };
  }

  /** How many blobs of a run others need as well, and which these are. */
  sharedWith(run: Digest | undefined): { readonly files: number; readonly runs: Digest[] } {
    const own = run === undefined ? undefined : this.#runs.get(run);
    const shared = new Set<number>();
    for (const place of this.#placesOf(own)) if ((this.#counts[place] ?? 0) > 1) shared.add(place);
    const runs = [...this.#runs].filter(
      ([, number]) =>
        shared.size > 0 &&
        number !== own &&
        this.#placesOf(number).some((place) => shared.has(place)),
    );
    return { files: shared.size, runs: runs.map(([other]) => other) };
  }

  #placesOf(run: number | undefined): Uint32Array {
    if (run === undefined) return new Uint32Array();
    return this.#named.subarray(this.#starts[run] ?? 0, this.#starts[run + 1] ?? 0);
  }

  /** Tells whether somebody needs a blob once these runs are gone. */
  neededWithout(runs: Iterable<Digest>): (digest: Digest) => boolean {
    const left = this.#counts.slice(0, this.#blobCount);
    for (const number of this.#numbersOf(runs)) this.#addTo(left, number, -1);
    return (digest) => {
      const place = this.#find(wordOf(digest, 0), wordOf(digest, 1));
      return place !== none && left[place] !== 0;
    };
  }

  #numbersOf(runs: Iterable<Digest>): readonly number[] {
    return [...new Set(runs)].flatMap((run) => this.#runs.get(run) ?? []);
  }

  #addTo(
    counts: Uint32Array,
    run: number,
    change: number,
    onZero: (place: number) => void = () => undefined,
  ): void {
    const end = this.#starts[run + 1] ?? 0;
    for (let index = this.#starts[run] ?? 0; index < end; index += 1) {
      const place = this.#named[index] ?? 0;
      const count = (counts[place] ?? 0) + change;
      counts[place] = count;
      if (count === 0) onZero(place);
    }
  }

  #placeOf(digest: Digest, size: number): number {
    const [high, low] = [wordOf(digest, 0), wordOf(digest, 1)];
    const known = this.#find(high, low);
    if (known !== none) return known;
    const place = this.#blobCount;
    if (place === this.#counts.length) this.#grow();
    if (place > this.#slots.length * loadMax) this.#spread();
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

  /** Room for more, column by column: never all of them twice in memory. */
  #grow(): void {
    const room = Math.ceil(this.#counts.length * growth);
    this.#words = grown(this.#words, 2 * room);
    this.#sizes = grown(this.#sizes, room);
    this.#counts = grown(this.#counts, room);
  }

  #spread(): void {
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
  for (let at = start; at < start + 8; at += 1)
    word = (word << 4) | (nibbles[digest.charCodeAt(at)] ?? 0);
  return word >>> 0;
}

/** What a digit is worth, by its code. */
const nibbles: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  Math.max(0, "0123456789abcdef".indexOf(String.fromCharCode(code))),
);
