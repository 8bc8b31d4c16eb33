// Whatever is changed in an exported bundle: it is refused and leaves nothing, or it is still the same.
import {
  appendFileSync,
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
import { isResealError } from "@reseal/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { importBundle } from "../src/import.ts";
import { openBundleFolder, openStoredBundle } from "../src/reader.ts";
import { verifyBundle } from "../src/verify.ts";
import { exportedBundle, makeFolder, makeStores } from "./sealed-bundle.ts";

/** Changes a file of a bundle, or what lies beside it. */
type Change = (path: string, folder: string) => void;

const bytesChange = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(
  ([at, mask]): Change =>
    (path) => {
      const bytes = readFileSync(path);
      if (bytes.byteLength === 0) return;
      bytes[at % bytes.byteLength] = (bytes[at % bytes.byteLength] ?? 0) ^ mask;
      writeFileSync(path, bytes);
    },
);
const textChange = fc
  .tuple(
    fc.constantFrom('"size":', '"path":"', '"digest":"sha256:', '"role":"', "  ", "\n", "sha256"),
    fc.constantFrom("", "-", "0", "9", "../", "/", "\\u0000", '"', "e9", "[", " "),
  )
  .map(
    ([before, put]): Change =>
      (path) => {
        const text = readFileSync(path, "utf8");
        writeFileSync(path, text.replace(before, `${before}${put}`));
      },
  );
const name = fc.constantFrom(
  "more",
  ".hidden",
  "a b",
  "outputs/more",
  "deep/er/more",
  "CON",
  "x:y",
);
const change: fc.Arbitrary<Change> = fc.oneof(
  bytesChange,
  textChange,
  fc.constant<Change>((path) => appendFileSync(path, "\n")),
  fc.nat().map(
    (length): Change =>
      (path) => {
        truncateSync(path, length % (readFileSync(path).byteLength + 1));
      },
  ),
  fc.constant<Change>((path) => rmSync(path)),
  fc.constant<Change>((path, folder) => {
    renameSync(path, join(folder, "..", "aside"));
    symlinkSync(join(folder, "..", "aside"), path);
  }),
  name.map(
    (more): Change =>
      (_, folder) => {
        mkdirSync(dirname(join(folder, more)), { recursive: true });
        writeFileSync(join(folder, more), more);
      },
  ),
  name.map(
    (other): Change =>
      (path, folder) => {
        mkdirSync(dirname(join(folder, other)), { recursive: true });
        renameSync(path, join(folder, other));
      },
  ),
);

test("a bundle that was changed anywhere is refused whole, or is the same bundle", async () => {
  const original = await exportedBundle();
  const { seal } = await openBundleFolder(original);
  const files = readdirSync(original, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(original.length + 1));
  let refused = 0;

  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), change, async (file, apply) => {
      const folder = join(makeFolder(), "bundle");
      cpSync(original, folder, { recursive: true });
      apply(join(folder, file), folder);
      const stores = makeStores();

      try {
        await importBundle(stores, await openBundleFolder(folder));
        expect((await verifyBundle(await openStoredBundle(stores, seal))).findings).toEqual([]);
      } catch (error) {
        if (!isResealError(error)) throw error;
        refused += 1;
        expect([3, 4, 5]).toContain(error.exitCode);
        expect(await stores.journal.size("seals")).toBe(0);
        for await (const blob of stores.blobs.list()) expect.fail(`left: ${blob.digest}`);
      }
    }),
    { numRuns: 120 },
  );

  expect(refused).toBeGreaterThan(50);
});
