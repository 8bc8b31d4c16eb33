import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { openSqliteCatalog } from "@reseal/catalog";
import type { Digest } from "@reseal/hash";
import { sealRecord } from "@reseal/store/conformance";
import { describe, expect, test } from "vitest";
import { checkStore, exitCodeOfFindings, openStores } from "../src/index.ts";
import { blobFile, deadName, prepareStore, sealRun, TestFolder } from "./sealed-store.ts";

const { original, seals, copyTo } = await prepareStore();

/** A copy of the store that a test may damage. */
function damaged(folder: TestFolder, damage: (store: string) => void): string {
  const store = copyTo(folder);
  damage(store);
  return store;
}

function overwrite(file: string, text: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, text);
  chmodSync(file, 0o444);
}

function seal(index: number): Digest {
  const found = seals[index];
  if (found === undefined) throw new Error("There is no such run.");
  return found;
}

describe("a store that is in order", () => {
  test("has no findings, and what was read is counted", async () => {
    const report = await checkStore(original, { readPart: 1 });

    expect(report.findings).toEqual([]);
    expect(report.seals).toBe(3);
    expect(report.unreferenced.blobs).toBe(0);
    expect(report.read).toEqual({ blobs: report.blobs, bytes: report.bytes });
    expect(exitCodeOfFindings(report.findings)).toBe(0);
  });

  test("is not changed by the check", async () => {
    using folder = new TestFolder();
    const store = damaged(folder, () => undefined);
    const list = () => readdirSync(store, { recursive: true }).sort();
    await checkStore(store); // SQLite makes the files that its readers share.
    const before = list();

    await checkStore(store, { readPart: 1 });

    expect(list()).toEqual(before);
  });

  test("a part of the data is the blobs whose digests begin low enough", async () => {
    const store = original;
    const read = async (readPart: number) => (await checkStore(store, { readPart })).read.blobs;
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      const blobs = readdirSync(join(store, "artifacts"), { recursive: true }).filter(
        (path) => String(path).length > 3 && Number.parseInt(String(path), 16) < part * 256,
      );
      expect(await read(part)).toBe(blobs.length);
    }
  });

  test("stays so while somebody records", async () => {
    using folder = new TestFolder();
    const store = damaged(folder, () => undefined);
    await using stores = await openStores(store);
    const writing = (async () => {
      for (let number = 0; number < 20; number += 1)
        await sealRun(stores, { "n.txt": `number ${number}` });
    })();

    for (let round = 0; round < 5; round += 1) {
      const { findings } = await checkStore(store, { readPart: 1 });
      expect(findings.filter(({ level }) => level !== "note")).toEqual([]);
    }
    await writing;
  });
});

const cases: readonly {
  readonly name: string;
  readonly damage: (store: string) => void;
  readonly code: string;
  readonly exit: 0 | 1 | 4;
  readonly readPart?: number;
}[] = [
  {
    name: "a flipped byte",
    damage: (store) => overwrite(blobFile(store, "shared"), "sharEd"),
    code: "blob_corrupt",
    exit: 4,
    readPart: 1,
  },
  {
    name: "a blob that lost its end",
    damage: (store) => {
      chmodSync(blobFile(store, "shared"), 0o644);
      truncateSync(blobFile(store, "shared"), 3);
      chmodSync(blobFile(store, "shared"), 0o444);
    },
    code: "blob_corrupt",
    exit: 4,
  },
  {
    name: "a missing blob",
    damage: (store) => rmSync(blobFile(store, "shared")),
    code: "blob_missing",
    exit: 4,
  },
  {
    name: "a missing manifest",
    damage: (store) => rmSync(blobFile(store, seal(1))),
    code: "manifest_missing",
    exit: 4,
  },
  {
    name: "a damaged manifest",
    damage: (store) => overwrite(blobFile(store, seal(1)), "{}"),
    code: "manifest_corrupt",
    exit: 4,
  },
  {
    name: "a damaged line in the journal",
    damage: (store) => {
      const path = join(store, "journal/seals.jsonl");
      const [first = "", ...rest] = readFileSync(path, "utf8").split("\n");
      writeFileSync(path, [first, `${rest[0]?.slice(3)}`, ...rest.slice(1)].join("\n"));
    },
    code: "journal_damaged",
    exit: 4,
  },
  {
    name: "a blob that can be written",
    damage: (store) => chmodSync(blobFile(store, "shared"), 0o644),
    code: "blob_mode",
    exit: 1,
  },
  {
    name: "a foreign file among the blobs",
    damage: (store) => writeFileSync(join(dirname(blobFile(store, "shared")), "notes.txt"), ""),
    code: "stray",
    exit: 1,
  },
  {
    name: "a blob in the wrong folder",
    damage: (store) => {
      const other = join(store, "artifacts/00");
      mkdirSync(other, { recursive: true });
      cpSync(blobFile(store, "shared"), join(other, blobFile("", "shared").slice(-64)));
    },
    code: "stray",
    exit: 1,
  },
  {
    name: "a link in place of a blob",
    damage: (store) => {
      renameSync(blobFile(store, "shared"), join(store, "elsewhere"));
      symlinkSync(join(store, "elsewhere"), blobFile(store, "shared"));
    },
    code: "stray",
    exit: 4,
  },
  {
    name: "a file among the folders of blobs",
    damage: (store) => writeFileSync(join(store, "artifacts/zz"), ""),
    code: "stray",
    exit: 1,
  },
  {
    name: "a missing folder",
    damage: (store) => rmSync(join(store, "trash"), { recursive: true }),
    code: "layout_missing",
    exit: 1,
  },
  {
    name: "a lost journal",
    damage: (store) => rmSync(join(store, "journal"), { recursive: true }),
    code: "catalog_extra",
    exit: 1,
  },
  {
    name: "a catalog that is no catalog",
    damage: (store) => writeFileSync(join(store, "store.db"), "x".repeat(8192)),
    code: "catalog_damaged",
    exit: 1,
  },
  {
    name: "a lost catalog",
    damage: (store) => {
      for (const suffix of ["", "-wal", "-shm"])
        rmSync(join(store, `store.db${suffix}`), { force: true });
    },
    code: "catalog_behind",
    exit: 0,
  },
  {
    name: "a catalog that somebody died over while it was made",
    damage: (store) => {
      for (const suffix of ["", "-wal", "-shm"])
        rmSync(join(store, `store.db${suffix}`), { force: true });
      writeFileSync(join(store, "store.db"), "");
    },
    code: "catalog_behind",
    exit: 0,
  },
  {
    name: "somebody's own file beside the store's",
    damage: (store) => writeFileSync(join(store, "README"), ""),
    code: "foreign_file",
    exit: 0,
  },
  {
    name: "a temporary folder of a dead process",
    damage: (store) => mkdirSync(join(store, "tmp", deadName("blobs."))),
    code: "left_over",
    exit: 0,
  },
  {
    name: "a journal lock of a dead process",
    damage: (store) => symlinkSync(deadName(""), join(store, "journal/seals.lock")),
    code: "lock_dead",
    exit: 0,
  },
];

