const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

// With at most 15 digits before the dot, no exponent and not many digits, nothing can be lost.
const INTEGER_DIGITS_SAFE = 15;
const LENGTH_SAFE = 300;

/** A number that the grammar allows: where it ends, and whether a double surely holds it. */
export interface ScannedNumber {
  end: number;
  isSafe: boolean;
}

/**
 * Follow the grammar of numbers from `start`; writes into `into`, so that nothing is allocated.
 * `end` becomes -1 when there is no number.
 * @see RFC 8259 §6
 */
export function scanNumber(text: string, start: number, into: ScannedNumber): void {
  into.end = -1;
  const integerStart = text.charCodeAt(start) === MINUS ? start + 1 : start;
  let index = skipDigits(text, integerStart);
  const integerDigits = index - integerStart;
  if (integerDigits === 0) return;
  if (integerDigits > 1 && text.charCodeAt(integerStart) === ZERO) return;
  if (text.charCodeAt(index) === DOT) {
    const fractionStart = index + 1;
    index = skipDigits(text, fractionStart);
    if (index === fractionStart) return;
  }
  into.isSafe = integerDigits <= INTEGER_DIGITS_SAFE && index - start <= LENGTH_SAFE;
  const mark = text.charCodeAt(index);
  if (mark === LOWER_E || mark === UPPER_E) {
    const sign = text.charCodeAt(index + 1);
    const digitsStart = sign === PLUS || sign === MINUS ? index + 2 : index + 1;
    index = skipDigits(text, digitsStart);
    if (index === digitsStart) return;
    into.isSafe = into.isSafe && index - digitsStart === 1;
  }
  into.end = index;
}

/**
 * Say what a double loses of a number, or `undefined`.
 *
 * An integer must be the exact value of its double or the shortest text of it, which is what
 * canonical JSON writes. A number with a fraction or an exponent may be rounded, as decimals
 * are, but neither to infinity nor, unless it is zero, to zero.
 */
export function numberProblem(literal: string): string | undefined {
  const value = Number(literal);
  if (!Number.isFinite(value)) return "is too large for a double";
  if (/^-?\d+$/.test(literal)) {
    // Finite, so at most 309 digits: `BigInt` is cheap.
    const isKept = String(value) === literal || BigInt(value) === BigInt(literal);
    return isKept ? undefined : "is an integer that a double cannot hold";
  }
  return value === 0 && /^[-0.]*[1-9]/.test(literal) ? "is too small for a double" : undefined;
}

function skipDigits(text: string, start: number): number {
  let index = start;
  for (;;) {
    const unit = text.charCodeAt(index);
    if (!(unit >= ZERO && unit <= NINE)) return index;
    index++;
  }
}
