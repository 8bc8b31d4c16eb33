import type { Span } from "./spans.ts";

/** How often a rule found something. Says nothing about the secret. */
export interface Finding {
  readonly rule: string;
  readonly count: number;
}

/** How every placeholder starts. */
export const placeholderStart = "[REDACTED:";

const distinctMax = 262_144;

/**
 * Numbers distinct secrets of each rule in order of first appearance.
 *
 * Keeps no secret, only a fingerprint of 53 bits of each. After 262,144 distinct ones all further
 * ones share the number 0, so that memory stays bounded.
 */
export class PlaceholderBook {
  readonly #numbersByRule = new Map<string, Map<number, number>>();
  #distinct = 0;

  /** `[REDACTED:<rule>:<n>]` for a secret. */
  placeholder({ rule, secret }: Pick<Span, "rule" | "secret">): string {
    let numbers = this.#numbersByRule.get(rule);
    if (numbers === undefined) {
      numbers = new Map();
      this.#numbersByRule.set(rule, numbers);
    }
    const key = fingerprint(secret);
    let number = numbers.get(key);
    if (number === undefined) {
      if (this.#distinct >= distinctMax) return `[REDACTED:${rule}:0]`;
      this.#distinct += 1;
      number = numbers.size + 1;
      numbers.set(key, number);
    }
    return `[REDACTED:${rule}:${number}]`;
  }
}

/**
 * 53 bits that tell secrets apart (cyrb53). Two secrets that share them share a number, which is
 * all that could happen: a cryptographic digest would cost more than all the rest of a finding.
 */
function fingerprint(secret: string): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let at = 0; at < secret.length; at += 1) {
    const code = secret.charCodeAt(at);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return 0x1_0000_0000 * (high & 0x1f_ffff) + (low >>> 0);
}

/** Adds up findings by rule. */
export class FindingCounter {
  readonly #counts = new Map<string, number>();

  add(rule: string, count = 1): void {
    this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + count);
  }

  /** Findings sorted by rule. */
  list(): Finding[] {
    return [...this.#counts]
      .map(([rule, count]) => ({ rule, count }))
      .sort((a, b) => (a.rule < b.rule ? -1 : 1));
  }
}
