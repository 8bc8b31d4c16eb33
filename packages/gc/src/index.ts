export {
  type ArtifactsConfig,
  defaultArtifactsConfig,
  hardRules,
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
export {
  type EntryFile,
  type PassFail,
  type PlanEntry,
  planEntryOf,
  type ScannedEntry,
} from "./entry.ts";
export { gcErrors } from "./errors.ts";
export { defaultFamilies, type Family } from "./families.ts";
export { type OpenPoolOptions, openPool, type Pool, type PoolPlaces, poolPlaces } from "./pool.ts";
export { readManifest, writeManifest } from "./pool-manifest.ts";
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
