import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { openStoredBundle } from "@reseal/bundle";
import { parseDigest } from "@reseal/hash";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStores } from "../src/index.ts";
import { catalogText, sealRun, storeWithRuns, TestFolder } from "./sealed-store.ts";

// Making runs costs more than copying them.
const template = new TestFolder();
let expected: readonly string[] = [];
beforeAll(async () => {
  expected = await storeWithRuns(template.path);
});
afterAll(() => template[Symbol.dispose]());

function copyStore(to: string): readonly string[] {
  cpSync(template.path, to, { recursive: true });
  return expected;
}

const run = promisify(execFile);

async function seals(folder: string): Promise<readonly string[]> {
  await using stores = await openStores(folder);
  const { items } = await stores.catalog.listRuns({ tenant: "local", order: "asc" });
  return items.map((row) => row.seal);
}

test("a store is made on demand, as ARCHITECTURE.md draws it", async () => {
  using folder = new TestFolder();
  const store = join(folder.path, "deep", "store");

  await expect(openStores(store)).rejects.toMatchObject({
    code: "CONNECT_STORE_NOT_FOUND",
    exitCode: 3,
  });
  expect(existsSync(join(folder.path, "deep"))).toBe(false);

  await using stores = await openStores(store, { create: true });
  expect(readdirSync(store)).toEqual(
    expect.arrayContaining([
      ".gitignore",
      "artifacts",
      "format.json",
      "journal",
      "store.db",
      "tmp",
      "trash",
    ]),
  );
  expect(readFileSync(join(store, ".gitignore"), "utf8")).toBe("*\n");
  expect(JSON.parse(readFileSync(join(store, "format.json"), "utf8"))).toEqual({ format: 1 });
  expect(stores).toMatchObject({ location: store, local: store, tenant: "local", readOnly: false });
});

test("what is in it is there when it is opened again", async () => {
  using folder = new TestFolder();
  copyStore(folder.path);

  expect([...(await seals(folder.path))].sort()).toEqual([...expected].sort());
});

test.for(["s3://bucket/store", "postgres://host/db", "https://host/store"])(
  "%s is not a folder, and is said not to be",
  async (location) => {
    await expect(openStores(location, { create: true })).rejects.toMatchObject({
      code: "CONNECT_LOCATION_INVALID",
      exitCode: 2,
    });
  },
);

test("where a file lies no store is made", async () => {
  using folder = new TestFolder();
  const file = join(folder.path, "file");
  writeFileSync(file, "mine");

  for (const location of [file, join(file, "below")]) {
    const error = await openStores(location, { create: true }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      exitCode: expect.any(Number),
      code: expect.stringMatching(/^[A-Z_]+$/),
    });
  }
  expect(readFileSync(file, "utf8")).toBe("mine");
});

test.for([
  ['{"format":3}', "CONNECT_FORMAT_TOO_NEW"],
  ['{"format":"x"}', "CONNECT_FORMAT_TOO_NEW"],
  ["{}", "CONNECT_FORMAT_TOO_NEW"],
  ["null", "CONNECT_FORMAT_TOO_NEW"],
  ["no JSON", "CONNECT_FORMAT_TOO_NEW"],
] as const)("a store that says %s is refused and left as it is", async ([text, code]) => {
  using folder = new TestFolder();
  copyStore(folder.path);
  writeFileSync(join(folder.path, "format.json"), text);
  const before = listing(folder.path);

  for (const options of [{}, { create: true }, { readOnly: true }])
    await expect(openStores(folder.path, options)).rejects.toMatchObject({ code, exitCode: 2 });

  expect(listing(folder.path)).toBe(before);
});

test.for(["", " \n"])("a format of %j is what a crash left, and is no newer one", async (text) => {
  using folder = new TestFolder();
  copyStore(folder.path);
  writeFileSync(join(folder.path, "format.json"), text);

  expect(await seals(folder.path)).toHaveLength(3);
});

test("a store that was half made is finished", async () => {
  using folder = new TestFolder();
  mkdirSync(join(folder.path, "journal"));
  writeFileSync(join(folder.path, "format.json"), "");

  await using stores = await openStores(folder.path, { create: true });
  await sealRun(stores, { a: "1" });

  expect(JSON.parse(readFileSync(join(folder.path, "format.json"), "utf8"))).toEqual({ format: 1 });
});

test("a store that is opened to be read is not written", async () => {
  using folder = new TestFolder();
  copyStore(folder.path);
  const before = listing(join(folder.path, "artifacts")) + listing(join(folder.path, "journal"));

  await using stores = await openStores(folder.path, { readOnly: true });
  const [seal] = expected;
  if (seal === undefined) throw new Error("no run");
  const { manifest } = await openStoredBundle(stores, parseDigest(seal));

  expect(manifest.content.results.outputs).toMatchObject({ files: 2 });
  expect(stores.readOnly).toBe(true);
  await expect(stores.blobs.put(Buffer.from("x"))).rejects.toThrow();
  await expect(stores.journal.append("tags", [{}])).rejects.toThrow();
  expect(listing(join(folder.path, "artifacts")) + listing(join(folder.path, "journal"))).toBe(
    before,
  );
});

test("a read-only store is not made", async () => {
  using folder = new TestFolder();

  await expect(
    openStores(join(folder.path, "x"), { create: true, readOnly: true }),
  ).rejects.toMatchObject({ code: "CONNECT_STORE_NOT_FOUND" });
  expect(readdirSync(folder.path)).toEqual([]);
});

