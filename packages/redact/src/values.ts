import type { NameStrength } from "./names.ts";
import {
  changes,
  countDifferent,
  entropy,
  isGenerated,
  isMixedCase,
  isMixedWord,
  isMonotonous,
} from "./text-statistics.ts";

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
  if (reference.test(value) || placeholderWords.test(value) || documentedValues.test(value)) {
    return true;
  }
  return isMonotonous(value);
}

/** Beyond doubt no secret: a reference, a mask, a placeholder of ours. */
export function isStandIn(value: string): boolean {
  return reference.test(value) || /^(?:\*+|x{3,}|\.{3}|your[-_ ].*|change[-_]?me)$/i.test(value);
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
  if (value.length > 64 || !documentedStart.test(value)) return false;
  return isDocumentedPair(Buffer.from(value, "base64").toString("latin1"));
}

/** How the pairs of documentation begin in base64; most other values need not be decoded. */
const documentedStart =
  /^(?:dXNl|VXNl|YWRt|QWRt|cm9v|dGVz|QWxh|YWxh|Z3Vl|Zm9v|YXBp|bG9n|ZW1h|czZC)/;

/** May the value of a key of this strength be a secret? */
export function isSecretValue(value: string, strength: NameStrength): boolean {
  if (strength === "none" || value.length < 6 || value.length > 4096) return false;
  if (isGenerated(value)) return isSecretGenerated(value, strength);
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
    if (value.length < 16 || isUuid(value) || isOneCaseHex(value)) return false;
    return entropy(value) >= 3.4;
  }
  return entropy(value) >= (value.length < 16 ? 2.6 : 2.9);
}

function isSecretGenerated(value: string, strength: NameStrength): boolean {
  if (digestLabel.test(value) || isPlaceholder(value) || isDocumentedBasic(value)) return false;
  if (value.includes("/") && isPathOrUrl(value)) return false;
  if (strength === "password") return true;
  if (strength === "secret") return entropy(value) >= 2.9;
  return !isUuid(value) && !isOneCaseHex(value) && entropy(value) >= 3.4;
}

function isOneCaseHex(value: string): boolean {
  return /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(value);
}

/** UUID in its usual writing. */
function isUuid(value: string): boolean {
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

/** Twelve or more letters and digits without a blank that no language would put together. */
function isUnpronounceable(value: string): boolean {
  if (!/^[A-Za-z0-9]{12,}$/.test(value) || entropy(value) < 3) return false;
  const letters = value.replace(/\d/g, "");
  const mixed = isMixedCase(letters) && changes(letters) * 3 > letters.length && !isCodeName(value);
  return mixed || (value.length >= 20 && consonants.test(letters));
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
  if (countDifferent(value) < 4) return false;
  if (/^[A-Za-z]+$/.test(value)) {
    return value.length >= (isMixedCase(value) ? 12 : 16) && !isCodeName(value);
  }
  if (/^[A-Za-z]+(?:[-_. ][A-Za-z]+)*[:?!.]?$/.test(value)) {
    return value.length >= 20 && !prose.test(value);
  }
  return !/^[\d.,:/-]{1,7}$/.test(value);
}
