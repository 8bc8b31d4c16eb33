import { spawn } from "node:child_process";
import { once } from "node:events";
import { lutimesSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { breakVoidLock, takeLock } from "./link-lock.ts";
import { isProcessGone, processName, processNamed } from "./process-name.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-lock-"));
  path = join(folder, "a.lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const foreign = `${Buffer.from("elsewhere").toString("hex")}.boot.7.1.${"0".repeat(16)}`;

test("names its owner, and is gone when it is released", async () => {
  {
    using _lock = await takeLock(path, { timeoutMs: 0 });
    expect(processNamed(readlinkSync(path))).toMatchObject({ host: hostname(), pid: process.pid });
    expect(isProcessGone(readlinkSync(path))).toBe(false);
  }

  expect(readdirSync(folder)).toEqual([]);
});

test("one at a time has it, each in turn", async () => {
  let holders = 0;
  let most = 0;

  await Promise.all(
    Array.from({ length: 8 }, async () => {
      using _lock = await takeLock(path, { timeoutMs: 10_000 });
      holders += 1;
      most = Math.max(most, holders);
      await new Promise((resolve) => setTimeout(resolve, 2));
      holders -= 1;
    }),
  );

  expect(most).toBe(1);
});

test("says who has it when the wait is over, and stops when aborted", async () => {
  using _lock = await takeLock(path, { timeoutMs: 0 });

  await expect(takeLock(path, { timeoutMs: 5 })).rejects.toMatchObject({
    code: "STORE_BUSY",
    details: { path, host: hostname(), pid: process.pid },
  });
  const signal = AbortSignal.timeout(10);
  await expect(takeLock(path, { timeoutMs: 10_000, signal })).rejects.toThrow("aborted");
});

test("the lock of a dead process is void at once", async () => {
  const child = spawn("sleep", ["30"]);
  const [host, boot, , start, random] = processName().split(".");
  symlinkSync([host, boot, child.pid, start, random].join("."), path);
  child.kill("SIGKILL");
  await once(child, "exit");

  using _lock = await takeLock(path, { timeoutMs: 0 });

  expect(processNamed(readlinkSync(path))?.pid).toBe(process.pid);
});

test("a lock of another host counts for as long as was said", async () => {
  symlinkSync(foreign, path);

  await expect(takeLock(path, { timeoutMs: 5, foreignAgeMaxMs: 60_000 })).rejects.toMatchObject({
    details: { host: "elsewhere", pid: 7 },
  });
  const past = Date.now() / 1000 - 90;
  lutimesSync(path, past, past);
  expect(breakVoidLock(path, 120_000)).toBe(false);
  expect(breakVoidLock(path, 60_000)).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test("where it cannot be made, that is said", async () => {
  await expect(takeLock(join(folder, "none/a.lock"), { timeoutMs: 0 })).rejects.toMatchObject({
    code: "STORE_WRITE_FAILED",
    details: { errno: "ENOENT" },
  });
});
