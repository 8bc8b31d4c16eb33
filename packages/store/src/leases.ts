import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Digest, isDigest } from "@reseal/hash";
import { isProcessGone, processName } from "./process-name.ts";
import type { Stores } from "./stores.ts";

/** A sealed run that a process is working with. */
export interface LeasedRun {
  readonly artifact_id: Digest;
  /** The execution that is meant; without it every one of the artifact. */
  readonly seal?: Digest | undefined;
}

const prefix = "lease.";
const file = "runs.json";
const heartbeatMs = 10 * 60_000;
/** After so long without a heartbeat, a process that nobody here can ask counts as dead. */
const silenceMaxMs = 7 * 24 * 3600 * 1000;

/**
 * Say which runs this process is working with: nobody deletes them until it is disposed.
 *
 * The lease is a folder in `tmp/`, named by its process, so that it ends with that; on another host,
 * when it was not renewed for a week. Take it before you read, and read afterwards.
 */
export function takeLease(
  { local }: Pick<Stores, "local">,
  runs: readonly LeasedRun[],
): Disposable {
  const folder = join(local, "tmp", `${prefix}${processName()}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, file), JSON.stringify(runs));
  const heartbeat = keepAlive(join(folder, file));
  return {
    [Symbol.dispose]() {
      heartbeat[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs that living processes are working with. */
export function readLeases({ local }: Pick<Stores, "local">): readonly LeasedRun[] {
  const temporary = join(local, "tmp");
  return temporaryNames({ local })
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => {
      const path = join(temporary, name, file);
      const isVoid = isProcessGone(name.slice(prefix.length)) ?? isSilent(path);
      return isVoid ? [] : readRuns(path);
    });
}

/** Touch a file from time to time, as long as this process works. */
export function keepAlive(path: string): Disposable {
  const timer = setInterval(() => {
    const now = Date.now() / 1000;
    try {
      utimesSync(path, now, now);
    } catch {
      // It is gone: so is what it stood for.
    }
  }, heartbeatMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Whether nobody kept a file alive for a week; also when it is gone. */
export function isSilent(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined || Date.now() - stats.mtimeMs > silenceMaxMs;
}

function readRuns(path: string): readonly LeasedRun[] {
  try {
    const runs: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(runs) ? runs.filter(isLeasedRun) : [];
  } catch {
    return []; // It ends, or begins: whoever takes it reads only afterwards.
  }
}

function isLeasedRun(value: unknown): value is LeasedRun {
  const { artifact_id, seal } = (value ?? {}) as Record<string, unknown>;
  return isDigest(artifact_id) && (seal === undefined || isDigest(seal));
}

/** Names in a store's folder for what somebody is working on: leases, runs that are recorded. */
export function temporaryNames({ local }: Pick<Stores, "local">): readonly string[] {
  try {
    return readdirSync(join(local, "tmp"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
