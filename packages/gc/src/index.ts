export {
  applyCompaction,
  type CompactionProgress,
  type CompactionRunOptions,
  measureCompaction,
} from "./apply-compaction.ts";
export {
  type Applied,
  type ApplyOptions,
  applyGc,
  type PoolPlanOptions,
  planPool,
  withFreedBytes,
} from "./apply-gc.ts";

export {
  type ArtifactsConfig,
  type ConfigKind,
  defaultArtifactsConfig,
  type JsonlCompaction,
  type MarkdownCompaction,
  parseArtifactsConfig,
  readArtifactsConfig,
} from "./artifacts-config.ts";
export {
  type AuditCheck,
  type AuditPlace,
  type AuditRecord,
  appendAudit,
  readAudit,
  verifyAudit,
} from "./audit.ts";
export { cleanMarkdown, type MarkdownCleaning } from "./clean-markdown.ts";
export { compactStore, type StoreCompactionOptions, storeSizeMin } from "./compact-store.ts";
export type {
  BlobCompaction,
  CompactionReport,
  CompactionResult,
  StoreCompactionReport,
} from "./compaction-report.ts";
export { hardRules } from "./config-problems.ts";
export {
  type EntryFile,
  type PassFail,
  type PlanEntry,
  planEntryOf,
  type ScannedEntry,
} from "./entry.ts";
export { entryNamed, namedBy } from "./entry-named.ts";
export { gcErrors } from "./errors.ts";
export { defaultFamilies, type Family } from "./families.ts";
export type { FileThreads } from "./file-threads.ts";
export { formatSize } from "./format-size.ts";
export { type ReportPaths, readReport } from "./gc-report.ts";
export { isoWeek } from "./keep-rules.ts";
export type { ManifestFacts } from "./known-scan.ts";
export { type PinOptions, pinEntry, unpinEntry } from "./pin-entry.ts";
export { type Pin, type PinPurpose, readPins } from "./pins.ts";
export {
  type CompactionFile,
  type CompactionKind,
  type CompactionOptions,
  type CompactionPlan,
  isCompactPath,
  type LeftFile,
  planCompaction,
} from "./plan-compaction.ts";
export { type PlanOptions, type PolicyOfFamily, planGc } from "./plan-gc.ts";
export { decisionIn, policyText, reasonText } from "./policy-report.ts";
export {
  type OpenPoolOptions,
  openPool,
  type Pool,
  type PoolPlaces,
  type PoolSource,
  poolPlaces,
} from "./pool.ts";
export { openPoolFile, type PoolFile } from "./pool-file.ts";
export { readManifest, writeManifest } from "./pool-manifest.ts";
export { type Purged, purgeEntry, sharedOf } from "./purge.ts";
export { itemNamed, type Restored, restoreItems, restoreReport } from "./restore.ts";
export { applyRestore, compactFilesOf, measureRestore } from "./restore-originals.ts";
export { groupingRuleText, logicalPath } from "./run-key.ts";
export {
  isRecent,
  manifestFacts,
  refreshManifest,
  type Scan,
  type ScanOptions,
  type ScanProgress,
  type ScanSummary,
  type Shared,
  type StoreScan,
  scanPool,
  type UpdateOptions,
  updatePool,
} from "./scan.ts";
export { scanStore } from "./scan-store.ts";
export { sealedFolderTest } from "./sealed-folder.ts";
export { storeFamilyOf } from "./store-runs.ts";
export { storePlaces, storeSource } from "./store-source.ts";
export {
  moveToTrash,
  purgeItems,
  restoreItem,
  type TrashMove,
  type TrashOptions,
  type TrashOutcome,
} from "./trash.ts";
export {
  isInTrash,
  readTrash,
  type TrashFile,
  type TrashItem,
  type TrashState,
} from "./trash-journal.ts";
export { type ValidationOptions, validatePlan } from "./validate-plan.ts";
