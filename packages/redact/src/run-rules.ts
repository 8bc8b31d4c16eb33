import { tokenChars } from "./chars.ts";
import type { Span } from "./spans.ts";

/** A format without a literal: it starts with, or ends in, a long run of letters and digits. */
interface RunRule {
  readonly rule: string;
  readonly pattern: RegExp;
  /** How far before the run's start the format may begin. */
  readonly before: number;
}

const rank = 2;
const dot = 46;
const capitalA = 65;

// A user id in base64 (digits only), a time stamp, a signature; no fourth part, but perhaps the
// extension of a file that is named after the token.
const discordToken: RunRule = {
  rule: "discord-token",
  pattern: /(?:[MNO][\w-]{23,27}\.[\w-]{6,7}\.[\w-]{25,110})(?![\w-]|\.[\w-]{6})/y,
  before: 0,
};
const airtableToken: RunRule = {
  rule: "airtable-token",
  pattern: /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{64}(?![A-Za-z0-9])/y,
  before: 18,
};

// An account's id with its token, as for Basic authentication; the id alone is no secret.
const twilioPair: RunRule = {
  rule: "twilio-token",
  pattern: /AC[0-9a-f]{32}[:,;| ]{1,3}[0-9a-f]{32}(?![A-Za-z0-9])/y,
  before: 0,
};

/** Look at a run of at least 24 base64 characters for formats that start or end there. */
export function matchRunRules(
  bytes: Uint8Array,
  start: number,
  end: number,
  read: () => string,
  spans: Span[],
): void {
  if (bytes[end] === dot) {
    let first = end;
    while (first > start && end - first <= 28 && tokenChars[bytes[first - 1] as number] === 1) {
      first -= 1;
    }
    if (end - first <= 28) match(discordToken, read(), first, spans);
  }
  if (end - start === 34 && bytes[start] === capitalA) match(twilioPair, read(), start, spans);
  if (bytes[start - 1] === dot && end - start === 64) match(airtableToken, read(), start, spans);
}

function match(rule: RunRule, text: string, start: number, spans: Span[]): void {
  const from = start - rule.before;
  if (from < 0) return;
  rule.pattern.lastIndex = from;
  const found = rule.pattern.exec(text);
  if (found === null) return;
  const secret = found[0];
  spans.push({ start: from, end: from + secret.length, rule: rule.rule, secret, rank });
}
