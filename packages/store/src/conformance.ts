export {
  type BlobStoreCase,
  type BlobStoreHarness,
  type BlobStoreLaw,
  blobStoreCases,
} from "./conformance/blob-store-cases.ts";
export {
  type CatalogCase,
  type CatalogHarness,
  type CatalogLaw,
  catalogCases,
} from "./conformance/catalog-cases.ts";
export {
  type JournalCase,
  type JournalHarness,
  type JournalLaw,
  journalCases,
} from "./conformance/journal-cases.ts";
export { sealRecord } from "./conformance/seal-record.ts";
