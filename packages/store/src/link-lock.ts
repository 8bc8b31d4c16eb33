import { randomBytes } from "node:crypto";
import { lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { storeErrors } from "./errors.ts";
import { isProcessGone, processName, processNamed } from "./process-name.ts";
import { errnoOf, writeFailure } from "./system-errors.ts";

/** How to take a lock. */
export interface LockOptions {
  /** Longest wait for a living owner. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * Longest time for which a lock counts whose owner runs elsewhere and cannot be asked: well above
   * what is ever done under it. Default a minute.
   */
  readonly foreignAgeMaxMs?: number | undefined;
  /** Refuse to go on where there are no links; else there is no lock then. */
  readonly isRequired?: boolean | undefined;
}

const minuteMs = 60_000;
const delayMaxMs = 25;
const unsupported: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
]);

/**
 * Take a lock, waiting for whoever holds it. A lock of a dead process is void.
 *
 * The lock is a symbolic link that leads nowhere and names its owner: made in one step, it is
 * never there without the name. Where links are not supported there is no lock, and writers of
 * a journal rely on `O_APPEND` alone.
 * @throws `STORE_BUSY` after the wait, with `host` and `pid` of the owner; `STORE_WRITE_FAILED`,
 * `STORE_READ_ONLY`.
 */
export async function takeLock(path: string, options: LockOptions): Promise<Disposable> {
  const { timeoutMs, signal, foreignAgeMaxMs = minuteMs, isRequired = false } = options;
  const own = processName();
  let deadline: number | undefined;
  for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, delayMaxMs)) {
    signal?.throwIfAborted();
    try {
      symlinkSync(own, path);
      return { [Symbol.dispose]: () => release(path, own) };
    } catch (error) {
      const errno = errnoOf(error);
      if (!isRequired && unsupported.has(errno)) return { [Symbol.dispose]: () => undefined };
      if (errno !== "EEXIST") throw writeFailure(error, path);
    }
    if (breakVoidLock(path, foreignAgeMaxMs)) continue;
    deadline ??= performance.now() + timeoutMs;
    if (performance.now() >= deadline) throw busy(path, timeoutMs);
    await sleep(delayMs);
  }
}

function busy(path: string, timeoutMs: number): Error {
  const { host = null, pid = null } = processNamed(ownerOf(path) ?? "") ?? {};
  return storeErrors.BUSY(`Another process holds the lock ${path}.`, {
    details: { path, timeout_ms: timeoutMs, host, pid },
  });
}

function release(path: string, own: string): void {
  if (ownerOf(path) === own) rmSync(path, { force: true });
}

/**
 * Remove a lock whose owner is gone.
 * @param foreignAgeMaxMs As {@link LockOptions} has it.
 * @returns `false` when it counts
 */
export function breakVoidLock(path: string, foreignAgeMaxMs: number = minuteMs): boolean {
  const owner = ownerOf(path);
  if (owner === undefined) return true; // Released meanwhile.
  if (!(isProcessGone(owner) ?? isOlder(path, foreignAgeMaxMs))) return false;
  // Others may be doing the same. Renaming tells which lock was really taken away.
  const aside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return true;
    throw writeFailure(error, path);
  }
  const taken = ownerOf(aside);
  if (taken !== undefined && taken !== owner) putBack(path, taken);
  rmSync(aside, { force: true });
  return true;
}

/** Somebody was faster and the lock was a new one: its owner still needs it. */
function putBack(path: string, owner: string): void {
  try {
    symlinkSync(owner, path);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw writeFailure(error, path);
  }
}

function ownerOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw writeFailure(error, path);
  }
}

function isOlder(path: string, ageMaxMs: number): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > ageMaxMs;
}
