import { canonicalDigest, type Digest } from "@reseal/hash";
import type { Clock, Journal, JournalRecord } from "@reseal/store";
import { gcErrors } from "./errors.ts";

/** What the audit log says of one act. */
export interface AuditRecord extends JournalRecord {
  /** 1 for the first. */
  readonly seq: number;
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly actor: string;
  /** For example `gc`, `pin`, `restore`, `purge`. */
  readonly action: string;
  /** Digest of the record before; `null` for the first. */
  readonly previous: Digest | null;
  /** Digest of this record without this field, as canonical JSON. */
  readonly digest: Digest;
}

/** Where an audit log is written. */
export interface AuditPlace {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly actor: string;
}

/**
 * Add an act to the audit log; durable when it resolves. Only one process may do so at a time.
 * @param facts What it was about; JSON.
 */
export async function appendAudit(
  { journal, clock, actor }: AuditPlace,
  action: string,
  facts: Readonly<Record<string, unknown>>,
): Promise<AuditRecord> {
  const last = await lastRecord(journal);
  const body = {
    ...facts,
    seq: (last?.seq ?? 0) + 1,
    at: new Date(clock.now()).toISOString(),
    actor,
    action,
    previous: last?.digest ?? null,
  };
  const record: AuditRecord = { ...body, digest: canonicalDigest(body) };
  await journal.append("audit", [record]);
  return record;
}

/** What a check of an audit log found. */
export interface AuditCheck {
  readonly records: number;
  /** Digest of the newest record: kept elsewhere, it shows when the end was cut off. */
  readonly head: Digest | null;
  /** The first record that does not follow from the one before. */
  readonly broken: { readonly position: number; readonly message: string } | null;
}

/** Check every link of an audit log. */
export async function verifyAudit(journal: Journal): Promise<AuditCheck> {
  let records = 0;
  let head: Digest | null = null;
  for await (const record of readAudit(journal)) {
    records += 1;
    const { digest, ...body } = record;
    const problem = problemOf(record, body, records, head);
    if (problem !== undefined)
      return { records, head, broken: { position: records, message: problem } };
    head = digest;
  }
  return { records, head, broken: null };
}

function problemOf(
  { seq, previous, digest }: AuditRecord,
  body: object,
  position: number,
  head: Digest | null,
): string | undefined {
  if (canonicalDigest(body) !== digest) return `Record ${position} was changed.`;
  if (previous !== head || seq !== position)
    return `Record ${position} does not follow the one before it.`;
  return undefined;
}

/** The acts of an audit log, oldest first. */
export async function* readAudit(journal: Journal): AsyncGenerator<AuditRecord> {
  for await (const { record } of journal.read("audit")) yield record as AuditRecord;
}

async function lastRecord(journal: Journal): Promise<AuditRecord | undefined> {
  let last: AuditRecord | undefined;
  for await (const record of readAudit(journal)) last = record;
  if (last !== undefined && typeof last.seq !== "number")
    throw gcErrors.AUDIT_BROKEN("The last record of the audit log is none of ours.");
  return last;
}
