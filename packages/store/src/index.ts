export type {
  BlobBatch,
  BlobInfo,
  BlobStore,
  ByteSource,
  OperationOptions,
  PutOptions,
} from "./blob-store.ts";
export { abortableSource, collectBytes, verifiedSource } from "./byte-source.ts";
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
export { storeErrors } from "./errors.ts";
export type { Journal, JournalEntry, JournalRecord, JournalStream } from "./journal.ts";
export {
  decodeJournal,
  encodeJournal,
  journalLineBytesMax,
  journalRepair,
} from "./journal-format.ts";
export { createMemoryBlobStore, type MemoryBlobStore } from "./memory-blob-store.ts";
export { createMemoryCatalog } from "./memory-catalog.ts";
export { createMemoryJournal, type MemoryJournal } from "./memory-journal.ts";
export { isProcessAlive, type ProcessIdentity, thisProcess } from "./process-identity.ts";
export type { Clock, IdSource, Stores } from "./stores.ts";