describe("a check finds", () => {
  test.each(cases)("$name", async ({ damage, code, exit, readPart }) => {
    using folder = new TestFolder();
    const store = damaged(folder, damage);

    const { findings } = await checkStore(store, { readPart });

    expect(findings.map((found) => found.code)).toContain(code);
    expect(exitCodeOfFindings(findings)).toBe(exit);
  });

  test("a row that is not what was sealed, one too many and one too few", async () => {
    using folder = new TestFolder();
    const store = damaged(folder, () => undefined);
    const file = join(store, "store.db");
    rmSync(file);
    await using catalog = await openSqliteCatalog(file);
    const first = { ...sealRecord(1), tenant: "local", seal: seal(0) };
    const size = readFileSync(join(store, "journal/seals.jsonl")).byteLength;
    await catalog.addSeals([first, sealRecord(2)], { applied: { from: 0, to: size } });

    const { findings } = await checkStore(store);

    const codes = findings.map(({ code }) => code).sort();
    expect(codes).toEqual([
      "catalog_differs",
      "catalog_extra",
      "catalog_missing",
      "catalog_missing",
    ]);
  });

  test("that a blob is wrong, also when its mode is too", async () => {
    using folder = new TestFolder();
    const store = damaged(folder, (path) => {
      chmodSync(blobFile(path, "shared"), 0o644);
      writeFileSync(blobFile(path, "shared"), "sharEd");
    });

    const { findings } = await checkStore(store, { readPart: 1 });

    expect(findings.map(({ code }) => code)).toEqual(["blob_mode", "blob_corrupt"]);
  });

  test("that a manifest is in no list, which may be what a crash left", async () => {
    using folder = new TestFolder();
    const store = damaged(folder, (path) => {
      const journal = join(path, "journal/seals.jsonl");
      const lines = readFileSync(journal, "utf8").split("\n");
      writeFileSync(journal, `${lines.slice(0, 2).join("\n")}\n`);
      rmSync(join(path, "store.db"));
    });

    const { findings } = await checkStore(store);

    expect(findings.map(({ code, digest }) => [code, digest])).toContainEqual([
      "seal_unlisted",
      seal(2),
    ]);
    expect(exitCodeOfFindings(findings)).toBe(0);
  });

  test("nothing wrong with a torn last line of the journal", async () => {
    using folder = new TestFolder();
    const store = damaged(folder, (path) =>
      appendFileSync(join(path, "journal/seals.jsonl"), '{"artifact_id":"sha2'),
    );

    const { findings } = await checkStore(store);

    expect(findings).toEqual([]);
  });
});

test("what is no store is refused, and so is a newer format", async () => {
  using folder = new TestFolder();
  await expect(checkStore(folder.path)).rejects.toMatchObject({ code: "CONNECT_STORE_NOT_FOUND" });
  const store = damaged(folder, (path) => writeFileSync(join(path, "format.json"), '{"format":9}'));

  await expect(checkStore(store)).rejects.toMatchObject({ code: "CONNECT_FORMAT_TOO_NEW" });
});