test.for([
  ["deleted", (file: string) => rmSync(file)],
  ["emptied", (file: string) => truncateSync(file, 0)],
] as const)("a catalog that was %s is rebuilt from the journal", async ([, change]) => {
  using folder = new TestFolder();
  copyStore(folder.path);
  const before = await catalogText(folder.path);
  for (const suffix of ["-wal", "-shm"])
    rmSync(join(folder.path, `store.db${suffix}`), { force: true });
  change(join(folder.path, "store.db"));

  expect(await seals(folder.path)).toHaveLength(3);

  expect(await catalogText(folder.path)).toBe(before);
});

test.for([
  ["nonsense", (file: string) => writeFileSync(file, "This is no database at all.".repeat(500))],
  ["half of it", (file: string) => truncateSync(file, 5000)],
  [
    "zeros in its middle",
    (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0, 4096, 16384);
      writeFileSync(file, bytes);
    },
  ],
] as const)("a catalog that is %s is moved aside and rebuilt", async ([, change]) => {
  using folder = new TestFolder();
  copyStore(folder.path);
  const before = await catalogText(folder.path);
  change(join(folder.path, "store.db"));
  const notices: string[] = [];

  {
    await using stores = await openStores(folder.path, { onNotice: (text) => notices.push(text) });
    expect((await stores.catalog.listRuns({ tenant: "local" })).items).toHaveLength(3);
  }

  expect(notices).toMatchObject([expect.stringContaining("damaged")]);
  expect(readdirSync(folder.path).filter((name) => name.includes(".corrupt-"))).not.toEqual([]);
  expect(await catalogText(folder.path)).toBe(before);
});

test("one damaged manifest does not take the others with it when the catalog is rebuilt", async () => {
  using folder = new TestFolder();
  const [, second] = copyStore(folder.path);
  const hex = second?.slice("sha256:".length) ?? "";
  const blob = join(folder.path, "artifacts", hex.slice(0, 2), hex);
  chmodSync(blob, 0o644);
  writeFileSync(blob, "damaged");
  rmSync(join(folder.path, "store.db"));
  const notices: string[] = [];

  await using stores = await openStores(folder.path, { onNotice: (text) => notices.push(text) });

  expect((await stores.catalog.listRuns({ tenant: "local" })).items).toHaveLength(2);
  expect(notices).toMatchObject([expect.stringContaining(hex.slice(0, 12))]);
});

const openScript = (folder: string): string[] => [
  "--experimental-strip-types",
  "--no-warnings",
  "--input-type=module",
  "-e",
  `const { openStores } = await import(${JSON.stringify(join(import.meta.dirname, "..", "src", "index.ts"))});
   const stores = await openStores(${JSON.stringify(folder)}, { create: true });
   await stores.blobs.put(Buffer.from(String(process.pid)));
   const { items } = await stores.catalog.listRuns({ tenant: "local" });
   console.log(items.length);
   await stores[Symbol.asyncDispose]();`,
];

test("several processes make one store at once", async () => {
  using folder = new TestFolder();
  const store = join(folder.path, "deep", "store");

  const answers = await Promise.all(
    Array.from({ length: 3 }, () => run(process.execPath, openScript(store))),
  );

  expect(answers.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 3 }, () => "0\n"));
});

test("several processes find a damaged catalog at once, and all get a whole one", async () => {
  using folder = new TestFolder();
  copyStore(folder.path);
  writeFileSync(join(folder.path, "store.db"), "This is no database at all.".repeat(500));

  const answers = await Promise.all(
    Array.from({ length: 3 }, () => run(process.execPath, openScript(folder.path))),
  );

  expect(answers.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 3 }, () => "3\n"));
  expect(await seals(folder.path)).toHaveLength(3);
});

test("a store that belongs to somebody else is read all the same", async () => {
  if (process.getuid?.() !== 0) return; // Only root can become somebody else.
  using folder = new TestFolder();
  copyStore(folder.path);
  chmodSync(folder.path, 0o755);
  const script = `process.setgroups([]); process.setgid(65534); process.setuid(65534);
    const { openStores } = await import(${JSON.stringify(join(import.meta.dirname, "..", "src", "index.ts"))});
    const stores = await openStores(${JSON.stringify(folder.path)});
    const { items } = await stores.catalog.listRuns({ tenant: "local" });
    console.log(stores.readOnly, items.length);`;
  const args = ["--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", script];

  const answer = (): string => execFileSync(process.execPath, args, { encoding: "utf8" });
  expect(answer()).toBe("true 3\n");
  writeFileSync(join(folder.path, "store.db"), "This is no database at all.".repeat(500));
  expect(answer()).toBe("true 3\n");
  rmSync(join(folder.path, "store.db"));
  expect(answer()).toBe("true 3\n");
  expect(readdirSync(folder.path)).not.toContain("store.db");
});

test("a store that is copied while nobody writes is a store", async () => {
  using folder = new TestFolder();
  copyStore(join(folder.path, "one"));

  cpSync(join(folder.path, "one"), join(folder.path, "two"), { recursive: true });

  expect(await seals(join(folder.path, "two"))).toHaveLength(3);
  expect(statSync(join(folder.path, "two", "artifacts")).isDirectory()).toBe(true);
});

function listing(folder: string): string {
  return execFileSync("find", [folder, "-type", "f", "-printf", "%P %s %T@\n"], {
    encoding: "utf8",
  })
    .split("\n")
    .sort()
    .join("\n");
}
