import type { OperationOptions } from "../blob-store.ts";
import type {
  AppendOptions,
  Journal,
  JournalEntry,
  JournalRecord,
  JournalSpan,
  JournalStream,
} from "../journal.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { inject, injectItems } from "./inject.ts";

/**
 * Wrap a journal so that its calls go wrong by a plan. Operations are `journal.append`,
 * `journal.read` and `journal.size`.
 */
export function faultyJournal(journal: Journal, plan: FaultPlan): Journal {
  return {
    append: (
      stream: JournalStream,
      records: readonly JournalRecord[],
      options: AppendOptions = {},
    ): Promise<JournalSpan> =>
      inject(plan, "journal.append", options.signal, (signal) =>
        journal.append(stream, records, { ...options, signal }),
      ),
    read: (
      stream: JournalStream,
      options: OperationOptions & { readonly from?: number | undefined } = {},
    ): AsyncIterable<JournalEntry> =>
      injectItems(plan, "journal.read", options.signal, (signal) =>
        journal.read(stream, { ...options, signal }),
      ),
    size: (stream: JournalStream, options: OperationOptions = {}): Promise<number> =>
      inject(plan, "journal.size", options.signal, (signal) => journal.size(stream, { signal })),
    [Symbol.asyncDispose]: async (): Promise<void> => journal[Symbol.asyncDispose](),
  };
}
