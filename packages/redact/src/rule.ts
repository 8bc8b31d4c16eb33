import { isMixedWord, isMonotonous } from "./text-statistics.ts";

/** One public token format. */
export interface TokenRule {
  /** Name in placeholders and findings: lower case, digits and hyphens. */
  readonly rule: string;
  /** Literals of at least three characters, one of which starts every match. */
  readonly anchors: readonly string[];
  /**
   * Matched from the anchor on. Bounded, without nested quantifiers. A first group, where there is
   * one, ends the match and is the secret; else all of the match is.
   */
  readonly pattern: RegExp;
  /** What belongs to the secret before the anchor; ends in `$`. Sees at most 128 characters. */
  readonly lead?: RegExp;
  /** Which characters before a match speak against it; default letters, digits, `_` and `-`. */
  readonly left?: "alnum" | "any";
  /** Anchors match in either case. */
  readonly fold?: boolean;
  /** Says less than a provider's format does: where both match, that one gives the name. */
  readonly isGeneric?: boolean;
  /** The last word; default: not an example from documentation. */
  readonly accepts?: (secret: string) => boolean;
}

/** Shorthand for the usual rule: a telling prefix, then a body. */
export function prefixed(rule: string, anchors: string, pattern: RegExp): TokenRule {
  return { rule, anchors: anchors.split(" "), pattern, left: "alnum" };
}

const documentation =
  /EXAMPLE|example|xxxx|XXXX|x-x-x|your|YOUR|laceholder|LACEHOLDER|\.{3}|\*{3}|REDACTED|EDACTED|dummy|DUMMY|0000000000|FAKE|1234567890abcdef/;

/** Bodies of tokens that vendors' documentation shows. */
const documentedBodies =
  /16C7e42F292c6912E77|9tSrke72PouQMnMX|aGmWKa4JsXZ-HjGw|pdFZKVeTuE8sk7oO|4eC39HqLyjWDarj|BQokikJOvBiI2Hl|26PHem9AhJZvU62/;

/** Not an example from documentation: no `EXAMPLE`, `xxxx` or `1234567890…`. */
export function isNotExample(secret: string): boolean {
  if (secret.length > 512) return true;
  return !documentation.test(secret) && !documentedBodies.test(secret) && !isMonotonous(secret);
}

/** Not an example, and as mixed as generated text. */
export function isRandom(secret: string): boolean {
  return isNotExample(secret) && secret.split(/[-_.:/]/).some(isRandomPart);
}

function isRandomPart(part: string): boolean {
  if (part.length < 16) return part.length >= 10 && isMixedWord(part);
  return /\d/.test(part) || (part.length >= 20 && isMixedWord(part));
}
