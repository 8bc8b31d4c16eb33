import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileSystemTraits, openSqliteCatalog, storageFor } from "./index.ts";

const network = async () => ({ isNetwork: true, hasLocks: true });

test("a local folder is no network, and one that is not there is nothing yet", async () => {
  const local = { isNetwork: false, hasLocks: true };

  expect(await fileSystemTraits(tmpdir())).toEqual(local);
  expect(await fileSystemTraits(join(tmpdir(), "no such folder"))).toEqual(local);
});

test("a file that is no database has no mode of its own", async () => {
  const folder = mkdtempSync(join(tmpdir(), "reseal-storage-"));
  const file = join(folder, "store.db");
  try {
    for (const bytes of ["", "short", "x".repeat(100)]) {
      writeFileSync(file, bytes);

      expect(await storageFor(file)).toBe("wal");
      expect(await storageFor(file, network)).toBe("rollback");
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a copy into a file replaces what the file held, for those who have it open too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "reseal-copy-"));
  try {
    const target = join(folder, "target.db");
    await using open = await openSqliteCatalog(target);
    await using other = await openSqliteCatalog(join(folder, "other.db"));
    await other.addSeals([], { applied: { from: 0, to: 77 } });

    await other.copyTo(target);

    expect(await open.journalOffset()).toBe(77);
    expect(await open.problems()).toEqual([]);
    expect(await open.tenants()).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
