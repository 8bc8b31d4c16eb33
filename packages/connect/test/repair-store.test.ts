import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { openStoredBundle, verifyBundle } from "@reseal/bundle";
import type { Digest } from "@reseal/hash";
import { expect, test } from "vitest";
import { checkStore, openRepair, openStores, type RepairReport } from "../src/index.ts";
import {
  blobFile,
  catalogText,
  exportRun,
  prepareStore,
  sealRun,
  TestFolder,
} from "./sealed-store.ts";

const { original, seals, wholeCatalog, copyTo } = await prepareStore();

function overwrite(file: string, text: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, text);
  chmodSync(file, 0o444);
}

async function repair(store: string, sources: readonly string[] = []): Promise<RepairReport> {
  await using opened = await openRepair(store, { sources });
  return await opened.apply();
}

async function expectWhole(store: string): Promise<void> {
  const { findings } = await checkStore(store, { readPart: 1 });
  expect(findings.filter(({ level }) => level !== "note")).toEqual([]);
  await using stores = await openStores(store);
  expect(await catalogText(store)).toBe(wholeCatalog);
  for (const seal of seals) {
    const { findings: wrong } = await verifyBundle(await openStoredBundle(stores, seal));
    expect(wrong).toEqual([]);
  }
}

function quarantined(store: string): string[] {
  const folder = join(store, "trash/quarantine");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.slice(path.indexOf("/") + 1))
    .sort();
}

test("a plan changes nothing", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  overwrite(blobFile(store, "shared"), "sharEd");

  await using opened = await openRepair(store, { sources: [original] });

  expect(opened.planned.actions.map(({ action }) => action)).toEqual(["quarantine", "refill"]);
  expect(readFileSync(blobFile(store, "shared"), "utf8")).toBe("sharEd");
  expect(quarantined(store)).toEqual([]);
});

test("a store that is in order needs no repair", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);

  expect(await repair(store)).toMatchObject({ actions: [], lost: [], quarantine: null });
});

test("bad, short and missing blobs come back from another store; the bad ones are kept", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  overwrite(blobFile(store, "shared"), "sharEd");
  overwrite(blobFile(store, "a"), "");
  rmSync(blobFile(store, "b"));

  const report = await repair(store, [original]);

  expect(report.lost).toEqual([]);
  await expectWhole(store);
  expect(quarantined(store)).toEqual(
    [blobFile("", "shared"), blobFile("", "a")].map((path) => path.replace(/^\/?/, "")).sort(),
  );
});

test("a manifest comes back, and with it the blobs that it names", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  for (const seal of seals) rmSync(blobFile(store, seal));
  rmSync(blobFile(store, "shared"));
  for (const suffix of ["", "-wal", "-shm"])
    rmSync(join(store, `store.db${suffix}`), { force: true });

  const report = await repair(store, [original]);

  expect(report.lost).toEqual([]);
  await expectWhole(store);
});

test.each(["bundle", "bundle.zip"])(
  "an exported %s gives back what is in it; the rest is said to be lost",
  async (name) => {
    using folder = new TestFolder();
    const store = copyTo(folder);
    const bundle = join(folder.path, name);
    const [first = "sha256:"] = seals;
    await exportRun(original, first as Digest, bundle);
    rmSync(blobFile(store, "a"));
    rmSync(blobFile(store, "b"));

    const report = await repair(store, [bundle]);

    expect(report.lost.map(({ path }) => path)).toEqual([blobFile("", "b").replace(/^\//, "")]);
    expect(existsSync(blobFile(store, "a"))).toBe(true);
  },
);

test("a source whose own copy is bad is passed over for the next", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const bad = join(folder.path, "bad");
  cpSync(original, bad, { recursive: true });
  overwrite(blobFile(bad, "shared"), "shaped");
  rmSync(blobFile(store, "shared"));

  const report = await repair(store, [bad, original]);

  expect(report.lost).toEqual([]);
  await expectWhole(store);
});

test("what only bad sources have is lost, and nothing bad is taken", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const bad = join(folder.path, "bad");
  cpSync(original, bad, { recursive: true });
  overwrite(blobFile(bad, "shared"), "shaped");
  rmSync(blobFile(store, "shared"));

  const report = await repair(store, [bad]);

  expect(report.lost).toHaveLength(1);
  expect(existsSync(blobFile(store, "shared"))).toBe(false);
});

test("a blob that lies in the wrong place is put where it belongs", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  renameSync(blobFile(store, "shared"), join(store, "artifacts/somewhere"));

  const report = await repair(store);

  expect(report.lost).toEqual([]);
  await expectWhole(store);
});

