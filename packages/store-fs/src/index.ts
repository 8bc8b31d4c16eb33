export { type FsBlobStoreOptions, openFsBlobStore } from "./fs-blob-store.ts";
export { type FsJournalOptions, openFsJournal } from "./fs-journal.ts";
export type { Report, StoreWarning } from "./fs-sync.ts";
