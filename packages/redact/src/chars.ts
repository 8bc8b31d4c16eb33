/** A 256-entry membership table over byte values. */
export type CharSet = Uint8Array;

/** Build a membership table from ranges such as `"AZaz09"` (pairs of first and last) and single characters. */
export function charSet(ranges: string, singles = ""): CharSet {
  const table = new Uint8Array(256);
  for (let at = 0; at + 1 < ranges.length; at += 2) {
    table.fill(1, ranges.charCodeAt(at), ranges.charCodeAt(at + 1) + 1);
  }
  for (let at = 0; at < singles.length; at += 1) table[singles.charCodeAt(at)] = 1;
  return table;
}

/** Letters and digits. */
export const alnum: CharSet = charSet("AZaz09");
/** Letters, digits, `_` and `-`. */
export const tokenChars: CharSet = charSet("AZaz09", "_-");
/** Characters of a key name as people write them. */
export const nameChars: CharSet = charSet("AZaz09", "_-.");
/** What may end a name without being part of it. */
export const nameTails: CharSet = charSet("", "._-");
/** Both base64 alphabets, without padding. */
export const base64Chars: CharSet = charSet("AZaz09", "+/-_");
/** Where a URL-encoded word ends. */
export const wordEnds: CharSet = charSet("\x00\x20", "\"'`<>\x7f");
/** Where an unquoted value ends. */
export const valueEnds: CharSet = charSet("\x00\x20", "\"'`<>,;&|(){}[]\\\x7f\x1b");
/** Where an unquoted value ends when it has a line of its own. */
export const lineValueEnds: CharSet = charSet("\x00\x20", "\"'`\x7f\x1b");

/** Is the character at an index in the set? False outside the text. */
export function charIn(set: CharSet, text: string, index: number): boolean {
  return set[text.charCodeAt(index)] === 1;
}

/**
 * May a token start here? Not inside a word, but right after an escape such as `\n` in escaped JSON.
 */
export function startsToken(set: CharSet, text: string, index: number): boolean {
  if (index === 0 || !charIn(set, text, index - 1)) return true;
  const before = text.charCodeAt(index - 1);
  // n, r, t, b, f after a backslash belong to the escape, not to the word.
  const isEscapeLetter =
    before === 110 || before === 114 || before === 116 || before === 98 || before === 102;
  return isEscapeLetter && index >= 2 && text.charCodeAt(index - 2) === 92;
}
