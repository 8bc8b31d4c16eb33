import { charIn, lineValueEnds, nameChars, nameTails, valueEnds } from "./chars.ts";
import { type NameStrength, nameStrength } from "./names.ts";
import { placeholderStart } from "./placeholders.ts";
import type { Span } from "./spans.ts";
import { isCodeName, isSecretValue, looksLikeWords } from "./values.ts";

const nameMax = 96;
const valueMax = 16_384;
/** How much of a long value is judged. */
const judgedMax = 256;
const rank = 1;

const nameBits =
  "secret token passw passphrase passcode credential auth accountkey accesskey bearer _pat _cred " +
  "_dsn key_ connectionstring connection_string";
/** Short words count only where a name ends: `monkey business` is no key. */
const nameEnds: Readonly<Record<string, string>> = {
  key: "= : \" ' ? % ( > ] ` \\ \t",
  keys: '= : "',
  pass: "= : \" ' > \\",
  pwd: "= : \" ' \\",
  pat: '= : "',
};

/** Bits of key names that are worth a look; each at least three characters. */
export const nameAnchors: readonly string[] = [
  ...nameBits.split(" "),
  ...Object.entries(nameEnds).flatMap(([word, ends]) =>
    [...ends.split(" "), ...(word === "keys" || word === "pat" ? [] : [" "])].map(
      (end) => `${word}${end}`,
    ),
  ),
];

