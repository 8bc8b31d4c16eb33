import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectBytes, encodeDictionary, planDictionary } from "@reseal/store";
import { expect, test } from "vitest";
import { exportedBundle, makeStores } from "../test/sealed-bundle.ts";
import { importBundle } from "./import.ts";
import { entryOf, openBundleFolder, readText } from "./reader.ts";
import { verifyBundle } from "./verify.ts";

const path = "outputs/log.jsonl";
const text = '{"venue":"kraken-exchange","check":"spread_bps_max"}\n'.repeat(50);

test("S4-158 a bundle whose JSON Lines somebody compacted is read, verified and imported", async () => {
  const { folder, compacted } = await compactedBundle();

  const reader = await openBundleFolder(folder);
  expect((await verifyBundle(reader)).findings).toEqual([]);
  expect(await readText(reader, path)).toBe(text);
  expect(reader.localFile?.(entry(reader))).toBeUndefined();
  const stores = makeStores();
  expect((await importBundle(stores, reader)).isNew).toBe(true);

  // The original counts where it is there, and then the compacted file is one too many.
  writeFileSync(join(folder, path), text);
  const both = await verifyBundle(await openBundleFolder(folder));
  expect(both.findings).toMatchObject([{ code: "extra_file", path: "outputs/log.compact.jsonl" }]);
  expect(readFileSync(compacted, "utf8")).not.toBe(text);
});

test("a compacted file that does not give back the original is a finding", async () => {
  const { folder, compacted } = await compactedBundle();
  const bytes = readFileSync(compacted, "utf8");
  for (const damaged of [
    bytes.replace('venue_dict":0', 'venue_dict":9'),
    bytes.slice(0, 100),
    text,
  ]) {
    writeFileSync(compacted, damaged);

    const { findings } = await verifyBundle(await openBundleFolder(folder));

    expect(findings.map((finding) => finding.path)).toContain(path);
  }
});

async function compactedBundle(): Promise<{ folder: string; compacted: string }> {
  const folder = await exportedBundle({ [path]: text });
  const original = join(folder, path);
  const compacted = join(folder, "outputs/log.compact.jsonl");
  const plan = await planDictionary(bytesOf(original), { threshold: 2 });
  writeFileSync(compacted, await collectBytes(encodeDictionary(bytesOf(original), plan)));
  renameSync(original, join(folder, "..", "moved-away"));
  return { folder, compacted };
}

function entry(reader: Awaited<ReturnType<typeof openBundleFolder>>) {
  const found = entryOf(reader.manifest, path);
  if (found === undefined) throw new Error("no such entry");
  return found;
}

async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  yield readFileSync(file);
}
