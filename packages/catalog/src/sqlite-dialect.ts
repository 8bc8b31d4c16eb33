import { setTimeout as sleep } from "node:timers/promises";
import type { Database, Statement } from "better-sqlite3";
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from "kysely";
import { sqliteCode, translateSqliteError } from "./sqlite-errors.ts";

const statementsMax = 256;

/**
 * Kysely on an open better-sqlite3 database. What differs from Kysely's own dialect: a transaction
 * is `BEGIN IMMEDIATE` unless it is declared read only, waiting for it does not block the process,
 * statements are prepared once, and SQLite's errors become ours.
 */
export function sqliteDialect(database: Database, busyTimeoutMs: number): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteImmediateDriver(database, busyTimeoutMs),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteImmediateDriver implements Driver {
  readonly #database: Database;
  readonly #connection: SqliteConnection;
  readonly #busyTimeoutMs: number;

  constructor(database: Database, busyTimeoutMs: number) {
    this.#database = database;
    this.#connection = new SqliteConnection(database);
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    if (settings.accessMode === "read only") {
      await connection.executeQuery(CompiledQuery.raw("begin"));
    } else {
      await beginImmediate(this.#database, this.#busyTimeoutMs);
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("commit"));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // After some failures, a full disk among them, SQLite has rolled back by itself.
    if (this.#database.inTransaction) await connection.executeQuery(CompiledQuery.raw("rollback"));
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#connection.forget();
    this.#database.close();
  }
}

/**
 * Take SQLite's write lock.
 *
 * SQLite's own waiting sleeps inside the call and would stop the whole process, and with it the
 * other connection of this very process that has to finish first. So ask without waiting, and wait
 * here.
 */
export async function beginImmediate(database: Database, busyTimeoutMs: number): Promise<void> {
  let deadline: number | undefined;
  for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, 25)) {
    database.pragma("busy_timeout = 0");
    try {
      database.exec("begin immediate");
      return;
    } catch (error) {
      const busy = sqliteCode(error)?.startsWith("SQLITE_BUSY") === true;
      deadline ??= performance.now() + busyTimeoutMs;
      if (!busy || performance.now() >= deadline) throw translateSqliteError(error, database.name);
    } finally {
      database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    }
    await sleep(delayMs);
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const statement = this.#prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) as R[] };
      const { changes } = statement.run(parameters);
      return { numAffectedRows: BigInt(changes), rows: [] };
    } catch (error) {
      throw translateSqliteError(error, this.#database.name);
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncGenerator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  forget(): void {
    this.#statements.clear();
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    if (this.#statements.size >= statementsMax) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }
}