/** Ties between name and value; tried in this order, at the end of the name. */
const assign =
  /(?:\\*["'`])?\]?[ \t]{0,16}(?:\([^()\n]{0,32}\))?(?:(?::[ \t]{0,4})?(?:&?[A-Za-z][\w.|?]{0,24}[ \t]{1,4})?[.?:+|]{0,3}={1,3}>?|:)[ \t]{0,16}/y;
const element = />[ \t]{0,64}/y;
const sibling =
  /\\*["'`][ \t]{0,4}(?:,[ \t]{0,16}\\*["'`]value\\*["'`][ \t]{0,4}:|[ \t]value=)[ \t]{0,4}/iy;
const argument = /\([ \t]{0,4}(?=\\*["'`])/y;
/** Letters before a quote: raw, byte and other strings. */
const quotePrefix = /(?:[rbfu]{1,2}|@|\$)(?=["'])/iy;
const call = /\\*["'`][ \t]{0,4},[ \t]{0,4}(?=\\*["'`])/y;
const spaced = /(?:[ \t]{1,4}(?:is|was|to|of|=>|->)?[ \t]{0,4})/y;
const scheme =
  /(?:bearer|basic|token|apikey|api-key|key|bot|digest|aws4-hmac-sha256)[ \t+]{1,4}(?=[^\s])/iy;
const phraseBefore =
  /(?:^|[^A-Za-z])((?:api|access|secret|private|auth|security|signing|encryption|service|bearer|refresh|client|deploy|personal access|master|bot)[ ])$/i;
const lineStart = /(?:^|[\r\n]|\\n)[ \t]*(?:export[ \t]+|set[ \t]+|env[ \t]+|ENV[ \t]+)?$/;
const netrcBefore =
  /(?:\blogin[ \t]+\S{1,64}[ \t]+|(?:^|[\r\n])[ \t]*|\b(?:ENV|ARG|setenv)[ \t]+)$/;

/** One reader per window: it remembers where it was, so that no stretch is read twice. */
export class AssignmentReader {
  readonly #text: string;
  readonly #extraNames: ReadonlySet<string>;
  readonly #found: (Value & { readonly strength: NameStrength })[] = [];
  #nameEnd = 0;
  #runEnd = 0;
  #runStart = 0;
  #runSet: Uint8Array = valueEnds;

  constructor(text: string, extraNames: ReadonlySet<string>) {
    this.#text = text;
    this.#extraNames = extraNames;
  }

  /** Note the value behind the key name around an anchor. */
  read(anchorStart: number): void {
    if (anchorStart < this.#nameEnd) return;
    const text = this.#text;
    let start = anchorStart;
    const startMin = Math.max(0, anchorStart - nameMax);
    while (start > startMin && charIn(nameChars, text, start - 1)) start -= 1;
    let end = anchorStart;
    const endMax = Math.min(text.length, anchorStart + nameMax);
    while (end < endMax && charIn(nameChars, text, end)) end += 1;
    this.#nameEnd = end;
    if (text.startsWith(placeholderStart, start - placeholderStart.length)) return;
    // A colour code right before the name is no part of it.
    if (text.charCodeAt(start - 1) === 91) {
      const code = /^\d{0,3}m/.exec(text.slice(start, Math.min(end, start + 4)));
      if (code !== null) start += code[0].length;
    }
    // `\nTOKEN=` in escaped JSON: the n belongs to the escape.
    if (text.charCodeAt(start - 1) === 92 && /[nrt]/.test(text.charAt(start))) start += 1;
    const strength = this.#strengthOf(start, end);
    if (strength === "none") return;
    if (isInArn(text, start)) return;
    const isFlag = text.startsWith("-", start);
    const value = this.#valueAfter(start, end, isFlag, strength);
    if (value !== undefined) this.#found.push({ ...value, strength });
  }

  /** Add the values that may be secrets; those that a token format covers already are not judged. */
  finish(spans: Span[]): void {
    const covered = spans.slice().sort((a, b) => a.start - b.start);
    let next = 0;
    for (const { start, end, secret, isQuoted, strength } of this.#found) {
      while (next < covered.length && (covered[next]?.end ?? 0) < end) next += 1;
      if ((covered[next]?.start ?? end) <= start) continue;
      if (this.#accepts({ start, end, secret, isQuoted }, strength)) {
        spans.push({ start, end, secret, rule: ruleOf(strength), rank });
      }
    }
  }

  #accepts(value: Value, strength: NameStrength): boolean {
    if (this.#text.startsWith(placeholderStart, value.start)) return false;
    const judged = value.secret.slice(0, judgedMax);
    // Without quotes, what looks like a call, an index or the name of a type is code.
    if (!value.isQuoted) {
      if (/[([{]/.test(this.#text.charAt(value.end)) || isCodeName(judged)) return false;
      if (/^[a-z]+(?:_[a-z0-9]{1,16}){1,8}$/.test(judged) && looksLikeWords(judged)) return false;
    }
    // `password=password,` in a list of arguments.
    return isSecretValue(value.isQuoted ? judged : judged.replace(/[,;)]{1,4}$/, ""), strength);
  }

  #strengthOf(start: number, end: number): NameStrength {
    let last = end;
    while (last > start && charIn(nameTails, this.#text, last - 1)) last -= 1;
    const name = this.#text.slice(start, last);
    if (this.#extraNames.size > 0 && this.#extraNames.has(normaliseName(name))) return "password";
    if (name.length <= 6 && /^(?:key|token|secret|pass)$/i.test(name)) {
      const phrase = phraseBefore.exec(this.#text.slice(Math.max(0, start - 20), start));
      if (phrase !== null) return nameStrength(`${phrase[1]}${name}`);
    }
    return nameStrength(name);
  }

  #valueAfter(
    start: number,
    end: number,
    isFlag: boolean,
    strength: NameStrength,
  ): Value | undefined {
    const tie = this.#tieEnd(start, end, isFlag, strength);
    if (tie === undefined) return undefined;
    const quoted = this.#quoted(tie);
    if (quoted !== undefined) return quoted;
    const from = stickyEnd(scheme, this.#text, tie) ?? tie;
    const inner = this.#quoted(from);
    if (inner !== undefined) return inner;
    // A line of its own, as in an env file: the value goes on to the next blank.
    const before = this.#text.slice(Math.max(0, start - 24), start);
    if (this.#text.slice(end, tie).includes("==")) return undefined;
    const isVariable =
      this.#text.charAt(end) === "=" && !this.#text.slice(start, end).includes(".");
    const ownLine = isVariable && lineStart.test(before);
    return this.#unquoted(from, ownLine ? lineValueEnds : valueEnds);
  }

  #tieEnd(start: number, end: number, isFlag: boolean, strength: NameStrength): number | undefined {
    const text = this.#text;
    const found =
      stickyEnd(sibling, text, end) ??
      stickyEnd(assign, text, end) ??
      stickyEnd(element, text, end) ??
      (isCompound(text.slice(start, end)) ? stickyEnd(call, text, end) : undefined) ??
      (strength === "secret" ? stickyEnd(argument, text, end) : undefined);
    if (found !== undefined) return found;
    const next = stickyEnd(spaced, text, end);
    if (next === undefined || next === end) return undefined;
    if (isFlag) return next;
    const isNetrc =
      strength === "password" && netrcBefore.test(text.slice(Math.max(0, start - 96), start));
    return isNetrc || strength === "secret" ? next : undefined;
  }

  #quoted(from: number): Value | undefined {
    const text = this.#text;
    const first = stickyEnd(quotePrefix, text, from) ?? from;
    let at = first;
    while (at < first + 16 && text.charCodeAt(at) === 92) at += 1;
    const quote = text.charAt(at);
    if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
    const slashes = at - first;
    let open = at + 1;
    const inScheme = stickyEnd(scheme, text, open);
    if (inScheme !== undefined) open = inScheme;
    const close = closingQuote(text, open, quote, slashes);
    if (close === undefined) return this.#unquoted(open, valueEnds);
    const end = close - Math.min(slashes, slashesBefore(text, close));
    return { start: open, end, secret: text.slice(open, end), isQuoted: true };
  }

  #unquoted(from: number, ends: Uint8Array): Value | undefined {
    const text = this.#text;
    const known = ends === this.#runSet && from >= this.#runStart && from < this.#runEnd;
    if (!known) {
      let end = from;
      const limit = Math.min(text.length, from + valueMax);
      while (end < limit && !charIn(ends, text, end)) end += 1;
      this.#runStart = from;
      this.#runEnd = end;
      this.#runSet = ends;
    }
    let end = this.#runEnd;
    // Escaped JSON: the value ends before `\n` and before `\"`.
    if (ends === lineValueEnds) {
      const cut = text.slice(from, end).search(/\\+(?:[nrt]|$)/);
      if (cut >= 0) end = from + cut;
    }
    while (end > from && /[.:!?]/.test(text.charAt(end - 1))) end -= 1;
    if (end <= from) return undefined;
    return { start: from, end, secret: text.slice(from, end), isQuoted: false };
  }
}

interface Value {
  readonly start: number;
  readonly end: number;
  readonly secret: string;
  readonly isQuoted: boolean;
}

/** A name without case and punctuation, as extra key names are compared. */
export function normaliseName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

/** The rule that a key name of some strength gives its value. */
export function ruleOf(strength: NameStrength): string {
  return strength === "password" ? "password" : "named-secret";
}

/** The quote that closes a value on the same line, at the same depth of escaping or less. */
function closingQuote(
  text: string,
  open: number,
  quote: string,
  slashes: number,
): number | undefined {
  const stretch = text.slice(open, open + valueMax);
  const newline = stretch.indexOf("\n");
  let close = stretch.indexOf(quote);
  while (close !== -1 && slashesBefore(text, open + close) > slashes) {
    close = stretch.indexOf(quote, close + 1);
  }
  return close === -1 || (newline !== -1 && newline < close) ? undefined : open + close;
}

/** More than one word: `db.password`, `apiKey`. */
function isCompound(name: string): boolean {
  return /[._-]|[a-z][A-Z]/.test(name);
}

/** `arn:aws:secretsmanager:…:secret:name` names a secret, it holds none. */
function isInArn(text: string, start: number): boolean {
  if (text.charCodeAt(start - 1) !== 58) return false;
  return /arn:aws[\w-]{0,16}:[\w:-]{0,80}$/.test(text.slice(Math.max(0, start - 112), start));
}

function slashesBefore(text: string, index: number): number {
  let count = 0;
  while (count < 16 && text.charCodeAt(index - count - 1) === 92) count += 1;
  return count;
}

function stickyEnd(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
