import {
  closeSync,
  constants,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  errnoOf,
  type JournalStream,
  journalLineBytesMax,
  readFailure,
  takeLock,
  writeFailure,
} from "@reseal/store";
import { fsyncFolder, fsyncOpenFile, type Report } from "./fs-sync.ts";
import { makeFolder } from "./layout.ts";

/** Options of {@link salvageJournal}. */
export interface SalvageOptions {
  /** Where the damaged file is kept; absolute, on the same file system, and not there yet. */
  readonly keepAs: string;
  readonly lockTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly report?: Report | undefined;
}

const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Make a stream with damaged lines readable again: every whole record stays, in its order.
 *
 * A damaged line stays too, marked as an append marks a torn one, unless it is longer than any
 * record. The file as it was is kept under another name. Byte offsets change, so an index of the
 * stream must be made anew.
 * @returns the number of damaged lines; 0 when there was none and nothing was changed.
 */
export async function salvageJournal(
  directory: string,
  stream: JournalStream,
  { keepAs, lockTimeoutMs = 30_000, signal, report = () => undefined }: SalvageOptions,
): Promise<number> {
  const path = join(directory, `${stream}.jsonl`);
  const temporary = `${path}.salvaged`;
  using _lock = await takeLock(join(directory, `${stream}.lock`), {
    timeoutMs: lockTimeoutMs,
    signal,
  });
  const { parts, damaged } = salvageLines(readWhole(path));
  if (damaged === 0) return 0;
  try {
    rmSync(temporary, { force: true }); // Of somebody who died here.
    await writeDurable(temporary, parts);
    await makeFolder(dirname(keepAs), 0o755, report);
    linkSync(path, keepAs);
    await fsyncFolder(dirname(keepAs), report);
    renameSync(temporary, path);
    await fsyncFolder(directory, report);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeFailure(error, path);
  }
  return damaged;
}

function salvageLines(bytes: Uint8Array): { readonly parts: Uint8Array[]; damaged: number } {
  const parts: Uint8Array[] = [];
  let damaged = 0;
  let start = 0;
  while (start < bytes.byteLength) {
    const end = bytes.indexOf(newline, start);
    const line = bytes.subarray(start, end === -1 ? bytes.byteLength : end + 1);
    start += line.byteLength;
    const isTail = end === -1;
    if (line.byteLength > journalLineBytesMax) {
      damaged += 1;
      continue;
    }
    parts.push(line);
    if (isTail || line.byteLength === 1 || isRecord(line) || bytes[start] === newline) continue;
    damaged += 1;
    parts.push(Uint8Array.of(newline));
  }
  return { parts, damaged };
}

function isRecord(line: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(decoder.decode(line));
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return new Uint8Array();
    throw readFailure(error, path);
  }
}

async function writeDurable(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644);
  try {
    for (const part of parts)
      for (let start = 0; start < part.byteLength; )
        start += writeSync(file, part, start, part.byteLength - start);
    await fsyncOpenFile(file, path);
  } finally {
    closeSync(file);
  }
}
