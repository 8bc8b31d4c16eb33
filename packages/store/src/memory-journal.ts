import type { OperationOptions } from "./blob-store.ts";
import { storeErrors } from "./errors.ts";
import type {
  AppendOptions,
  Journal,
  JournalEntry,
  JournalRecord,
  JournalSpan,
  JournalStream,
} from "./journal.ts";
import { decodeJournal, encodeJournal, journalRepair } from "./journal-format.ts";

/** A journal in memory, with a way to leave it as a crash would. */
export interface MemoryJournal extends Journal {
  /** Put bytes at the end of a stream, as a write that was cut off, or damage, leaves them. */
  appendRaw(stream: JournalStream, bytes: Uint8Array | string): void;
}

/** A journal that lives as long as the process: the double for tests. */
export function createMemoryJournal(): MemoryJournal {
  return new MemoryJournalImplementation();
}

const newline = 0x0a;

class MemoryJournalImplementation implements MemoryJournal {
  readonly #streams = new Map<JournalStream, Uint8Array>();
  /** The last append of each stream: the next one waits for it. */
  readonly #last = new Map<JournalStream, Promise<unknown>>();

  async append(
    stream: JournalStream,
    records: readonly JournalRecord[],
    { guard, signal }: AppendOptions = {},
  ): Promise<JournalSpan> {
    signal?.throwIfAborted();
    const lines = encodeJournal(records);
    const append = async (): Promise<JournalSpan> => {
      await guard?.();
      return this.#append(stream, lines);
    };
    const appended = (this.#last.get(stream) ?? Promise.resolve()).then(append, append);
    this.#last.set(stream, appended);
    return appended;
  }

  async #append(stream: JournalStream, lines: Uint8Array): Promise<JournalSpan> {
    const from = await this.size(stream);
    if (lines.byteLength === 0) return { from, to: from };
    const last = this.#bytes(stream).at(-1);
    if (last !== undefined && last !== newline) this.appendRaw(stream, journalRepair);
    this.appendRaw(stream, lines);
    return { from, to: this.#bytes(stream).byteLength };
  }

  async *read(
    stream: JournalStream,
    { from = 0, signal }: OperationOptions & { readonly from?: number | undefined } = {},
  ): AsyncIterable<JournalEntry> {
    signal?.throwIfAborted();
    const bytes = this.#bytes(stream);
    if (from > bytes.byteLength || (from > 0 && bytes[from - 1] !== newline)) {
      throw storeErrors.JOURNAL_INVALID(`No record of ${stream} starts at byte ${from}.`, {
        details: { stream, from, size: bytes.byteLength },
      });
    }
    for await (const entry of decodeJournal(once(bytes.subarray(from)), from, stream)) {
      signal?.throwIfAborted();
      yield entry;
    }
  }

  async size(stream: JournalStream, { signal }: OperationOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    return this.#bytes(stream).lastIndexOf(newline) + 1;
  }

  appendRaw(stream: JournalStream, bytes: Uint8Array | string): void {
    const added = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    this.#streams.set(stream, Buffer.concat([this.#bytes(stream), added]));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #bytes(stream: JournalStream): Uint8Array {
    return this.#streams.get(stream) ?? new Uint8Array();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
