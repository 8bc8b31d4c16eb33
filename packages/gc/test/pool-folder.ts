// A pool in a folder of its own, for tests.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { openFsJournal } from "@reseal/store-fs";
import { onTestFinished } from "vitest";
import { type ArtifactsConfig, defaultArtifactsConfig } from "../src/artifacts-config.ts";
import type { EntryFile } from "../src/entry.ts";
import { openPool, type Pool, poolPlaces } from "../src/pool.ts";

/** The time of the tests' clock, which stands still. */
export const now: number = Date.UTC(2025, 8, 6, 15);

/** A folder with files; removed when the test is done. */
export function poolFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "reseal-pool-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFiles(folder, files);
  return folder;
}

/** Write files whose times are well before anything a test does. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    utimesSync(file, now / 1000 - 3600, now / 1000 - 3600);
  }
}

/** Open a pool as the command line does. */
export async function openTestPool(
  folder: string,
  options: { readonly config?: Partial<ArtifactsConfig>; readonly nowMs?: number } = {},
): Promise<Pool> {
  const config = { ...defaultArtifactsConfig(), ...options.config };
  return openPool(poolPlaces(folder, config, folder), config, {
    openJournal: (path) => openFsJournal(path),
    clock: { now: () => options.nowMs ?? now },
    actor: "ada@lab",
    lockTimeoutMs: 50,
  });
}

/** The files of a folder with their text; none of the pool's own state unless asked for. */
export function filesIn(folder: string, isWanted = isNoState): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (entry.isFile() && isWanted(path)) files[path] = readFileSync(join(folder, path), "utf8");
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isNoState(path: string): boolean {
  return !path.startsWith(".trash") && !path.startsWith(".manifest");
}

/** A file as a scan would see it. */
export function entryFile(path: string, text: string): EntryFile {
  return { path, size: Buffer.byteLength(text), digest: digestBytes(text) };
}
