export {
  type BlobEncoding,
  type BlobForm,
  type ChangeFormOptions,
  decodedBlob,
  type FormChange,
  isWorthwhile,
} from "./blob-form.ts";
export type {
  BlobBatch,
  BlobInfo,
  BlobStore,
  ByteSource,
  KeepOptions,
  OperationOptions,
  PutOptions,
} from "./blob-store.ts";
export {
  type BatchFile,
  type BlobProblem,
  type BulkOptions,
  type BulkProgress,
  type FileInspector,
  type InspectorModule,
  type InspectorSource,
  type LocalCopy,
  loadInspector,
  loadPartReader,
  type PartReader,
  type PartReaderModule,
  type PartReaderSource,
  type PieceInspector,
  type PutFileResult,
  type PutFilesOptions,
  readPart,
} from "./bulk.ts";
export { abortableSource, collectBytes, verifiedSource } from "./byte-source.ts";
export type {
  AddSealsOptions,
  Catalog,
  MetricValue,
  ParentRef,
  RemoveSealsOptions,
  RunFilter,
  RunPage,
  RunQuery,
  RunRow,
  RunStatus,
  SealRecord,
} from "./catalog.ts";
export { runRowKeys } from "./catalog.ts";
export type { FieldDictionary } from "./encodings/choose-values.ts";
export {
  type DecodeOptions,
  decodeDictionary,
  decodeForeignDictionary,
  readDictionaryHeader,
} from "./encodings/dictionary-decode.ts";
export {
  type DictionaryOptions,
  type DictionaryPlan,
  encodeDictionary,
  planDictionary,
} from "./encodings/dictionary-encode.ts";
export {
  type DictionaryHeader,
  hasDictionaryHeader,
  hasForeignDictionary,
} from "./encodings/dictionary-header.ts";
export {
  decodeZstd,
  decodeZstdBytes,
  encodeZstd,
  encodeZstdBytes,
  zstdContentSize,
  zstdHeaderBytes,
} from "./encodings/zstd.ts";
export { storeErrors } from "./errors.ts";
export type {
  AppendOptions,
  Journal,
  JournalEntry,
  JournalRecord,
  JournalSpan,
  JournalStream,
} from "./journal.ts";
export {
  decodeJournal,
  encodeJournal,
  journalLineBytesMax,
  journalRepair,
} from "./journal-format.ts";
export {
  isSilent,
  keepAlive,
  type LeasedRun,
  readLeases,
  takeLease,
  temporaryNames,
} from "./leases.ts";
export { breakVoidLock, type LockOptions, takeLock } from "./link-lock.ts";
export { createMemoryBlobStore, type MemoryBlobStore } from "./memory-blob-store.ts";
export { createMemoryCatalog } from "./memory-catalog.ts";
export { createMemoryJournal, type MemoryJournal } from "./memory-journal.ts";
export { createMemoryStores, type MemoryStores } from "./memory-stores.ts";
export { checkOneByOne, copyOneByOne, putOneByOne } from "./one-by-one.ts";
export {
  isProcessAlive,
  isProcessKnown,
  type ProcessIdentity,
  thisProcess,
} from "./process-identity.ts";
export { isProcessGone, processName, processNamed } from "./process-name.ts";
export { readRemovedSeals, type SealRemoval } from "./removed-seals.ts";
export type { Clock, IdSource, Stores } from "./stores.ts";
export { errnoOf, readFailure, writeFailure } from "./system-errors.ts";
export { EarlySync, isTrustedFileSystem, syncFileSystem } from "./whole-sync.ts";
export {
  openWorkerLane,
  serveTasks,
  siblingModule,
  spreadTasks,
  type WorkerLane,
} from "./worker-lane.ts";
