import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { digestBytes } from "@reseal/hash";
import { collectBytes } from "@reseal/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFsBlobStore, openFsJournal } from "../src/index.ts";

const script = fileURLToPath(new URL("child.mjs", import.meta.url));

let folder: string;
let directory: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-processes-"));
  directory = join(folder, "artifacts");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a process killed in the middle of a batch leaves nothing that the next open does not remove", async () => {
  const child = run("batch", directory);
  await killAfter(child, "staged 300");
  expect(readdirSync(join(folder, "tmp")).length).toBe(1);

  await using store = await openFsBlobStore(directory);

  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  for await (const blob of store.list()) expect.fail(`There is ${blob.digest}.`);
});

test("a process killed between or in commits loses nothing that it acknowledged", async () => {
  for (const last of ["committed 0", "committed 3", "committed 8"]) {
    const child = run("commits", directory);
    await killAfter(child, last);
    const rounds = Number(last.split(" ")[1]) + 1;

    await using store = await openFsBlobStore(directory);

    for (let round = 0; round < rounds; round += 1) {
      for (let index = 0; index < 20; index += 1) {
        const text = `round ${round} blob ${index}`;
        const bytes = await collectBytes(await store.get(digestBytes(text)));
        expect(Buffer.from(bytes).toString()).toBe(text);
      }
    }
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  }
});

test("several processes put the same blobs at once", async () => {
  const children = Array.from({ length: 3 }, () => run("same", directory));

  expect(await Promise.all(children.map(finished))).toEqual([0, 0, 0]);

  await using store = await openFsBlobStore(directory);
  let count = 0;
  for await (const { digest } of store.list()) {
    await collectBytes(await store.get(digest));
    count += 1;
  }
  expect(count).toBe(300);
});

test("two processes append to one stream, and every record is whole and in its place", async () => {
  const children = ["a", "b"].map((name) => run("journal", directory, name, "40"));

  expect(await Promise.all(children.map(finished))).toEqual([0, 0]);

  const records = await readSeals();
  expect(records.length).toBe(2 * 40 * 3);
  for (const name of ["a", "b"]) {
    const own = records.filter((record) => record.name === name);
    expect(own.map(({ round, part }) => round * 3 + part)).toEqual(
      Array.from({ length: 120 }, (_, index) => index),
    );
  }
  expect(records.map(({ part }) => part)).toEqual(records.map((_, index) => index % 3));
  expect(readdirSync(directory)).toEqual(["seals.jsonl"]);
});

test("a process killed while it appends blocks nobody and loses nothing that it acknowledged", async () => {
  for (const last of [2, 6, 12]) {
    await killAfter(run("journal", directory, `killed ${last}`, "1000"), `appended ${last}`);
    expect(await finished(run("journal", directory, `after ${last}`, "1"))).toBe(0);

    const records = await readSeals();
    const own = records.filter(({ name }) => name === `killed ${last}`);
    expect(own.length).toBeGreaterThanOrEqual(3 * (last + 1));
    expect(records.filter(({ name }) => name === `after ${last}`).length).toBe(3);
  }
});

test("a write that the system cuts short is an error, leaves nothing, and stops nothing else", async () => {
  // Node ignores SIGXFSZ, so that the write that crosses the limit of 2 MiB fails with EFBIG.
  const command = 'ulimit -f 4096; exec "$0" "$@"';
  const child = spawn("/bin/sh", ["-c", command, process.execPath, script, "limited", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });

  expect(await lines(child)).toEqual([...Array(4).fill("STORE_WRITE_FAILED"), "went on"]);

  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  expect(readFileSync(join(folder, "journal", "notes.jsonl"), "utf8")).toBe('{"n":1}\n{"n":3}\n');
  await using store = await openFsBlobStore(directory);
  const sizes: number[] = [];
  for await (const { size } of store.list()) sizes.push(size);
  expect(sizes).toEqual([5]);
});

test("a file of 512 MiB is stored and read in less than 200 MiB of memory", async () => {
  const path = join(folder, "large.bin");
  const file = openSync(path, "w");
  for (let index = 0; index < 128; index += 1) writeSync(file, Buffer.alloc(1 << 20, index));
  ftruncateSync(file, 512 << 20); // The rest is a hole.
  closeSync(file);
  const child = run("memory", directory, path);

  const [line = ""] = await lines(child);

  const { size, read, rss } = JSON.parse(line) as Record<string, number>;
  expect([size, read]).toEqual([512 << 20, 512 << 20]);
  expect(rss).toBeLessThan(200);
}, 120_000);

interface SealLine {
  readonly name: string;
  readonly round: number;
  readonly part: number;
}

async function readSeals(): Promise<SealLine[]> {
  await using journal = await openFsJournal(directory);
  const records: SealLine[] = [];
  for await (const { record } of journal.read("seals")) {
    records.push(record as unknown as SealLine);
  }
  expect(readFileSync(join(directory, "seals.jsonl"), "utf8").length).toBeGreaterThan(0);
  return records;
}

function run(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

async function finished(child: ChildProcess): Promise<unknown> {
  child.stdout?.resume();
  return (await once(child, "exit"))[0];
}

async function lines(child: ChildProcess): Promise<string[]> {
  const found: string[] = [];
  if (child.stdout === null) return found;
  for await (const line of createInterface(child.stdout)) found.push(line);
  return found;
}

/** Kill a process once it has said something, without a chance to clean up. */
async function killAfter(child: ChildProcess, line: string): Promise<void> {
  if (child.stdout === null) return;
  const exit = once(child, "exit");
  for await (const said of createInterface(child.stdout)) {
    if (said === line) child.kill("SIGKILL");
  }
  expect((await exit)[1]).toBe("SIGKILL");
}
