import { chmod, cp, mkdir, open, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sealRecord } from "@reseal/store/conformance";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { rejection, runChild, temporaryFolder } from "../test/harness.ts";
import { openSqliteCatalog } from "./index.ts";
import { newestFormat } from "./sqlite-migrate.ts";

const tenant = "default";

describe("a file that is not a catalog of this version", () => {
  test("is refused when a newer version wrote it, and not touched", async () => {
    await using folder = await temporaryFolder();
    const file = await madeWith(folder.path, `PRAGMA user_version = ${newestFormat + 1}`);

    for (const readOnly of [false, true]) {
      const error = await rejection(
        openSqliteCatalog(file, { readOnly }),
        "CATALOG_FORMAT_TOO_NEW",
      );
      expect(error).toMatchObject({ exitCode: 2, details: { format: newestFormat + 1 } });
      expect(error).toHaveProperty("hint", expect.stringContaining("newer Reseal"));
    }
  });

  test("is refused when another program wrote it, and not touched", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "store.db");
    using foreign = disposable(new Database(file));
    foreign.exec("CREATE TABLE runs (run_id TEXT PRIMARY KEY)");

    await rejection(openSqliteCatalog(file), "CATALOG_FOREIGN");

    const tables = foreign.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    expect(tables).toEqual([{ name: "runs" }]);
    expect(foreign.pragma("journal_mode", { simple: true })).toBe("delete");
  });

  test("is refused for reading when it would first have to be brought up to date", async () => {
    await using folder = await temporaryFolder();
    const file = await madeWith(folder.path, "PRAGMA user_version = 0");

    await rejection(openSqliteCatalog(file, { readOnly: true }), "CATALOG_NOT_FOUND");
  });

  test("is called corrupt when it is rubbish", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "store.db");
    await writeFile(file, "not a database, but long enough to have a header ".repeat(200));

    for (const readOnly of [false, true]) {
      const error = await rejection(openSqliteCatalog(file, { readOnly }), "CATALOG_CORRUPT");
      expect(error).toMatchObject({ exitCode: 4, details: { location: file } });
    }
  });

  test("is called corrupt when it was cut off, at the latest by the first query", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "store.db");
    await fill(file, 200);
    await truncate(file, 8192);

    await rejection(useIt(file), "CATALOG_CORRUPT");
  });

  test("is called corrupt by the query that meets the damage", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "store.db");
    await fill(file, 500);
    await overwrite(file, 4096, 0xa5);

    await rejection(useIt(file), "CATALOG_CORRUPT");
  });

  test("is not found where there is none, or no folder", async () => {
    await using folder = await temporaryFolder();

    await rejection(
      openSqliteCatalog(join(folder.path, "store.db"), { readOnly: true }),
      "CATALOG_NOT_FOUND",
    );
    await rejection(openSqliteCatalog(join(folder.path, "no", "store.db")), "CATALOG_NOT_FOUND");
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe("a catalog that is only read", () => {
  test("refuses to be written", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "store.db");
    await fill(file, 1);
    await using catalog = await openSqliteCatalog(file, { readOnly: true });

    const error = await rejection(catalog.addSeals([sealRecord(2)]), "CATALOG_READ_ONLY");

    expect(error).toMatchObject({ exitCode: 5 });
    expect((await catalog.listRuns({ tenant })).items).toHaveLength(1);
  });

  test("sees what another process adds meanwhile", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "store.db");
    await fill(file, 1);
    await using reader = await openSqliteCatalog(file, { readOnly: true });
    await using writer = await openSqliteCatalog(file);

    await writer.addSeals([sealRecord(5)]);

    expect((await reader.listRuns({ tenant })).items).toHaveLength(2);
  });

  test("can lie in a folder that cannot be written", async () => {
    await using folder = await temporaryFolder();
    const store = join(folder.path, "store");
    await mkdir(store);
    const file = join(store, "store.db");
    await fill(file, 3);

    await asReader(folder.path, store, async () => {
      await using catalog = await openSqliteCatalog(file, { readOnly: true });
      expect((await catalog.listRuns({ tenant })).items).toHaveLength(3);
      await rejection(catalog.addSeals([sealRecord(9)]), "CATALOG_READ_ONLY");
      await rejection(openSqliteCatalog(file), "CATALOG_READ_ONLY");
    });
    expect(await readdir(store)).toEqual(["store.db"]);
  });

  test("shows there what a crash left in the log", async () => {
    await using folder = await temporaryFolder();
    const live = join(folder.path, "live.db");
    const store = join(folder.path, "store");
    await mkdir(store);
    const file = join(store, "store.db");
    await using writer = await openSqliteCatalog(live);
    await writer.addSeals([sealRecord(1), sealRecord(2)]);
    await cp(live, file);
    await cp(`${live}-wal`, `${file}-wal`);

    await asReader(folder.path, store, async () => {
      await using catalog = await openSqliteCatalog(file, { readOnly: true });
      expect((await catalog.listRuns({ tenant })).items).toHaveLength(2);
    });
  });
});

test("commits survive a power cut: write-ahead log, full synchronisation", async () => {
  const { openPragmas } = await pragmasOfAWriter();

  expect(openPragmas).toEqual({ journal_mode: "wal", synchronous: 2, foreign_keys: 1 });
});

test("importing the package loads neither the addon nor the query builder", async () => {
  const { code, stdout, stderr } = await runChild(["what-is-loaded"]);

  expect(stderr).toBe("");
  expect(code).toBe(0);
  const [afterImport, afterOpen] = stdout.trim().split("\n");
  expect(afterImport).toBe("after import: none");
  expect(afterOpen).toBe("after open: better-sqlite3 kysely");
});

async function fill(file: string, count: number): Promise<void> {
  await using catalog = await openSqliteCatalog(file);
  await catalog.addSeals(Array.from({ length: count }, (_, number) => sealRecord(number)));
}

async function useIt(file: string): Promise<void> {
  await using catalog = await openSqliteCatalog(file);
  await catalog.listRuns({ tenant, limit: 10_000 });
  await catalog.listRuns({ tenant, limit: 10_000, sort: "metric.none" });
  await catalog.addSeals(Array.from({ length: 50 }, (_, number) => sealRecord(number + 10_000)));
}

/** A catalog that was changed by this statement. */
async function madeWith(folder: string, statement: string): Promise<string> {
  const file = join(folder, "store.db");
  await fill(file, 1);
  using database = disposable(new Database(file));
  database.exec(statement);
  return file;
}

async function overwrite(file: string, from: number, byte: number): Promise<void> {
  await using handle = await open(file, "r+");
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(size - from, byte), 0, size - from, from);
}

/** Do something as a user who may read the folder but not write in it; root may do anything. */
async function asReader(above: string, folder: string, action: () => Promise<void>): Promise<void> {
  await chmod(above, 0o755);
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o444);
  await chmod(folder, 0o555);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    await action();
  } finally {
    if (isRoot) process.seteuid?.(0);
    await chmod(folder, 0o755);
  }
}

async function pragmasOfAWriter() {
  await using folder = await temporaryFolder();
  const { openToWrite } = await import("./open-sqlite.ts");
  using database = disposable(await openToWrite(join(folder.path, "store.db"), 1000));
  const read = (name: string) => database.pragma(name, { simple: true });
  const names = ["journal_mode", "synchronous", "foreign_keys"];
  return { openPragmas: Object.fromEntries(names.map((name) => [name, read(name)])) };
}

function disposable(database: Database.Database): Database.Database & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}
