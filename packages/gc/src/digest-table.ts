import type { Digest } from "@reseal/hash";
import { NumberColumn } from "./columns.ts";

/** So full may the table be: beyond it, looking for a slot takes long. */
const loadMax = 0.7;
/** Digests that are looked up together: the memory fetches for one while it works on another. */
const digestsAtOnce = 256;

/**
 * Numbers digests in the order in which they come, equal ones alike; those with the same first 64
 * bits count as equal.
 */
export class DigestTable {
  /** Two words of each digest. */
  readonly #words = new NumberColumn();
  /**
   * A table with open addressing. A slot holds 0, or the place of a digest and 1 and, in the bits
   * that this leaves, the upper ones of its first word: most others are known by them at once.
   */
  #slots = new Uint32Array(2048);
  /** The words of digests that are looked up next. */
  readonly #highs = new Uint32Array(digestsAtOnce);
  readonly #lows = new Uint32Array(digestsAtOnce);
  #touched = 0;

  /** How many there are. */
  get size(): number {
    return this.#words.length / 2;
  }

  /** Take in the digests of some items, and tell the place of each. */
  add<Item extends { readonly digest: Digest }>(
    items: readonly Item[],
    onPlace: (place: number, item: Item) => void,
  ): void {
    for (let start = 0; start < items.length; start += digestsAtOnce) {
      const some = items.length > digestsAtOnce ? items.slice(start, start + digestsAtOnce) : items;
      this.#addSome(some, onPlace);
    }
  }

  /** @returns `undefined` for a digest that did not come. */
  placeOf(digest: Digest): number | undefined {
    const value = this.#slots[this.#slotOf(wordOf(digest, 0), wordOf(digest, 1))] ?? 0;
    return value === 0 ? undefined : (value & (this.#slots.length - 1)) - 1;
  }

  #addSome<Item extends { readonly digest: Digest }>(
    items: readonly Item[],
    onPlace: (place: number, item: Item) => void,
  ): void {
    while (this.size + items.length > this.#slots.length * loadMax) this.#spread();
    const [highs, lows] = [this.#highs, this.#lows];
    for (let index = 0; index < items.length; index += 1) {
      const digest = items[index]?.digest;
      if (digest === undefined) continue;
      highs[index] = wordOf(digest, 0);
      lows[index] = wordOf(digest, 1);
    }
    const slots = this.#slots;
    const mask = slots.length - 1;
    this.#touch(slots, items.length);
    for (let index = 0; index < items.length; index += 1) {
      const [high, low] = [highs[index] ?? 0, lows[index] ?? 0];
      const slot = this.#slotOf(high, low);
      let place = ((slots[slot] ?? 0) & mask) - 1;
      if (place < 0) {
        place = this.size;
        slots[slot] = (high & ~mask) | (place + 1);
        this.#words.push(high);
        this.#words.push(low);
      }
      const item = items[index];
      if (item !== undefined) onPlace(place, item);
    }
  }

  /** The slot of a digest, or the empty one where it belongs. */
  #slotOf(high: number, low: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const value = slots[slot] ?? 0;
      if (value === 0) return slot;
      if (((value ^ high) & ~mask) !== 0) continue;
      const at = 2 * ((value & mask) - 1);
      if (this.#words.at(at + 1) === low && this.#words.at(at) === high) return slot;
    }
  }

  #spread(): void {
    const slotCount = this.#slots.length * 2;
    const mask = slotCount - 1;
    this.#slots = new Uint32Array(); // The old one goes before the new one comes.
    const slots = new Uint32Array(slotCount);
    const lows = this.#lows;
    for (let start = 0; start < this.size; start += digestsAtOnce) {
      const count = Math.min(digestsAtOnce, this.size - start);
      for (let index = 0; index < count; index += 1)
        lows[index] = this.#words.at(2 * (start + index) + 1);
      this.#touch(slots, count);
      for (let index = 0; index < count; index += 1) {
        const place = start + index;
        let slot = (lows[index] ?? 0) & mask;
        while (slots[slot] !== 0) slot = (slot + 1) & mask;
        slots[slot] = (this.#words.at(2 * place) & ~mask) | (place + 1);
      }
    }
    this.#slots = slots;
  }

  /**
   * Read where the next digests belong, and nothing else: the memory fetches all of them at once,
   * where each would be waited for when something depends on it.
   */
  #touch(slots: Uint32Array, count: number): void {
    const mask = slots.length - 1;
    let sum = 0;
    for (let index = 0; index < count; index += 1)
      sum ^= slots[(this.#lows[index] ?? 0) & mask] ?? 0;
    this.#touched ^= sum;
  }
}

const hexStart = "sha256:".length;

/** Eight hexadecimal digits of a digest as a number. */
function wordOf(digest: Digest, index: number): number {
  const start = hexStart + 8 * index;
  let word = 0;
  for (let at = start; at < start + 8; at += 1) {
    const code = digest.charCodeAt(at);
    word = (word << 4) | ((code & 15) + (code >> 6) * 9);
  }
  return word >>> 0;
}
