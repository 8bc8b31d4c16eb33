// Many writers on one store. RESEAL_STRESS=full runs 50 of them; RESEAL_STRESS_SEED repeats a run.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportBundle, openStoredBundle } from "@reseal/bundle";
import { checkStore, openStores, rebuildCatalog } from "@reseal/connect";
import { recoverRuns, sealFolder } from "@reseal/record";
import type { RunRow } from "@reseal/store";
import { expect, test } from "vitest";

const isFull = process.env.RESEAL_STRESS === "full";
const seed = Number(process.env.RESEAL_STRESS_SEED ?? 20_261_121);
const processes = isFull ? 10 : 4;
const writers = isFull ? 5 : 3;
const steps = isFull ? 6 : 4;
const writerScript = fileURLToPath(new URL("stress-writer.ts", import.meta.url));

test(`${processes * writers} writers at once, some killed, lose nothing (seed ${seed})`, {
  timeout: 180_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "reseal-stress-"));
  try {
    const store = join(folder, "store");
    const bundles = await makeBundles(folder);
    {
      await using _made = await openStores(store, { create: true });
    }

    const results = await Promise.all(
      Array.from({ length: processes }, (_, index) =>
        runWriters([store, folder, bundles, String(seed + index)], index),
      ),
    );

    const unkilled = results.filter(({ signal }) => signal === null);
    expect(unkilled.map(({ code, errors }) => `${code} ${errors}`)).toEqual(
      unkilled.map(() => "0 "),
    );
    const acknowledged = results.flatMap(({ seals }) => seals);
    expect(acknowledged.length).toBeGreaterThan(processes * writers);
    await using stores = await openStores(store);
    await recoverRuns(stores, {});
    const rows = await allRows(store);
    const present = new Set<string>(rows.map((row) => row.seal));
    expect(acknowledged.filter((made) => !present.has(made))).toEqual([]);
    const { findings } = await checkStore(store, { readPart: 1 });
    expect(findings.filter(({ level }) => level !== "note")).toEqual([]);
    await rebuildCatalog(store);
    expect(await allRows(store)).toEqual(rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

interface WriterResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly errors: string;
  readonly seals: readonly string[];
}

/** One process of writers; the first is killed once it has told of some seals. */
async function runWriters(args: readonly string[], index: number): Promise<WriterResult> {
  const all = [writerScript, ...args, String(writers), String(steps)];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (index === 0 && output.split("\n").length > writers) child.kill("SIGKILL");
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const lines = output.slice(0, output.lastIndexOf("\n") + 1).split("\n");
  const seals = lines
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { seal: string }).seal);
  return { code, signal, errors, seals };
}

async function makeBundles(folder: string): Promise<string> {
  const bundles = join(folder, "bundles");
  mkdirSync(bundles);
  await using stores = await openStores(join(folder, "elsewhere"), { create: true });
  for (let number = 0; number < 5; number += 1) {
    const source = join(folder, `source-${number}`);
    mkdirSync(source);
    writeFileSync(join(source, "result.txt"), `result ${number}`);
    writeFileSync(join(source, "shared.txt"), "the same in every folder");
    const { seal } = await sealFolder(stores, { folder: source, toolVersion: "0.0.0", env: {} });
    await exportBundle(await openStoredBundle(stores, seal), join(bundles, `bundle-${number}`));
  }
  return bundles;
}

async function allRows(store: string): Promise<readonly RunRow[]> {
  await using stores = await openStores(store);
  const { tenant } = stores;
  return (await stores.catalog.listRuns({ tenant, limit: 10_000, sort: "seal" })).items;
}
