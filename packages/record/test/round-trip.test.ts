// What Reseal sealed, Reseal can hand over: whatever the files are called.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  exportBundle,
  importBundle,
  openBundleFolder,
  openBundleZip,
  openStoredBundle,
} from "@reseal/bundle";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { sealFolder } from "../src/seal-folder.ts";
import { makeStores, verifiedSeals } from "./memory-stores.ts";
import { record } from "./record.ts";

const top = mkdtempSync(join(tmpdir(), "reseal-round-trip-"));
afterAll(() => rmSync(top, { recursive: true, force: true }));

const nasty = [
  ...[
    "a",
    "A",
    "b",
    "é",
    "e\u0301",
    "ß",
    "SS",
    "ı",
    "日",
    "😀",
    "\u202e",
    "\u200d",
    "\ufeff",
    "\u0085",
  ],
  ...[
    " ",
    ".",
    "..",
    ":",
    "\\",
    "*",
    "?",
    '"',
    "<",
    "|",
    "-",
    "~",
    "$",
    "%2e",
    "\n",
    "\t",
    "\u007f",
  ],
  ...[
    "con",
    "NUL",
    "aux",
    "com1",
    "lpt¹",
    ".csv",
    ".txt",
    "__proto__",
    "constructor",
    "code",
    "outputs",
  ],
  "x".repeat(120),
];
const segment = fc
  .array(fc.constantFrom(...nasty), { minLength: 1, maxLength: 3 })
  .map((pieces) => pieces.join(""))
  .filter((name) => name !== "." && name !== ".." && Buffer.byteLength(name) <= 255);
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));

test("a folder with files of any names is sealed, exported, imported and verified", async () => {
  let sealed = 0;

  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { maxLength: 12 }), async (paths) => {
      const folder = mkdtempSync(join(top, "case-"));
      const source = join(folder, "source");
      writeAll(source, ["always.txt", ...paths]);
      const stores = makeStores({ local: join(folder, "local") });
      mkdirSync(join(folder, "local"));

      const { seal } = await sealFolder(stores, { folder: source, toolVersion: "0.0.0", env: {} });

      await handOver(stores, seal, folder);
      sealed += 1;
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 60 },
  );

  expect(sealed).toBe(60);
});

test("a run with code and outputs of such names is handed over, too", async () => {
  const folder = mkdtempSync(join(top, "run-"));
  const workspace = join(folder, "work");
  const names = [
    "-",
    "x.constructor",
    "12:30.csv",
    "aux.txt",
    "B.md",
    "b.md",
    "end.",
    "c/d",
    "c\u202e",
    "e\u0301",
  ];
  writeAll(workspace, names);
  const stores = makeStores();

  const { manifest, seal } = await record(
    stores,
    workspace,
    `for name in ${names.map((name) => `'${name}'`).join(" ")}; do echo more >> "$name"; done; : > fine.txt`,
  );

  const paths = manifest.context.files.map((file) => file.path);
  expect(paths).toContain("outputs/c/d");
  expect(paths).toContain("outputs/fine.txt");
  expect(paths).toContain("outputs/x.constructor");
  expect(paths).not.toContain("outputs/aux.txt");
  expect(paths).not.toContain("outputs/-");
  await handOver(stores, seal, folder);
});

function writeAll(folder: string, paths: readonly string[]): void {
  for (const name of paths) {
    const full = join(folder, name);
    try {
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, name);
    } catch (error) {
      // A file where another path needs a folder.
      if (!/EEXIST|ENOTDIR|EISDIR/.test(String(error))) throw error;
    }
  }
}

/** Export to a folder and to a ZIP file, and import each into a store that has nothing. */
async function handOver(
  stores: Parameters<typeof openStoredBundle>[0],
  seal: Parameters<typeof openStoredBundle>[1],
  folder: string,
): Promise<void> {
  for (const name of ["bundle", "bundle.zip"]) {
    const target = join(folder, name);
    await exportBundle(await openStoredBundle(stores, seal), target);
    const elsewhere = makeStores({ local: join(folder, `local-${name}`) });
    mkdirSync(elsewhere.local);
    await using zip = name.endsWith(".zip") ? await openBundleZip(target) : undefined;

    await importBundle(elsewhere, zip ?? (await openBundleFolder(target)));

    expect(await verifiedSeals(elsewhere)).toEqual([seal]);
  }
}
