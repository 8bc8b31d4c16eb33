const LOWER_U = 0x75;
const BACKSLASH = 0x5c;

/** Whether two UTF-16 units stand for one character beyond U+FFFF. */
export function isSurrogatePair(high: number, low: number): boolean {
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

/**
 * The offset after the escape whose backslash is at `start`; an escaped surrogate pair counts as
 * one escape. 0 for a lone surrogate, -1 when there is no such escape.
 * @see RFC 8259 §7
 */
export function escapeEnd(text: string, start: number): number {
  const unit = text.charCodeAt(start + 1);
  if (unit !== LOWER_U) return isShortEscape(unit) ? start + 2 : -1;
  const code = fourHex(text, start + 2);
  if (code < 0) return -1;
  if (code < 0xd800 || code > 0xdfff) return start + 6;
  const hasNext =
    text.charCodeAt(start + 6) === BACKSLASH && text.charCodeAt(start + 7) === LOWER_U;
  return hasNext && isSurrogatePair(code, fourHex(text, start + 8)) ? start + 12 : 0;
}

/** One of `"` `/` `\` `b` `f` `n` `r` `t`. */
function isShortEscape(unit: number): boolean {
  switch (unit) {
    case 0x22:
    case 0x2f:
    case BACKSLASH:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

/** The number that four hexadecimal digits write, negative when one of them is none. */
function fourHex(text: string, start: number): number {
  return (
    (hexDigit(text.charCodeAt(start)) << 12) |
    (hexDigit(text.charCodeAt(start + 1)) << 8) |
    (hexDigit(text.charCodeAt(start + 2)) << 4) |
    hexDigit(text.charCodeAt(start + 3))
  );
}

function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
