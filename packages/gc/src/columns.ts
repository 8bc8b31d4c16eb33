const chunkBits = 16;
const chunkLength = 2 ** chunkBits;
const chunkMask = chunkLength - 1;

/**
 * Numbers of 32 bits, one behind the other, as many as come. It grows by pieces: nothing is copied,
 * and no more than a piece is ever empty.
 */
export class NumberColumn {
  length = 0;
  readonly #chunks: Uint32Array[] = [];

  /** What stands at a place below {@link length}. */
  at(place: number): number {
    return this.#chunks[place >>> chunkBits]?.[place & chunkMask] ?? 0;
  }

  push(value: number): void {
    const place = this.length;
    if ((place & chunkMask) === 0) this.#chunks.push(new Uint32Array(chunkLength));
    const chunk = this.#chunks[place >>> chunkBits];
    if (chunk !== undefined) chunk[place & chunkMask] = value;
    this.length = place + 1;
  }
}

/** Of a byte: more of the number follows. */
const more = 0x80;
const largeFrom = 2 ** 31;

/**
 * Integers, 0 or greater, one behind the other: a byte for a small one, two for one below 16,384
 * and so on.
 */
export class SmallNumbers {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** Where the next number will begin. */
  get end(): number {
    return this.#length;
  }

  push(value: number): void {
    let large = value;
    for (; large >= largeFrom; large = Math.floor(large / more))
      this.#pushByte((large % more) | more);
    let rest = large | 0; // The same number, and known to be a small one.
    for (; rest >= more; rest >>>= 7) this.#pushByte((rest & (more - 1)) | more);
    this.#pushByte(rest);
  }

  /** Go through the numbers between two places where one begins. */
  each(start: number, end: number, act: (value: number) => void): void {
    for (let at = start; at < end; ) {
      let value = 0;
      let byte = more;
      for (let shift = 0; byte >= more; shift += 7) {
        byte = this.#chunks[at >>> chunkBits]?.[at & chunkMask] ?? 0;
        at += 1;
        if (shift < 28) value |= (byte & (more - 1)) << shift;
        else value += (byte & (more - 1)) * 2 ** shift;
      }
      act(value);
    }
  }

  #pushByte(byte: number): void {
    if ((this.#length & chunkMask) === 0) this.#chunks.push(new Uint8Array(chunkLength));
    const chunk = this.#chunks[this.#length >>> chunkBits];
    if (chunk !== undefined) chunk[this.#length & chunkMask] = byte;
    this.#length += 1;
  }
}

/**
 * Lists of numbers below 2^31, one behind the other. What is kept is how far each number is from
 * the one before it: a byte where they stand side by side, up to five elsewhere.
 */
export class NumberLists {
  readonly #steps = new SmallNumbers();
  /** Where each list begins, and behind the last where it ends. */
  readonly #starts: number[] = [0];
  #last = 0;

  /** Add a number to the list that {@link end} ends. */
  push(value: number): void {
    const step = value - this.#last;
    this.#last = value;
    // Steps back are the odd ones.
    this.#steps.push(step < 0 ? -2 * step - 1 : 2 * step);
  }

  end(): void {
    this.#starts.push(this.#steps.end);
    this.#last = 0;
  }

  each(index: number, act: (value: number) => void): void {
    let value = 0;
    this.#steps.each(this.#starts[index] ?? 0, this.#starts[index + 1] ?? 0, (step) => {
      value += (step & 1) === 0 ? step / 2 : -(step + 1) / 2;
      act(value);
    });
  }
}

/** A bit for each of so many places. */
export class Bits {
  #bytes: Uint8Array;

  constructor(length: number) {
    this.#bytes = new Uint8Array((length >>> 3) + 1);
  }

  /** Make room for so many places. */
  grow(length: number): void {
    if (length < 8 * this.#bytes.length) return;
    const bytes = new Uint8Array(length >>> 2);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }

  has(place: number): boolean {
    return ((this.#bytes[place >>> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }

  set(place: number): void {
    const at = place >>> 3;
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (place & 7));
  }

  /** Set all from `start` to before `end`. */
  setRange(start: number, end: number): void {
    let place = start;
    for (; place < end && (place & 7) !== 0; place += 1) this.set(place);
    const whole = Math.max(place, end & ~7);
    this.#bytes.fill(0xff, place >>> 3, whole >>> 3);
    for (place = whole; place < end; place += 1) this.set(place);
  }
}
