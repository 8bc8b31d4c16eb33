export {
  type CatalogStorage,
  type FileSystemTraits,
  fileSystemTraits,
  storageFor,
} from "./catalog-storage.ts";
export { catalogErrors } from "./errors.ts";
export { type OpenSqliteCatalogOptions, openSqliteCatalog } from "./open-sqlite.ts";
export type { FileCatalog } from "./sqlite-catalog.ts";
