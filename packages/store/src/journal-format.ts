import { strict as assert } from "node:assert";
import { canonicalJson } from "@reseal/hash";
import type { ByteSource } from "./blob-store.ts";
import { storeErrors } from "./errors.ts";
import type { JournalEntry, JournalRecord } from "./journal.ts";

/** Longest line of a journal, in bytes. What is longer belongs into a blob. */
export const journalLineBytesMax: number = 16 * 1024 * 1024;

/**
 * What an append begins with when the stream does not end in a newline: the first ends the torn
 * line, the second leaves the empty line that tells readers that it was torn and not damaged.
 */
export const journalRepair = "\n\n";

const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Write records as lines of canonical JSON, each ended by a newline.
 * @throws `HASH_NOT_CANONICAL` for what JSON cannot hold, `STORE_RECORD_TOO_LARGE`.
 * @see RFC 8785
 */
export function encodeJournal(records: readonly JournalRecord[]): Uint8Array {
  const lines = records.map((record) => {
    assert(isRecord(record), "A journal record is an object.");
    const line = Buffer.from(`${canonicalJson(record)}\n`);
    if (line.byteLength <= journalLineBytesMax) return line;
    throw storeErrors.RECORD_TOO_LARGE(`A journal record has ${line.byteLength} bytes.`, {
      details: { bytes: line.byteLength, bytes_max: journalLineBytesMax },
    });
  });
  return Buffer.concat(lines);
}

/**
 * Read the records of a stream.
 *
 * A last line without newline is torn, and skipped. So is an invalid line that an empty line
 * follows: a later append has repaired it. Any other line that is not a JSON object is damage.
 *
 * @param from The offset at which the source starts; the entries' `next` count from there.
 * @throws `STORE_JOURNAL_INVALID`
 */
export async function* decodeJournal(
  source: ByteSource,
  from: number,
  location: string,
): AsyncGenerator<JournalEntry, void, undefined> {
  let offset = from;
  let damagedAt: number | undefined;
  for await (const line of splitLines(source, location)) {
    const start = offset;
    offset += line.byteLength + 1;
    if (line.byteLength === 0) {
      damagedAt = undefined; // The repair: what stands before it was torn.
      continue;
    }
    if (damagedAt !== undefined) break;
    const record = parseRecord(line);
    if (record === undefined) damagedAt = start;
    else yield { record, next: offset };
  }
  if (damagedAt !== undefined) throw invalid(location, damagedAt);
}

/** Complete lines without their newline; what follows the last newline is dropped. */
async function* splitLines(source: ByteSource, location: string): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const last = chunk.subarray(start, end);
      yield parts.length === 0 ? last : Buffer.concat([...parts, last]);
      parts = [];
      held = 0;
      start = end + 1;
    }
    if (start === chunk.byteLength) continue;
    parts.push(new Uint8Array(chunk.subarray(start)));
    held += chunk.byteLength - start;
    if (held > journalLineBytesMax) {
      throw storeErrors.JOURNAL_INVALID(`A line of ${location} is longer than any record.`, {
        details: { location, bytes_max: journalLineBytesMax },
      });
    }
  }
}

function parseRecord(line: Uint8Array): JournalRecord | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(line));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is JournalRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(location: string, offset: number): Error {
  return storeErrors.JOURNAL_INVALID(`The line at byte ${offset} of ${location} is not a record.`, {
    details: { location, offset },
  });
}
