import type { Anchor } from "./grams.ts";
import { entropy, isMonotonous } from "./text-statistics.ts";

/** A secret value that the caller knows, and where it came from. */
export interface KnownSecret {
  readonly name: string;
  readonly value: string;
}

/** One way to write a known value, as latin-1 of its bytes. */
export interface Needle {
  /** The value itself, for its number. */
  readonly secret: string;
  /** Base64: characters next to the match hold bits of the secret too. */
  readonly isBase64: boolean;
}

const lengthMin = 8;
const pieceMax = 4096;

/** Long and mixed enough to be looked for: anything less would blacken innocent text. */
export function isKnowable(value: string): boolean {
  const bytes = Buffer.byteLength(value);
  return bytes >= lengthMin && !isMonotonous(value) && entropy(value) * value.length >= 20;
}

/** Every way in which known values are looked for: raw, JSON-escaped, URL-encoded, base64, hex. */
export function knownAnchors(secrets: readonly KnownSecret[]): Anchor<Needle>[] {
  const anchors: Anchor<Needle>[] = [];
  const seen = new Set<string>();
  for (const { value } of secrets) {
    const trimmed = value.trim();
    if (!isKnowable(trimmed)) continue;
    for (const piece of pieces(trimmed)) {
      const secret = latin1(trimmed);
      const add = (literal: string, fold: boolean, isBase64: boolean): void => {
        const key = `${fold}${literal}`;
        if (literal.length < 6 || seen.has(key)) return;
        seen.add(key);
        anchors.push({ literal, fold, handler: { secret, isBase64 } });
      };
      for (const form of textForms(piece)) add(latin1(form), false, false);
      // Percent escapes may be written in either case, and so may hex.
      for (const form of urlForms(piece)) add(form, /%/.test(form) && isSingleCase(form), false);
      const bytes = Buffer.from(piece, "utf8");
      add(bytes.toString("hex"), true, false);
      for (const form of base64Forms(bytes)) add(form, false, true);
    }
  }
  return anchors;
}

/** Base64 of bytes at each of the three places they can have in a group, both alphabets. */
function base64Forms(bytes: Buffer): string[] {
  const forms = new Set<string>();
  for (let offset = 0; offset < 3; offset += 1) {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    // Only characters all of whose six bits come from the secret are the same in every text.
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const form = encoded.slice(first, last);
    forms.add(form).add(form.replaceAll("+", "-").replaceAll("/", "_"));
    forms.add(form.replaceAll("/", "\\/"));
  }
  return [...forms];
}

function textForms(piece: string): string[] {
  const once = escapeJson(piece);
  const twice = escapeJson(once);
  const ascii = escapeNonAscii(once);
  return [
    ...[piece, once, twice, escapeJson(twice), ascii, escapeJson(ascii)],
    ...[once.replaceAll("/", "\\/"), once.replaceAll("/", "\\\\\\/")],
    ...[piece.replaceAll("'", "'\\''"), piece.replaceAll("\n", "\r\n")],
    ...[escapeXml(piece), escapeNonAscii(escapeHtmlSafe(once))],
  ];
}

function urlForms(piece: string): string[] {
  const whole = encodeURIComponent(piece.toWellFormed());
  const strict = whole.replace(/[!'()*]/g, (character) => percent(character.charCodeAt(0)));
  return [
    ...[whole, strict, encodeURI(piece.toWellFormed()), strict.replaceAll("%20", "+")],
    ...[encodeURIComponent(strict), lowerPercents(strict), lowerPercents(whole)],
  ];
}

/** Values too long for one look are looked for in pieces, each of which counts as the whole. */
function* pieces(value: string): Generator<string> {
  for (let at = 0; at < value.length; at += pieceMax) {
    const piece = value.slice(at, at + pieceMax);
    if (at === 0 || piece.length >= 16) yield piece;
  }
}

function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escapeNonAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, unicodeEscape);
}

function escapeHtmlSafe(text: string): string {
  return text.replace(/[<>&'+=]/g, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function percent(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

function lowerPercents(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (match) => match.toLowerCase());
}

function isSingleCase(text: string): boolean {
  const rest = text.replace(/%[0-9A-Fa-f]{2}/g, "");
  return !/[A-Za-z]/.test(rest);
}
