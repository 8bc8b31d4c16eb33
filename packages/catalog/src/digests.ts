import type { Digest } from "@reseal/hash";

const prefix = "sha256:";

/** The hexadecimal digits of a digest; text without the prefix comes back as it is. */
export function withoutAlgorithm(text: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/** A digest from the hexadecimal digits that the tables hold. */
export function withAlgorithm(hex: string): Digest {
  return `sha256:${hex}`;
}
