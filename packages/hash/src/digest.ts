import { hashErrors } from "./errors.ts";
import { quote } from "./quote.ts";

/** The address of bytes: the algorithm, a colon, 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

const digestPattern = /^sha256:[0-9a-f]{64}$/;
const hexPattern = /^[0-9a-f]{64}$/;
const prefix = "sha256:";

/** Tell a digest from any other value. Upper-case digits do not make a digest. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && value.length === 71 && digestPattern.test(value);
}

/**
 * Read a digest, exactly as written: no white space, no upper case, no missing algorithm.
 * @throws `HASH_DIGEST_INVALID`
 * @example
 * const digest = parseDigest(`sha256:${"0".repeat(64)}`);
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw hashErrors.DIGEST_INVALID(`${quote(String(text))} is not a digest.`);
}

/**
 * The 64 hexadecimal digits of a digest, as `sha256sum` prints them.
 * @throws `HASH_DIGEST_INVALID`
 */
export function digestHex(digest: Digest): string {
  return parseDigest(digest).slice(prefix.length);
}

/**
 * Make a digest of the 64 lower-case hexadecimal digits that `sha256sum` prints.
 * @throws `HASH_DIGEST_INVALID`
 */
export function digestFromHex(hex: string): Digest {
  if (hex.length === 64 && hexPattern.test(hex)) return `${prefix}${hex}`;
  throw hashErrors.DIGEST_INVALID(`${quote(hex)} is not 64 lower-case hexadecimal digits.`);
}
