// Writers that record, seal, import and verify at once on one store, as one process of several:
// `node stress-writer.ts <store> <work folder> <bundles folder> <seed> <writers> <steps>`.
// Prints one line of JSON for each seal that it was told is durable.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importBundle, openBundleFolder, openStoredBundle, verifyBundle } from "@reseal/bundle";
import { openStores } from "@reseal/connect";
import { recordRun, recoverRuns, sealFolder } from "@reseal/record";
import type { Stores } from "@reseal/store";

const [store = "", work = "", bundles = "", seedText = "0", writersText = "1", stepsText = "1"] =
  process.argv.slice(2);
const seed = Number(seedText);
const steps = Number(stepsText);
const names = readdirSync(bundles).sort();
const { PATH } = process.env;
const env = { PATH };

await Promise.all(Array.from({ length: Number(writersText) }, (_, writer) => write(writer)));

async function write(writer: number): Promise<void> {
  const random = generator(seed * 1000 + writer);
  await using stores = await openStores(store);
  for (let step = 0; step < steps; step += 1) {
    const kind = random() * 10;
    const name = `${seed}-${writer}-${step}`;
    if (kind < 2) await record(stores, name, random);
    else if (kind < 6) await seal(stores, name, random);
    else if (kind < 8) await takeIn(stores, names[Math.floor(random() * names.length)] ?? "");
    else await verifySome(stores, random);
    if (random() < 0.1) await recoverRuns(stores, env);
  }
}

async function record(stores: Stores, name: string, random: () => number): Promise<void> {
  const workspace = join(work, name);
  mkdirSync(workspace, { recursive: true });
  writeFileSync(join(workspace, "code.sh"), "echo shared by all\n");
  const { seal: made } = await recordRun(stores, {
    argv: ["sh", "-c", `sh code.sh > out.txt; echo ${random()} > number.txt`],
    places: { workspace, cwd: workspace },
    env,
    toolVersion: "0.0.0",
  });
  acknowledge(made);
}

async function seal(stores: Stores, name: string, random: () => number): Promise<void> {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "shared.txt"), "the same in every folder");
  writeFileSync(join(folder, "some.txt"), `one of ten: ${Math.floor(random() * 10)}`);
  writeFileSync(join(folder, "own.bin"), Buffer.alloc(Math.floor(random() * 200_000), name));
  const { seal: made } = await sealFolder(stores, { folder, toolVersion: "0.0.0", env });
  acknowledge(made);
}

async function takeIn(stores: Stores, name: string): Promise<void> {
  const { seal: made } = await importBundle(stores, await openBundleFolder(join(bundles, name)));
  acknowledge(made);
}

async function verifySome(stores: Stores, random: () => number): Promise<void> {
  const { items } = await stores.catalog.listRuns({ tenant: stores.tenant, limit: 20 });
  const row = items[Math.floor(random() * items.length)];
  if (row === undefined) return;
  const { findings } = await verifyBundle(await openStoredBundle(stores, row.seal));
  if (findings.length > 0) throw new Error(`${row.seal}: ${JSON.stringify(findings)}`);
}

function acknowledge(made: string): void {
  process.stdout.write(`${JSON.stringify({ seal: made })}\n`);
}

/** Mulberry32: the same numbers for the same seed. */
function generator(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
