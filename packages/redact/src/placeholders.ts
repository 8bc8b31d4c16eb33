import { createHash } from "node:crypto";
import type { Span } from "./spans.ts";

/** How often a rule found something. Says nothing about the secret. */
export interface Finding {
  readonly rule: string;
  readonly count: number;
}

/** Matches a placeholder as {@link PlaceholderBook.placeholder} writes it, whole. */
export const placeholderPattern: RegExp = /^\[REDACTED:[a-z0-9-]+:\d+\]$/;

/** How every placeholder starts. */
export const placeholderStart = "[REDACTED:";

const distinctMax = 65_536;
/** Longer secrets are kept as digests. */
const keptMax = 256;

/**
 * Numbers distinct secrets of each rule in order of first appearance.
 *
 * After 65,536 distinct ones all further ones share the number 0, so that memory stays bounded.
 */
export class PlaceholderBook {
  readonly #numbers = new Map<string, number>();
  readonly #lastOfRule = new Map<string, number>();

  /** `[REDACTED:<rule>:<n>]` for a secret. */
  placeholder({ rule, secret }: Pick<Span, "rule" | "secret">): string {
    const key = `${rule}:${secret.length > keptMax ? digest(secret) : secret}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      if (this.#numbers.size >= distinctMax) return `[REDACTED:${rule}:0]`;
      number = (this.#lastOfRule.get(rule) ?? 0) + 1;
      this.#lastOfRule.set(rule, number);
      // A copy of its own, or the key would keep the text around the secret alive.
      this.#numbers.set(Buffer.from(key, "latin1").toString("latin1"), number);
    }
    return `[REDACTED:${rule}:${number}]`;
  }
}

function digest(secret: string): string {
  return createHash("sha256").update(secret, "latin1").digest("base64");
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
