import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  type AppendOptions,
  decodeJournal,
  encodeJournal,
  errnoOf,
  type Journal,
  type JournalEntry,
  type JournalRecord,
  type JournalSpan,
  type JournalStream,
  journalRepair,
  type OperationOptions,
  readFailure,
  storeErrors,
  takeLock,
  writeFailure,
} from "@reseal/store";
import { fsyncFolder, fsyncOpenFile, type Report } from "./fs-sync.ts";
import { assertFolder, makeFolder } from "./layout.ts";

/** How to open a folder of journal streams. */
export interface FsJournalOptions {
  /** Open what is there, change nothing, and refuse to write. */
  readonly readOnly?: boolean | undefined;
  /** How long an append waits for another process; default 30,000. */
  readonly lockTimeoutMs?: number | undefined;
  /** Told where the file system keeps less than the full promise. */
  readonly report?: Report | undefined;
}

/**
 * Open a journal in a folder, and make the folder when it is not there.
 *
 * A stream is the file `<stream>.jsonl`: one record of canonical JSON a line.
 * @param directory Absolute.
 * @throws `STORE_WRITE_FAILED`, `STORE_READ_ONLY`; `STORE_UNAVAILABLE` when opened read-only and
 * the folder is not there.
 */
export async function openFsJournal(
  directory: string,
  options: FsJournalOptions = {},
): Promise<Journal> {
  const { readOnly = false, lockTimeoutMs = 30_000, report = () => undefined } = options;
  if (readOnly) assertFolder(directory);
  else await makeFolder(directory, 0o755, report);
  return new FsJournal(directory, { readOnly, lockTimeoutMs, report });
}

const newline = 0x0a;
const pieceBytes = 256 * 1024;
const noFollow = constants.O_NOFOLLOW ?? 0;
const appendFlags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | noFollow;
const readFlags = constants.O_RDONLY | noFollow;

type CheckedOptions = {
  readonly [Key in keyof FsJournalOptions]-?: NonNullable<FsJournalOptions[Key]>;
};

class FsJournal implements Journal {
  readonly #directory: string;
  readonly #options: CheckedOptions;
  /** The last append of each stream: the next one waits for it. */
  readonly #last = new Map<JournalStream, Promise<unknown>>();

  constructor(directory: string, options: CheckedOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  async append(
    stream: JournalStream,
    records: readonly JournalRecord[],
    { guard, signal }: AppendOptions = {},
  ): Promise<JournalSpan> {
    signal?.throwIfAborted();
    if (this.#options.readOnly) {
      throw storeErrors.READ_ONLY(`${this.#directory} was opened for reading only.`, {
        details: { location: this.#directory },
      });
    }
    const lines = encodeJournal(records);
    if (lines.byteLength === 0 && guard === undefined) return this.#nothing(stream);
    const append = (): Promise<JournalSpan> => this.#append(stream, lines, { guard, signal });
    const appended = (this.#last.get(stream) ?? Promise.resolve()).then(append, append);
    this.#last.set(stream, appended);
    return appended;
  }

  async *read(
    stream: JournalStream,
    { from = 0, signal }: OperationOptions & { readonly from?: number | undefined } = {},
  ): AsyncIterable<JournalEntry> {
    signal?.throwIfAborted();
    const path = this.#path(stream);
    const file = this.#openStream(path);
    try {
      const end = file === undefined ? 0 : fstatSync(file).size;
      const isStart = from === 0 || (from <= end && byteAt(file, from - 1) === newline);
      if (!isStart) {
        throw storeErrors.JOURNAL_INVALID(`No record of ${path} starts at byte ${from}.`, {
          details: { location: path, from, size: end },
        });
      }
      if (file === undefined) return;
      for await (const entry of decodeJournal(readPieces(file, from, end), from, path)) {
        signal?.throwIfAborted();
        yield entry;
      }
    } catch (error) {
      throw readFailure(error, path);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  async size(stream: JournalStream, { signal }: OperationOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    const path = this.#path(stream);
    const file = this.#openStream(path);
    if (file === undefined) return 0;
    try {
      return endOfLastLine(file, fstatSync(file).size);
    } catch (error) {
      throw readFailure(error, path);
    } finally {
      closeSync(file);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }

  #path(stream: JournalStream): string {
    return join(this.#directory, `${stream}.jsonl`);
  }

  async #append(
    stream: JournalStream,
    lines: Uint8Array,
    { guard, signal }: AppendOptions,
  ): Promise<JournalSpan> {
    const { lockTimeoutMs, report } = this.#options;
    const path = this.#path(stream);
    // One writer at a time: it may cut off what it could not write whole, and the order of the
    // records is the order in which they became durable.
    using _lock = await takeLock(join(this.#directory, `${stream}.lock`), {
      timeoutMs: lockTimeoutMs,
      signal,
    });
    await guard?.();
    if (lines.byteLength === 0) return this.#nothing(stream);
    const { file, isNew } = openForAppend(path);
    let span: JournalSpan;
    try {
      span = writeLines(file, path, lines);
      await fsyncOpenFile(file, path);
    } finally {
      closeSync(file);
    }
    if (isNew) await fsyncFolder(this.#directory, report);
    return span;
  }

  async #nothing(stream: JournalStream): Promise<JournalSpan> {
    const size = await this.size(stream);
    return { from: size, to: size };
  }

  #openStream(path: string): number | undefined {
    try {
      return openSync(path, readFlags);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw readFailure(error, path);
      assertFolder(this.#directory);
      return undefined;
    }
  }
}

function openForAppend(path: string): { readonly file: number; readonly isNew: boolean } {
  try {
    const isNew = lstatSync(path, { throwIfNoEntry: false }) === undefined;
    const file = openSync(path, appendFlags, 0o644);
    if (isNew) fchmodSync(file, 0o644);
    return { file, isNew };
  } catch (error) {
    throw writeFailure(error, path);
  }
}

/** All lines in one write, or none. */
function writeLines(file: number, path: string, lines: Uint8Array): JournalSpan {
  const { size } = fstatSync(file);
  const isTorn = size > 0 && byteAt(file, size - 1) !== newline;
  const bytes = isTorn ? Buffer.concat([Buffer.from(journalRepair), lines]) : lines;
  const from = isTorn ? endOfLastLine(file, size) : size;
  try {
    for (let start = 0; start < bytes.byteLength; ) {
      start += writeSync(file, bytes, start, bytes.byteLength - start);
    }
  } catch (error) {
    ftruncateSync(file, size);
    throw writeFailure(error, path);
  }
  return { from, to: size + bytes.byteLength };
}

function byteAt(file: number | undefined, offset: number): number | undefined {
  const buffer = Buffer.alloc(1);
  if (file === undefined || readSync(file, buffer, 0, 1, offset) === 0) return undefined;
  return buffer[0];
}

/** Offset behind the last newline: what follows is torn, or being written. */
function endOfLastLine(file: number, size: number): number {
  const buffer = Buffer.alloc(Math.min(pieceBytes, size));
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - buffer.byteLength);
    const count = readSync(file, buffer, 0, end - start, start);
    const index = buffer.lastIndexOf(newline, count - 1);
    if (count > 0 && index >= 0) return start + index + 1;
    end = start;
  }
  return 0;
}

/** Bytes of a file from one offset to another. What is appended meanwhile is for the next reader. */
async function* readPieces(file: number, from: number, to: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(pieceBytes, to - from));
  for (let offset = from; offset < to; ) {
    const count = readSync(file, buffer, 0, Math.min(buffer.byteLength, to - offset), offset);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    offset += count;
  }
}
