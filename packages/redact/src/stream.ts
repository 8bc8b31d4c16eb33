import { redactBytes, replaceSpans } from "./apply.ts";
import { lineCut, lineMax, overlapMax } from "./cut.ts";
import type { Detector } from "./detect.ts";
import { failClosed, redactErrors } from "./errors.ts";
import { type Finding, FindingCounter, type PlaceholderBook } from "./placeholders.ts";
import { mergeSpans, type Span } from "./spans.ts";

/** Redacts bytes that arrive in chunks of any size. */
export interface RedactStream {
  /**
   * Take a chunk and give back what is safe to write, possibly nothing yet: at most one line, an
   * open private key or 160 KiB are held back. The result may share memory with the chunk.
   *
   * @throws REDACT_CLOSED after `end` or a failure.
   */
  push(chunk: Uint8Array): Uint8Array;
  /** Give back the rest. */
  end(): Uint8Array;
  /** What was found so far, sorted by rule. */
  readonly findings: readonly Finding[];
}

/** Finds secrets in bytes that arrive in chunks; the bytes are not changed. */
export interface Scanner {
  /** @throws REDACT_CLOSED after `end` or a failure. */
  push(chunk: Uint8Array): void;
  /** What was found, sorted by rule; empty means clean. */
  end(): Finding[];
}

const sliceMax = 1_048_576;
const contextMax = 512;
const empty = Buffer.alloc(0);

/** Where the pieces of a stream go: replaced for redaction, counted for a scan. */
type Sink = (piece: Buffer, spans: readonly Span[] | undefined) => void;

/** Open a stream that redacts. `multiline` are known values with newlines, latin-1. */
export function openRedactStream(
  detector: Detector,
  multiline: readonly string[],
  book: PlaceholderBook,
): RedactStream {
  const counter = new FindingCounter();
  let output: Buffer[] = [];
  const cutter = new Cutter(detector, multiline, (piece, spans) => {
    output.push(
      spans === undefined
        ? redactBytes(piece, detector, book, counter)
        : replaceSpans(piece, spans, book, counter),
    );
  });
  const take = (): Uint8Array => {
    const [only] = output;
    const taken = output.length === 1 && only !== undefined ? only : Buffer.concat(output);
    output = [];
    return taken;
  };
  return {
    push(chunk) {
      cutter.push(chunk);
      return take();
    },
    end() {
      cutter.end();
      return take();
    },
    get findings() {
      return counter.list();
    },
  };
}

/** Open a scanner over a detector. */
export function openScanner(detector: Detector, multiline: readonly string[]): Scanner {
  const counter = new FindingCounter();
  const cutter = new Cutter(detector, multiline, (piece, spans) => {
    for (const span of spans ?? mergeSpans(detector(piece))) counter.add(span.rule);
  });
  return {
    push(chunk) {
      cutter.push(chunk);
    },
    end() {
      cutter.end();
      return counter.list();
    },
  };
}

/** Most bytes that {@link scanWhole} takes: as many as a stream looks at in one piece. */
export const wholeMax: number = sliceMax;

/** Scan bytes that are there as a whole: nothing is cut, held back or copied. */
export function scanWhole(bytes: Uint8Array, detector: Detector): Finding[] {
  return failClosed(() => {
    const spans = detector(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (spans.length === 0) return [];
    const counter = new FindingCounter();
    for (const span of mergeSpans(spans)) counter.add(span.rule);
    return counter.list();
  });
}

/** Cuts a stream into pieces that no secret goes beyond. */
class Cutter {
  readonly #detector: Detector;
  readonly #multiline: readonly string[];
  readonly #sink: Sink;
  /** Bytes not given to the sink yet, after `#context` bytes that were. */
  #held: Buffer = empty;
  #context = 0;
  #isClosed = false;

  constructor(detector: Detector, multiline: readonly string[], sink: Sink) {
    this.#detector = detector;
    this.#multiline = multiline;
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    this.#guard(() => {
      for (let at = 0; at < chunk.length; at += sliceMax) {
        this.#take(chunk.subarray(at, at + sliceMax));
      }
    });
  }

  end(): void {
    this.#guard(() => {
      if (this.#context > 0) this.#cutInside(this.#held.length);
      else if (this.#held.length > 0) this.#sink(this.#held, undefined);
      this.#held = empty;
    });
    this.#isClosed = true;
  }

  #guard(step: () => void): void {
    if (this.#isClosed) throw redactErrors.CLOSED("This redaction stream is closed.");
    // Closed until the step worked: after a failure nothing of what is held gets out.
    this.#isClosed = true;
    failClosed(step);
    this.#isClosed = false;
  }

  #take(chunk: Uint8Array): void {
    const rest = this.#finishLine(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    // What is held is a copy: the caller may use its buffer again.
    const all = this.#held.length === 0 ? rest : Buffer.concat([this.#held, rest]);
    // Without a newline in the chunk there is nothing new to cut at.
    const cut = rest.includes(10) ? lineCut(all, this.#multiline) : 0;
    this.#held = all;
    if (cut > this.#context) this.#cutAtLine(cut);
    if (this.#held.buffer === chunk.buffer) this.#held = Buffer.from(this.#held);
    if (this.#held.length >= lineMax + overlapMax) {
      this.#cutInside(this.#held.length - overlapMax);
    }
  }

  /** Send the line that is held with its end in the chunk, if nothing is open there; gives the rest. */
  #finishLine(chunk: Buffer): Buffer {
    if (this.#held.length === 0 || this.#context > 0) return chunk;
    const lineEnd = chunk.indexOf(10) + 1;
    if (lineEnd === 0) return chunk;
    const line = Buffer.concat([this.#held, chunk.subarray(0, lineEnd)]);
    if (line.length > lineMax || lineCut(line, this.#multiline) !== line.length) return chunk;
    this.#sink(line, undefined);
    this.#held = empty;
    return chunk.subarray(lineEnd);
  }

  #cutAtLine(cut: number): void {
    if (this.#context > 0) this.#cutInside(cut, cut);
    else {
      this.#sink(this.#held.subarray(0, cut), undefined);
      this.#held = this.#held.subarray(cut);
    }
    if (this.#context >= this.#held.length || this.#held[this.#context - 1] === 10) {
      this.#held = this.#held.subarray(this.#context);
      this.#context = 0;
    }
  }

  /** Cut inside a long line: before `wanted` where no secret spans it; keep what stood before. */
  #cutInside(wanted: number, seen: number = this.#held.length): void {
    const spans = mergeSpans(this.#detector(this.#held.subarray(0, seen)));
    let cut = wanted;
    for (const span of spans) if (span.start < cut && span.end > cut) cut = span.start;
    // A span that fills all of what is held goes as a whole, else nothing would ever move.
    if (cut <= this.#context) cut = spans.find((span) => span.end > this.#context)?.end ?? wanted;
    const piece = this.#held.subarray(this.#context, cut);
    const inside = spans
      .filter((span) => span.end > this.#context && span.start < cut)
      .map((span) => ({
        ...span,
        start: Math.max(span.start, this.#context) - this.#context,
        end: Math.min(span.end, cut) - this.#context,
      }));
    this.#sink(piece, inside);
    const from = Math.max(0, cut - contextMax);
    this.#held = this.#held.subarray(from);
    this.#context = cut - from;
  }
}
