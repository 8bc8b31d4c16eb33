import type { OperationOptions } from "./blob-store.ts";

/** One JSON object of a journal stream, in the wire's `snake_case`. */
export type JournalRecord = Readonly<Record<string, unknown>>;

/** The streams a store keeps. Together they hold all that the catalog alone would lose. */
export type JournalStream = "seals" | "pins" | "tags" | "notes" | "audit" | "trash";

/** A record and the offset in bytes at which the next one starts. */
export interface JournalEntry {
  readonly record: JournalRecord;
  readonly next: number;
}

/** A part of a stream: from where the last whole line before it ended to where its own last ends. */
export interface JournalSpan {
  readonly from: number;
  readonly to: number;
}

/** Options of {@link Journal.append}. */
export interface AppendOptions extends OperationOptions {
  /**
   * Runs before the records are written, while nobody else can append to the stream: the place for
   * a last look at what the records are about. When it throws, nothing is written.
   */
  readonly guard?: (() => Promise<void>) | undefined;
}

/**
 * Append-only records, the store's memory beside its blobs.
 *
 * Laws, checked by the conformance suite:
 * - **Durable**: when `append` resolves, a power cut does not take the records back.
 * - **Whole**: a reader sees a record completely or not at all; a torn last line, as a crash
 *   leaves it, is skipped, and the next append starts on a line of its own.
 * - **Ordered**: records are read in the order in which their appends resolved; records of one
 *   append stay together, also with several writing processes.
 * - **Guarded**: while the guard of an append runs, no other append to that stream happens.
 */
export interface Journal extends AsyncDisposable {
  /** @returns the bytes that the records now take; no bytes when there were no records. */
  append(
    stream: JournalStream,
    records: readonly JournalRecord[],
    options?: AppendOptions,
  ): Promise<JournalSpan>;
  /** Records from an offset that an earlier entry's `next`, or `size`, gave; 0 is the start. */
  read(
    stream: JournalStream,
    options?: OperationOptions & { readonly from?: number | undefined },
  ): AsyncIterable<JournalEntry>;
  /** Length of a stream in bytes; 0 when nothing was ever appended. */
  size(stream: JournalStream, options?: OperationOptions): Promise<number>;
}
