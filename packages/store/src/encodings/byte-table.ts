import { randomInt } from "node:crypto";
import { isSame, viewOf } from "./byte-view.ts";

/** Of this process: nobody can make up a file whose values all fall into one slot. */
const factor = randomInt(2 ** 32) | 1;
const slotsMin = 16;
const roomMin = 256;

/** Numbers different pieces of four bytes and more in the order in which they come. */
export class ByteTable {
  /** All pieces, one behind the other. */
  #bytes = Buffer.alloc(0);
  #view = viewOf(this.#bytes);
  /** Where each begins, and behind the last where it ends. */
  readonly #starts: number[] = [0];
  readonly #hashes: number[] = [];
  /** A table with open addressing: a number and 1, or 0. Never more than half of it is taken. */
  #slots = new Int32Array(0);

  /** How many there are. */
  get size(): number {
    return this.#hashes.length;
  }

  /** The piece with a number. */
  at(number: number): Buffer {
    return this.#bytes.subarray(this.#starts[number], this.#starts[number + 1]);
  }

  /** @returns -1 for a piece that is not here */
  find(view: DataView, start: number, end: number): number {
    const length = end - start;
    if (this.size === 0 || length < 4) return -1;
    const hash = hashOf(view, start, end);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number < 0) return -1;
      if (this.#hashes[number] !== hash) continue;
      const own = this.#starts[number] ?? 0;
      if ((this.#starts[number + 1] ?? 0) - own !== length) continue;
      if (isSame(this.#view, own, view, start, length)) return number;
    }
  }

  /** Take in a piece that is not here, and give its number. */
  add(view: DataView, start: number, end: number): number {
    const number = this.size;
    const at = this.#starts[number] ?? 0;
    const behind = at + end - start;
    if (behind > this.#bytes.length) {
      const room = Buffer.alloc(Math.max(roomMin, 2 * behind));
      room.set(this.#bytes);
      this.#bytes = room;
      this.#view = viewOf(room);
    }
    this.#bytes.set(new Uint8Array(view.buffer, view.byteOffset + start, end - start), at);
    this.#starts.push(behind);
    this.#hashes.push(hashOf(view, start, end));
    if (2 * this.size > this.#slots.length) this.#spread();
    else this.#insert(number);
    return number;
  }

  #spread(): void {
    this.#slots = new Int32Array(Math.max(slotsMin, 2 * this.#slots.length));
    for (let number = 0; number < this.size; number += 1) this.#insert(number);
  }

  #insert(number: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#hashes[number] ?? 0) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }
}

function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  const last = end - 4;
  for (let at = start; at < last; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), factor);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ view.getInt32(last, true), factor);
  return hash ^ (hash >>> 15);
}
