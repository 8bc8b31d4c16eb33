export type {
  BlobBatch,
  BlobInfo,
  BlobStore,
  ByteSource,
  OperationOptions,
  PutOptions,
} from "./blob-store.ts";
export type {
  Catalog,
  MetricValue,
  ParentRef,
  RunFilter,
  RunPage,
  RunQuery,
  RunRow,
  RunStatus,
  SealRecord,
} from "./catalog.ts";
export type { Journal, JournalEntry, JournalRecord, JournalStream } from "./journal.ts";
