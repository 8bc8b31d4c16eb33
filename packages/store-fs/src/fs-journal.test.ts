import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Journal, JournalStream } from "@reseal/store";
import { journalCases } from "@reseal/store/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFsJournal } from "./fs-journal.ts";

let folder: string;
let directory: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-journal-"));
  directory = join(folder, "journal");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.for(journalCases)("$name", async ({ run }) => {
  await using journal = await openFsJournal(directory);

  await run(journal, {
    reopen: () => openFsJournal(directory),
    appendRaw: (stream, bytes) => appendFileSync(join(directory, `${stream}.jsonl`), bytes),
  });
});

test("writes one line of canonical JSON for each record", async () => {
  await using journal = await openFsJournal(directory);

  await journal.append("seals", [{ b: 1, a: "é" }, { n: 1.0 }]);

  const path = join(directory, "seals.jsonl");
  expect(readFileSync(path, "utf8")).toBe('{"a":"é","b":1}\n{"n":1}\n');
  expect(statSync(path).mode & 0o777).toBe(0o644);
  expect(readdirSync(directory)).toEqual(["seals.jsonl"]);
});

test("ends a torn line and marks it with an empty one", async () => {
  await using journal = await openFsJournal(directory);
  appendFileSync(join(directory, "pins.jsonl"), '{"torn');

  await journal.append("pins", [{ n: 1 }]);

  expect(readFileSync(join(directory, "pins.jsonl"), "utf8")).toBe('{"torn\n\n{"n":1}\n');
});

test("breaks the lock of a dead process, and of no other", async () => {
  await using journal = await openFsJournal(directory, { lockTimeoutMs: 50 });
  const lock = join(directory, "tags.lock");
  const own = await ownName(journal, lock);
  const [host, bootId] = own.split(".");
  symlinkSync(`${host}.${bootId}.${process.pid}.1.${"0".repeat(16)}`, lock);

  await journal.append("tags", [{ n: 1 }]);
  expect(readdirSync(directory).sort()).toEqual(["audit.jsonl", "tags.jsonl"]);

  symlinkSync(own, lock); // Held by this very process.
  await expect(journal.append("tags", [{ n: 2 }])).rejects.toMatchObject({
    code: "STORE_BUSY",
    exitCode: 7,
  });
  expect(await records(journal, "tags")).toEqual([{ n: 1 }]);
  expect(readlinkSync(lock)).toBe(own);
});

test("stops waiting for a lock when aborted", async () => {
  await using journal = await openFsJournal(directory);
  symlinkSync(await ownName(journal, join(directory, "tags.lock")), join(directory, "tags.lock"));
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 30);

  const append = journal.append("tags", [{ n: 1 }], { signal: controller.signal });

  await expect(append).rejects.toBe(reason);
});

test("opens for reading only without touching anything", async () => {
  await expect(openFsJournal(directory, { readOnly: true })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  await (await openFsJournal(directory)).append("seals", [{ n: 1 }]);

  await using journal = await openFsJournal(directory, { readOnly: true });

  expect(await records(journal, "seals")).toEqual([{ n: 1 }]);
  await expect(journal.append("seals", [{ n: 2 }])).rejects.toMatchObject({
    code: "STORE_READ_ONLY",
  });
});

test("says unavailable, not empty, when the folder is gone", async () => {
  await using journal = await openFsJournal(directory);
  rmSync(directory, { recursive: true });

  await expect(records(journal, "seals")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await expect(journal.size("seals")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test("goes on after an append that failed", async () => {
  await using journal = await openFsJournal(directory);
  const failing = journal.append("notes", [{ n: Number.NaN }]);
  const next = journal.append("notes", [{ n: 1 }]);

  await expect(failing).rejects.toMatchObject({ code: "HASH_NOT_CANONICAL" });
  await next;

  expect(await records(journal, "notes")).toEqual([{ n: 1 }]);
});

async function records(journal: Journal, stream: JournalStream): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { record } of journal.read(stream)) found.push(record);
  return found;
}

/** The name that this process gives its locks, as seen while it holds one. */
async function ownName(journal: Journal, lock: string): Promise<string> {
  const seen = lock.replace("tags", "audit");
  const append = journal.append("audit", [{ n: 1 }]);
  let name = "";
  while (name === "") {
    if (existsSync(join(directory, "audit.jsonl"))) break;
    await Promise.resolve();
    try {
      name = readlinkSync(seen);
    } catch {
      // Not held yet.
    }
  }
  await append;
  return name;
}
