import { alnum } from "./chars.ts";
import type { Detector } from "./detect.ts";
import type { FindingCounter, PlaceholderBook } from "./placeholders.ts";
import { mergeSpans, type Span } from "./spans.ts";

const passesMax = 4;

/** Replace what a detector finds; gives the same bytes back when that is nothing. */
export function redactBytes(
  bytes: Buffer,
  detector: Detector,
  book: PlaceholderBook,
  counter: FindingCounter,
): Buffer {
  let current = bytes;
  for (let pass = 0; pass < passesMax; pass += 1) {
    const spans = mergeSpans(detector(current));
    if (spans.length === 0) return current;
    const redacted = replaceSpans(current, spans, book, counter);
    // A placeholder is a border where there was none: what was part of a longer word before may be
    // a token now. Looking again keeps redacting twice the same as once.
    const isSettled = !spans.some((span) => touchesWord(current, span));
    current = redacted;
    if (isSettled) return current;
  }
  return current;
}

/** Replace the given spans, which are sorted and do not overlap. */
export function replaceSpans(
  bytes: Buffer,
  spans: readonly Span[],
  book: PlaceholderBook,
  counter: FindingCounter,
): Buffer {
  const placeholders = spans.map((span) => book.placeholder(span));
  let size = bytes.length;
  for (const [at, { start, end }] of spans.entries()) {
    size += (placeholders[at]?.length ?? 0) - (end - start);
  }
  const output = Buffer.allocUnsafe(size);
  let written = 0;
  let copied = 0;
  for (const [at, span] of spans.entries()) {
    written += bytes.copy(output, written, copied, span.start);
    written += output.write(placeholders[at] ?? "", written, "latin1");
    counter.add(span.rule);
    copied = span.end;
  }
  bytes.copy(output, written, copied);
  return output;
}

function touchesWord(bytes: Uint8Array, span: Span): boolean {
  return isWord(bytes[span.start - 1]) || isWord(bytes[span.end]);
}

function isWord(byte: number | undefined): boolean {
  return byte !== undefined && (alnum[byte] === 1 || byte === 45 || byte === 95 || byte === 46);
}
