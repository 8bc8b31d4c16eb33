// All that only an SQLite catalog needs, the native addon too: loaded together, when one is opened.
export { default as BetterSqlite } from "better-sqlite3";
export { createSqliteCatalog } from "./sqlite-catalog.ts";
export { assertReadable, migrate } from "./sqlite-migrate.ts";
