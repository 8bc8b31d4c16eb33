import { strict as assert } from "node:assert";
import { createHash, hash } from "node:crypto";
import type { Digest } from "./digest.ts";
import { hashErrors } from "./errors.ts";

/** SHA-256 over bytes that arrive piece by piece. */
export interface Digester {
  /** Bytes taken so far. */
  readonly size: number;
  /** Take the next bytes. Not allowed after {@link Digester.digest}. */
  update(bytes: Uint8Array): void;
  /** End and give the digest. Calling it again gives the same digest. */
  digest(): Digest;
}

// `crypto` refuses more than 2^31-1 bytes in one call.
const CALL_BYTES_MAX = 2 ** 30;

/**
 * Digest bytes that are in memory. A string stands for its UTF-8 bytes.
 *
 * @throws `HASH_NOT_CANONICAL` for a string with a lone surrogate: it has no UTF-8 bytes, and
 * replacing the surrogate would give different strings the same digest.
 * @example
 * digestBytes("abc"); // "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
 * @see FIPS 180-4
 */
export function digestBytes(bytes: Uint8Array | string): Digest {
  if (typeof bytes === "string" && !bytes.isWellFormed()) {
    throw hashErrors.NOT_CANONICAL("A string with a lone surrogate has no UTF-8 bytes to digest.");
  }
  // A string cannot be long enough to exceed the limit.
  if (typeof bytes === "string" || bytes.byteLength <= CALL_BYTES_MAX) {
    return `sha256:${hash("sha256", bytes, "hex")}`;
  }
  const digester = createDigester();
  digester.update(bytes);
  return digester.digest();
}

/**
 * Start a digest of bytes that arrive piece by piece.
 * @example
 * const digester = createDigester();
 * digester.update(Buffer.from("hel"));
 * digester.update(Buffer.from("lo"));
 * digester.digest() === digestBytes("hello"); // true
 */
export function createDigester(): Digester {
  return new Sha256Digester();
}

/**
 * Digest and count a source of bytes. Nothing of it is kept in memory; an error of the source is
 * thrown on as it is.
 */
export async function digestSource(
  source: AsyncIterable<Uint8Array>,
): Promise<{ digest: Digest; size: number }> {
  const digester = createDigester();
  for await (const chunk of source) digester.update(chunk);
  return { digest: digester.digest(), size: digester.size };
}

class Sha256Digester implements Digester {
  readonly #hash = createHash("sha256");
  #digest: Digest | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    assert(this.#digest === undefined, "This digester has ended.");
    for (let start = 0; start < bytes.byteLength; start += CALL_BYTES_MAX) {
      this.#hash.update(
        bytes.byteLength <= CALL_BYTES_MAX ? bytes : bytes.subarray(start, start + CALL_BYTES_MAX),
      );
    }
    this.#size += bytes.byteLength;
  }

  digest(): Digest {
    this.#digest ??= `sha256:${this.#hash.digest("hex")}`;
    return this.#digest;
  }
}