test("modes and folders are put right", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  chmodSync(blobFile(store, "shared"), 0o666);
  rmSync(join(store, "trash"), { recursive: true });

  await repair(store);

  expect(statSync(blobFile(store, "shared")).mode & 0o777).toBe(0o444);
  await expectWhole(store);
});

test("a damaged line of the journal costs nothing while the catalog knows its seal", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const journal = join(store, "journal/seals.jsonl");
  const lines = readFileSync(journal, "utf8").split("\n");
  writeFileSync(journal, [lines[0], "\u0000garbage", ...lines.slice(2)].join("\n"));

  const report = await repair(store);

  expect(report.actions.map(({ action }) => action)).toEqual(["salvage", "rebuild"]);
  await expectWhole(store);
  expect(quarantined(store)).toEqual(["journal/seals.jsonl"]);
  expect((await repair(store)).actions).toEqual([]);
});

test("journal and catalog are both lost, and the manifests are enough", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  rmSync(join(store, "journal"), { recursive: true });
  for (const name of readdirSync(store).filter((entry) => entry.startsWith("store.db")))
    rmSync(join(store, name));

  await repair(store);

  await expectWhole(store);
});

test("a lost journal is written again from the catalog", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  rmSync(join(store, "journal/seals.jsonl"));

  await repair(store);

  await expectWhole(store);
  expect((await repair(store)).actions).toEqual([]);
});

test("a damaged catalog is made anew and kept", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const file = join(store, "store.db");
  writeFileSync(file, Buffer.alloc(8192, 0x5a));

  await repair(store);

  await expectWhole(store);
  const aside = readdirSync(store).filter((name) => name.startsWith("store.db.corrupt-"));
  expect(aside).toHaveLength(1);
  expect(readFileSync(join(store, aside[0] ?? ""))).toEqual(Buffer.alloc(8192, 0x5a));
});

test("a manifest that no list names is left alone unless it is to be adopted", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const journal = join(store, "journal/seals.jsonl");
  {
    await using stores = await openStores(store);
    await sealRun(stores, { "n.txt": "unlisted" });
  }
  writeFileSync(journal, `${readFileSync(journal, "utf8").split("\n").slice(0, 3).join("\n")}\n`);
  rmSync(join(store, "store.db"));
  await using plain = await openRepair(store);
  expect(plain.planned.actions).toEqual([]);

  await using adopting = await openRepair(store, { adopt: true });
  await adopting.apply();

  await using stores = await openStores(store);
  expect((await stores.catalog.listRuns({ tenant: "local" })).items).toHaveLength(4);
});

test("a repair that was interrupted anywhere is finished by the next", async () => {
  for (let stopAfter = 1; stopAfter <= 6; stopAfter += 1) {
    using folder = new TestFolder();
    const store = copyTo(folder);
    overwrite(blobFile(store, "shared"), "sharEd");
    rmSync(blobFile(store, "a"));
    rmSync(blobFile(store, seals[2] ?? ""));
    writeFileSync(join(dirname(blobFile(store, "a")), "stray"), "");
    let left = stopAfter;
    const stop = new AbortController();
    const signal = Object.defineProperty(stop.signal, "throwIfAborted", {
      value() {
        left -= 1;
        if (left < 0) throw new Error("stopped here");
      },
    });
    await using opened = await openRepair(store, { sources: [original] });
    const interrupted = await openRepair(store, { sources: [original], signal }).then(
      async (started) => started.apply().catch((error: Error) => error.message),
      (error: Error) => error.message,
    );
    if (interrupted !== "stopped here") expect(interrupted).toMatchObject({ lost: [] });

    await opened.apply();

    await expectWhole(store);
  }
});

test("a source that is none is refused before anything is looked at", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);

  await expect(openRepair(store, { sources: [folder.path] })).rejects.toMatchObject({
    code: "CONNECT_SOURCE_INVALID",
    exitCode: 3,
  });
});
