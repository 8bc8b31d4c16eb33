export { catalogErrors } from "./errors.ts";
export { type OpenSqliteCatalogOptions, openSqliteCatalog } from "./open-sqlite.ts";
