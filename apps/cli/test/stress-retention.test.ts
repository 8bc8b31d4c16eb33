// Processes that record and seal while others delete, purge, empty the trash and undo: nothing that
// was acknowledged is lost, and the store is whole. `RESEAL_STRESS=full` does much more of it.
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lastLine, Sandbox } from "./sandbox.ts";

const isFull = process.env.RESEAL_STRESS === "full";
const seed = Number(process.env.RESEAL_STRESS_SEED ?? 20_261_121);
const writers = isFull ? 4 : 2;
const steps = isFull ? 60 : 4;
const oldRuns = isFull ? 24 : 6;
const store = ["--store", ".reseal"];

test(`what is recorded while others delete is never lost (seed ${seed})`, {
  timeout: isFull ? 900_000 : 60_000,
}, async () => {
  const sandbox = new Sandbox();
  const random = generator(seed);
  const cwd = sandbox.folder("work", {
    "config/artifacts.yaml": "retention: {old: {keep: 1}}\n",
  });
  const old = await sealOldRuns(sandbox, cwd, random);
  const acknowledged: string[] = [];
  let running = writers;

  await Promise.all([
    ...Array.from({ length: writers }, async (_, writer) => {
      const own = generator(seed * 1000 + writer);
      for (let step = 0; step < steps; step += 1)
        acknowledged.push(...(await ingest(sandbox, cwd, `${writer}-${step}`, own)));
      running -= 1;
    }),
    (async () => {
      while (running > 0) await deleteSomething(sandbox, cwd, old, random);
    })(),
  ]);

  expect(acknowledged.length).toBeGreaterThan((writers * steps) / 2);
  await assertWhole(sandbox, cwd, acknowledged);
  expect((await sandbox.reseal(["catalog", "rebuild"], { cwd })).status).toBe(0);
  await assertWhole(sandbox, cwd, acknowledged);
});

/** Runs that may go, with contents that later ones have too, and that nobody has used for days. */
async function sealOldRuns(
  sandbox: Sandbox,
  cwd: string,
  random: () => number,
): Promise<readonly string[]> {
  const seals: string[] = [];
  for (let run = 0; run < oldRuns; run += 1) {
    const folder = writeContents(cwd, `old-${run}`, random);
    const { seal } = await sandbox.data(["seal", folder, "--family", "old"], { cwd });
    seals.push(String(seal).slice("sha256:".length));
  }
  const folder = join(cwd, ".reseal/artifacts");
  const past = Date.now() / 1000 - 3 * 86_400;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), past, past);
  return seals;
}

/** One run or one sealed folder. @returns its seal, when the command said that it is there */
async function ingest(
  sandbox: Sandbox,
  cwd: string,
  name: string,
  random: () => number,
): Promise<readonly string[]> {
  const folder = writeContents(cwd, name, random);
  const command =
    random() < 0.4
      ? ["run", "--json", "--", "sh", "-c", `cp ${folder}/0.txt result-${name}.txt`]
      : ["seal", folder, "--json"];
  const { status, stdout, stderr } = await sandbox.reseal(command, { cwd });
  const { data, error } = lastLine(stdout) as {
    data?: { seal: string };
    error?: { code: string };
  };
  if (status === 0 && data !== undefined) return [data.seal];
  // It was about to use what was deleted at that moment, and says so: nothing is acknowledged.
  expect(error?.code, stdout + stderr).toBe("STORE_BLOB_NOT_FOUND");
  return [];
}

/** Files with a few of few contents. */
function writeContents(cwd: string, name: string, random: () => number): string {
  const folder = join("folders", name);
  mkdirSync(join(cwd, folder), { recursive: true });
  for (let file = 0; file < 3; file += 1)
    writeFileSync(join(cwd, folder, `${file}.txt`), `content ${Math.floor(random() * 8)}\n`);
  return folder;
}

async function deleteSomething(
  sandbox: Sandbox,
  cwd: string,
  old: readonly string[],
  random: () => number,
): Promise<void> {
  const kind = random();
  const id = old[Math.floor(random() * old.length)] ?? "";
  const [command, allowed] = commandFor(cwd, kind, id);
  const { status, stdout, stderr } = await sandbox.reseal([...command, ...store], { cwd });
  expect(allowed, `${command.join(" ")}: ${stdout}${stderr}`).toContain(status);
}

function commandFor(
  cwd: string,
  kind: number,
  id: string,
): readonly [command: readonly string[], allowed: readonly number[]] {
  const sure = ["--apply", "--force"];
  const report = readdirSync(join(cwd, ".reseal/trash")).findLast((name) => name.endsWith(".json"));
  if (kind < 0.25 && report !== undefined)
    return [
      ["artifacts", "restore", "--report", report],
      [0, 3, 6],
    ];
  if (kind < 0.4)
    return [
      ["artifacts", "purge", id.slice(0, 16), "--reason", "a key", ...sure],
      [0, 3, 5],
    ];
  if (kind < 0.5) return [["artifacts", "trash", "empty", "--older-than", "0", ...sure], [0]];
  return [
    ["artifacts", "gc", ...sure],
    [0, 6],
  ];
}

async function assertWhole(
  sandbox: Sandbox,
  cwd: string,
  acknowledged: readonly string[],
): Promise<void> {
  const { items } = (await sandbox.data(["ls", "-n", "10000"], { cwd })) as unknown as {
    items: readonly { readonly seal: string }[];
  };
  const present = new Set(items.map(({ seal }) => seal));
  expect(acknowledged.filter((seal) => !present.has(seal))).toEqual([]);
  for (const command of [
    ["verify", "--all"],
    ["store", "check", "--read-data"],
    ["artifacts", "audit", "--verify", ...store],
  ]) {
    const { status, stdout, stderr } = await sandbox.reseal(command, { cwd });
    expect(status, stdout + stderr).toBe(0);
  }
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
