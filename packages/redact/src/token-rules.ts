import { alnum, type CharSet, startsToken, tokenChars } from "./chars.ts";
import type { TokenRule } from "./rule.ts";
import type { Span } from "./spans.ts";

const none: CharSet = new Uint8Array(256);
const leadMax = 128;
const [genericRank, rank] = [1.5, 2];

/** A rule ready to run: sticky, with its left border as a table. */
export interface CompiledRule {
  readonly rule: string;
  /** Made on the first hit: most rules find nothing to look at. */
  readonly pattern: () => RegExp;
  readonly lead: RegExp | undefined;
  readonly left: CharSet;
  readonly rank: number;
  readonly accepts: (secret: string) => boolean;
}

/** Prepare a rule for {@link matchRule}. */
export function compileRule(rule: TokenRule, accepts: (secret: string) => boolean): CompiledRule {
  let pattern: RegExp | undefined;
  return {
    rule: rule.rule,
    pattern: () => {
      pattern ??= new RegExp(rule.pattern.source, rule.pattern.flags.includes("i") ? "iy" : "y");
      return pattern;
    },
    lead: rule.lead,
    left: rule.left === "any" ? none : rule.left === "alnum" ? alnum : tokenChars,
    rank: rule.isGeneric === true ? genericRank : rank,
    accepts: rule.accepts ?? accepts,
  };
}

/** Try a rule at the place of its anchor. */
export function matchRule(rule: CompiledRule, text: string, start: number): Span | undefined {
  if (!startsToken(rule.left, text, start)) return undefined;
  let first = start;
  if (rule.lead !== undefined) {
    const lead = rule.lead.exec(text.slice(Math.max(0, start - leadMax), start));
    if (lead === null) return undefined;
    first -= lead[1]?.length ?? 0;
  }
  const pattern = rule.pattern();
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const end = start + match[0].length;
  const tail = match[1];
  if (tail !== undefined) first = end - tail.length;
  const secret = text.slice(first, end);
  return rule.accepts(secret)
    ? { start: first, end, rule: rule.rule, secret, rank: rule.rank }
    : undefined;
}
