/** Seeded source of random strings, so that a failure names its seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** Integer from 0 to `below` - 1. */
  below(below: number): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  pick<T>(list: ArrayLike<T>): T {
    return list[this.below(list.length)] as T;
  }

  from(alphabet: string, length: number): string {
    return Array.from({ length }, () => this.pick(alphabet)).join("");
  }

  digits = (length: number): string =>
    this.from("123456789", 1) + this.from("0123456789", length - 1);
  hex = (length: number): string => this.from("0123456789abcdef", length);
  upper = (length: number): string => this.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", length);
  lower = (length: number): string => this.from("abcdefghijklmnopqrstuvwxyz0123456789", length);
  word = (length: number): string =>
    this.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length);
  url = (length: number): string =>
    this.word(1) +
    this.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", length - 2) +
    this.word(1);
  base64 = (length: number): string =>
    this.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", length);
  uuid = (): string => [8, 4, 4, 4, 12].map((length) => this.hex(length)).join("-");
  bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => this.below(256)));
}
