import { randomBytes } from "node:crypto";
import { readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive, type ProcessIdentity, thisProcess } from "@reseal/store";
import { gcErrors } from "./errors.ts";

const delayMaxMs = 50;

/** How to wait for a lock. */
export interface LockOptions {
  /** Longest wait for a living owner; default 10,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Take a lock that a process holds as long as it lives; one of a dead process is void.
 *
 * The lock is a symbolic link that leads nowhere and names its owner: made in one step, it is
 * never there without the name.
 * @throws `GC_BUSY` after the wait, naming who has it.
 */
export async function lockFolder(path: string, options: LockOptions = {}): Promise<Disposable> {
  const { timeoutMs = 10_000, signal } = options;
  // A process may hold several locks in turn: the number tells its own from one another took.
  const own = JSON.stringify({ ...thisProcess(), lock: randomBytes(8).toString("hex") });
  const deadline = performance.now() + timeoutMs;
  for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, delayMaxMs)) {
    signal?.throwIfAborted();
    try {
      symlinkSync(own, path);
      return { [Symbol.dispose]: () => release(path, own) };
    } catch (cause) {
      if (errnoOf(cause) !== "EEXIST")
        throw gcErrors.WRITE_FAILED(`No lock can be made at ${path}.`, { cause });
    }
    const owner = ownerOf(path);
    if (owner === undefined || breakVoidLock(path, owner)) continue;
    if (performance.now() >= deadline) {
      const { host, pid } = identityOf(owner) ?? { host: "?", pid: 0 };
      throw gcErrors.BUSY(`Process ${pid} on ${host} is changing this folder.`, {
        details: { path, host, pid },
      });
    }
    await sleep(delayMs);
  }
}

function release(path: string, own: string): void {
  if (ownerOf(path) === own) rmSync(path, { force: true });
}

/** Remove a lock whose owner is gone. Renaming tells which of several that try it really did. */
function breakVoidLock(path: string, owner: string): boolean {
  const identity = identityOf(owner);
  if (identity !== undefined && isProcessAlive(identity)) return false;
  const aside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return true;
    throw gcErrors.WRITE_FAILED(`The lock of a dead process at ${path} cannot be removed.`, {
      cause,
    });
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
  } catch (cause) {
    if (errnoOf(cause) !== "EEXIST") throw cause;
  }
}

function ownerOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw gcErrors.READ_FAILED(`The lock ${path} cannot be read.`, { cause });
  }
}

function identityOf(owner: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(owner) as ProcessIdentity;
    return typeof value.pid === "number" && typeof value.host === "string" ? value : undefined;
  } catch {
    return undefined; // Nothing of ours: void.
  }
}

function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
