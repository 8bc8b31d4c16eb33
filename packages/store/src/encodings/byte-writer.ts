import { viewOf } from "./byte-view.ts";

/** Up to this length, copying it here takes less than a call. */
const shortLength = 128;

/** Puts bytes together in one piece of memory. */
export class ByteWriter {
  #bytes = Buffer.alloc(0);
  #view = viewOf(this.#bytes);
  length = 0;

  /**
   * Begin anew, in the same memory: it is no longer what was written before.
   * @param room What is needed, as far as is known.
   */
  begin(room: number): void {
    this.length = 0;
    if (room > this.#bytes.length) this.#grow(room);
  }

  /** Add a part of some bytes. */
  copy(from: DataView, start: number, end: number): void {
    const count = end - start;
    const to = this.length;
    if (to + count > this.#bytes.length) this.#grow(to + count);
    this.length = to + count;
    const view = this.#view;
    if (count > shortLength) {
      this.#bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, count), to);
    } else if (count >= 4) {
      const last = count - 4;
      for (let at = 0; at < last; at += 4)
        view.setInt32(to + at, from.getInt32(start + at, true), true);
      view.setInt32(to + last, from.getInt32(start + last, true), true);
    } else for (let at = 0; at < count; at += 1) view.setUint8(to + at, from.getUint8(start + at));
  }

  /** What was written. */
  done(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #grow(length: number): void {
    const bytes = Buffer.allocUnsafeSlow(2 * length);
    bytes.set(this.#bytes.subarray(0, this.length));
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }
}
