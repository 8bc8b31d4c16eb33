import type { NameStrength } from "./names.ts";

const placeholderWords =
  /your|example|sample|x{4}|\*{3}|\.{3}|placeholder|change[-_ ]?(?:me|this|it)|dummy|redacted|insert|replace|todo|fixme|not[-_]?a[-_]?real|fake|foobar|lorem|secret[-_]?(?:key|token|here)|(?:key|token|password|secret)[-_]?(?:here|goes)|_here\b|removed|hidden|masked|sanitized|deadbeef|undefined|default/i;
const reference =
  /^(?:[<[{]|\$[{(]|\$[A-Za-z_]\w*$|%[({]|%\w+%$|\$\$|#\{|![a-z]+$|\*[a-z_]+$|=|::|:[a-z]+:|ENC\(|&[a-z_]+$)/;
const digestLabel =
  /^(?:sha\d+|sha3|md5|blake\d?\w*|crc\w+|git|urn|uuid|arn|did|cid|etag|w\/")[-:_/]/i;
const codePath = /^[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)+$/;
const plainWords = new Set([
  "true",
  "false",
  "null",
  "none",
  "nil",
  "undefined",
  "string",
  "number",
  "boolean",
  "integer",
  "password",
  "secret",
  "token",
  "enabled",
  "disabled",
  "required",
  "optional",
  "bearer",
  "basic",
  "oauth",
  "oauth2",
  "oauth2.0",
  "auth0",
  "sha256",
  "sha512",
  "md5",
  "hs256",
  "rs256",
  "es256",
  "base64",
  "utf8",
  "utf-8",
  "postgres",
  "username",
  "passw0rd",
  "hunter2",
  "password1",
  "password123",
  "admin123",
  "test1234",
  "secret123",
  "mypassword",
  "mysecret",
]);

const nonAscii = /[\u0080-\uffff]/;
const consonants = /[bcdfghjklmnpqrstvwxz]{6}/i;
const prose =
  /\b(?:a|an|and|by|enter|for|from|generate|in|is|key|must|not|of|or|password|please|the|to|use|used|with|wrong|invalid|incorrect)\b/i;
/** Values of RFC 6749 and 6750. */
const documentedValues =
  /mF_9\.B5f-4|2YotnFZFEjr1z|tGzv3JOkF0XG5|SlAV32hkKG|gX1fBat3bV|cn389ncoiwuencr/;

/** A stand-in rather than a secret: `YOUR_API_KEY`, `<token>`, `xxxx`, `${SECRET}`, `1234567890`. */
export function isPlaceholder(value: string): boolean {
  if (value.length > 1024) return false;
  if (reference.test(value) || placeholderWords.test(value)) return true;
  if (documentedValues.test(value)) return true;
  return isMonotonous(value);
}

/** Beyond doubt no secret: a reference, a mask, a placeholder of ours. */
export function isStandIn(value: string): boolean {
  return reference.test(value) || /^(?:\*+|x{3,}|\.{3}|your[-_ ].*|change[-_]?me)$/i.test(value);
}

/** Few different characters, or mostly a run such as `abcdefgh` or `12345678`. */
export function isMonotonous(value: string): boolean {
  let different = 0;
  let steps = 0;
  let last = -2;
  const round = nextRound();
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at) & 255;
    if (marks[code] !== round) {
      marks[code] = round;
      different += 1;
    }
    const step = code - last;
    // From 9 to 0 goes on counting.
    if (step === 1 || step === 0 || (step === -9 && code === 48)) steps += 1;
    last = code;
  }
  return different < Math.min(6, value.length / 2) || steps * 2 > value.length;
}

// Which characters were seen in which round: a table that needs no clearing.
const marks = new Uint32Array(256);
let rounds = 0;

function nextRound(): number {
  rounds = (rounds + 1) >>> 0 || 1;
  return rounds;
}

const counts = new Uint16Array(256);

/** Shannon entropy in bits per character (of the low byte of each, of at most 4,096). */
export function entropy(value: string): number {
  const length = Math.min(value.length, 4096);
  for (let at = 0; at < length; at += 1) {
    const code = value.charCodeAt(at) & 255;
    counts[code] = (counts[code] ?? 0) + 1;
  }
  let bits = 0;
  for (let at = 0; at < length; at += 1) {
    const code = value.charCodeAt(at) & 255;
    const count = counts[code] ?? 0;
    if (count === 0) continue;
    bits -= (count / length) * Math.log2(count / length);
    counts[code] = 0;
  }
  return bits;
}

/** Words and small numbers joined by punctuation, as in `my-service-v2`. */
export function looksLikeWords(value: string): boolean {
  return value.split(/[-_./: @+]+/).every((part) => isWordOrNumber(part));
}

function isWordOrNumber(part: string): boolean {
  if (part.length <= 5 && /^v?\d{0,4}$/.test(part)) return true;
  return /^(?:[A-Za-z]?[a-z]*|[A-Z]*)$/.test(part) || isCodeName(part);
}

/** Letters with humps, as code names things: `RsaPrivateKey`. Generated text changes case more often. */
export function isCodeName(value: string): boolean {
  if (!/^[A-Za-z_$]+$/.test(value) || !isMixedCase(value)) return false;
  return changes(value) * 2 <= value.length + 1 && !consonants.test(value);
}

const documentedPairs =
  /^(?:user(?:name)?|admin|root|test|aladdin|guest|foo|api|login|email|s6BhdRkqt3):(?:gX1fBat3bV|pass(?:word)?|passwd|secret|test|bar|guest|admin|open ?sesame|token|x)?$/i;

/** `user:password` and the like, as documentation writes Basic authentication. */
export function isDocumentedPair(pair: string): boolean {
  return documentedPairs.test(pair);
}

function isDocumentedBasic(value: string): boolean {
  return value.length <= 64 && isDocumentedPair(Buffer.from(value, "base64").toString("latin1"));
}

/** May the value of a key of this strength be a secret? */
export function isSecretValue(value: string, strength: NameStrength): boolean {
  if (strength === "none" || value.length < 6 || value.length > 4096) return false;
  if (plainWords.has(value.toLowerCase()) || digestLabel.test(value)) return false;
  if (isPlaceholder(value) || isCode(value) || isPathOrUrl(value)) return false;
  if (strength === "password") return isPasswordValue(value);
  if (value.length < 10 || /\s/.test(value) || isDocumentedBasic(value)) return false;
  const hasDigit = /\d/.test(value);
  if (strength === "secret" && isUnpronounceable(value)) return true;
  if (looksLikeWords(value) || nonAscii.test(value)) return false;
  if (!/[A-Za-z]/.test(value) && (strength === "weak" || value.length < 16)) return false;
  if (!hasDigit && value.length < 20 && changes(value) * 3 < value.length) return false;
  if (strength === "weak") {
    if (value.length < 16 || isUuid(value) || /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(value)) return false;
    return entropy(value) >= 3.4;
  }
  return entropy(value) >= (value.length < 16 ? 2.6 : 2.9);
}

/** UUID in its usual writing. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** An absolute, home or relative path, or a URL that carries no password. */
export function isPathOrUrl(value: string): boolean {
  if (/^[a-z][a-z0-9+.-]{1,20}:\/\//i.test(value)) return !/:\/\/[^/\s]{1,512}@/.test(value);
  if (/^[A-Za-z]:[\\/]/.test(value)) return true;
  if (
    !/^(?:~|\.{1,2})?\/[\w.@~%, -]/.test(value) &&
    !/^[\w.-]+(?:\/[\w.-]+)*\.[a-z]{2,5}$/.test(value)
  ) {
    return false;
  }
  return !value.split("/").some((part) => part.length >= 20 && isMixedWord(part));
}

/** Lower case, upper case and a digit in one word: what random base62 looks like. */
export function isMixedWord(value: string): boolean {
  const classes =
    Number(/[a-z]/.test(value)) + Number(/[A-Z]/.test(value)) + Number(/\d/.test(value));
  return (
    classes === 3 || (classes === 2 && value.length >= 24 && changes(value) * 4 > value.length)
  );
}

/** Twelve or more letters and digits without a blank that no language would put together. */
function isUnpronounceable(value: string): boolean {
  if (!/^[A-Za-z0-9]{12,}$/.test(value) || entropy(value) < 3) return false;
  const letters = value.replace(/\d/g, "");
  const mixed = isMixedCase(letters) && changes(letters) * 3 > letters.length && !isCodeName(value);
  return mixed || (value.length >= 20 && consonants.test(letters));
}

/** How often a value goes from one kind of character to another. */
function changes(value: string): number {
  let count = 0;
  let last = "";
  for (const character of value) {
    const kind = /[a-z]/.test(character) ? "a" : /[A-Z]/.test(character) ? "A" : "0";
    if (last !== "" && kind !== last) count += 1;
    last = kind;
  }
  return count;
}

function isCode(value: string): boolean {
  if (/[$#]\{|\{\{|[=!]==|&&|\|\||\?[.\w]|=>/.test(value)) return true;
  if (/^[\w.$]+[({[]/.test(value) && /[)\]}]|[({[]$/.test(value)) return true;
  if (/^[A-Za-z_$][\w$]*(?:\.[\w$]+)+\(/.test(value)) return true;
  return (
    codePath.test(value) &&
    !value
      .split(/[.:>-]+/)
      .some((part) => part.length >= 16 && /\d/.test(part) && isMixedWord(part))
  );
}

function isPasswordValue(value: string): boolean {
  if (new Set(value).size < 4) return false;
  if (/^[A-Za-z]+$/.test(value)) {
    return value.length >= (isMixedCase(value) ? 12 : 16) && !isCodeName(value);
  }
  if (/^[A-Za-z]+(?:[-_. ][A-Za-z]+)*[:?!.]?$/.test(value)) {
    return value.length >= 20 && !prose.test(value);
  }
  return !/^[\d.,:/-]{1,7}$/.test(value);
}

function isMixedCase(value: string): boolean {
  return /[a-z]/.test(value.slice(1)) && /[A-Z]/.test(value.slice(1));
}
