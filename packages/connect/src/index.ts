export { catalogErrors } from "@reseal/catalog";
export { type BackupOptions, type BackupReport, backupStore } from "./backup-store.ts";
export {
  type CheckOptions,
  checkStore,
  type StoreProgress,
  type StoreReport,
} from "./check-store.ts";
export { connectErrors } from "./errors.ts";
export { withFirstStore } from "./first-store.ts";
export { openFolderJournal } from "./folder-journal.ts";
export { type OpenOptions, openStores } from "./open-stores.ts";
export { type RebuildReport, rebuildCatalog } from "./rebuild-catalog.ts";
export type { LostBlob, RepairAction, RepairPlan } from "./repair-plan.ts";
export { openRepair, type Repair, type RepairOptions, type RepairReport } from "./repair-store.ts";
export { type RestoreOptions, type RestoreReport, restoreStore } from "./restore-store.ts";
export {
  exitCodeOfFindings,
  type FindingLevel,
  type StoreFinding,
  type StoreFindingCode,
} from "./store-finding.ts";
export { storeFormat } from "./store-folder.ts";
export { releaseDeadLocks, type StoreLock } from "./store-locks.ts";
export { type FolderSize, type StoreStats, storeStats } from "./store-stats.ts";
