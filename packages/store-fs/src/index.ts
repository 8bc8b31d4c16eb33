export { formOfBlob } from "./encoded-blob.ts";
export { type FsBlobStoreOptions, openFsBlobStore } from "./fs-blob-store.ts";
export { type FsJournalOptions, openFsJournal } from "./fs-journal.ts";
export { fsyncFolder, type Report, type StoreWarning } from "./fs-sync.ts";
export { makeFolder } from "./layout.ts";
export { type SalvageOptions, salvageJournal } from "./salvage-journal.ts";
export {
  makeTemporaryFolder,
  removeTemporaryFolder,
  sweepTemporaryFolders,
  temporaryFolderOwner,
} from "./temporary-folder.ts";
