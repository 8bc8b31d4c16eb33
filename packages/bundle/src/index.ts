export { type BundleZip, openBundleZip } from "./bundle-zip.ts";
export { type DeletionWatch, settleBlobs, watchDeletions } from "./deletion-watch.ts";
export type { BundleDraft, ContextDraft, DraftFile } from "./draft.ts";
export { bundleErrors } from "./errors.ts";
export {
  type ExportFormat,
  type ExportOptions,
  type ExportReport,
  exportBundle,
  formatOf,
} from "./export.ts";
export type { ExportedFiles } from "./exported-files.ts";
export { envKeyOf, type Keys, keysOf } from "./identity.ts";
export { type ImportReport, importBundle } from "./import.ts";
export { type IndexOptions, indexJournal } from "./index-journal.ts";
export {
  type Lineage,
  type LineageEdge,
  type LineageFinding,
  type LineageNode,
  type LineageOptions,
  walkLineage,
} from "./lineage.ts";
export { mediaTypeOf } from "./media-type.ts";
export { bundlePaths, bundleTrees } from "./paths.ts";
export {
  type BundleReader,
  collect,
  entryOf,
  manifestBytesMax,
  openBundleFolder,
  openStoredBundle,
  readJson,
  readText,
} from "./reader.ts";
export { type SealedBundle, type SealOptions, sealBundle } from "./seal.ts";
export { runRowOf, sealRecordOf } from "./seal-record.ts";
export {
  type Finding,
  type FindingCode,
  isIntegrityFinding,
  type VerifyOptions,
  type VerifyProgress,
  type VerifyReport,
  verifyBundle,
} from "./verify.ts";
export { type LineageReport, verifyLineage } from "./verify-lineage.ts";
export { exportZip, type ZipExportOptions, type ZipExportReport } from "./zip/export-zip.ts";
export type { ZipLimits } from "./zip/limits.ts";
export {
  type CheckedEntry,
  checkZip,
  openZip,
  type ZipArchive,
  type ZipEntry,
} from "./zip/open-zip.ts";
export type { DeflateLevel } from "./zip/pack-batch.ts";
export type { ZipReason } from "./zip/zip-errors.ts";
