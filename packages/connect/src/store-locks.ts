import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  breakVoidLock,
  isProcessAlive,
  isProcessGone,
  isProcessKnown,
  type ProcessIdentity,
  processNamed,
} from "@reseal/store";
import { removeTemporaryFolder, temporaryFolderOwner } from "@reseal/store-fs";
import { locksIn, namesIn } from "./check-layout.ts";
import { existingStoreFolder, type StoreFolder } from "./store-folder.ts";

/** Something that a process holds in a store. */
export interface StoreLock {
  readonly kind: "lock" | "temporary_folder" | "run_lease";
  /** Relative to the store. */
  readonly path: string;
  /** `elsewhere`: on another host or in another container, which alone can tell. */
  readonly owner: "alive" | "dead" | "elsewhere";
  readonly host: string | null;
  readonly pid: number | null;
  /** What was done about it: removed; left to the next command, which seals the run; or nothing. */
  readonly done: "removed" | "left_to_recovery" | "kept";
}

/**
 * List what processes hold in a store, and remove what belongs to the dead.
 *
 * No command ever waits for it: locks of dead processes are void, and whoever meets one removes it.
 * The run of a dead recorder is not removed but left to the next command, which seals what it wrote.
 */
export function releaseDeadLocks(location: string): readonly StoreLock[] {
  const folder = existingStoreFolder(location);
  return [...locks(folder), ...temporaryFolders(folder), ...runLeases(folder)];
}

function locks(folder: StoreFolder): StoreLock[] {
  return locksIn(folder).map(({ path, owner }) => {
    const state = ownerState(owner);
    if (state === "dead") breakVoidLock(join(folder.root, path));
    const done = state === "dead" ? "removed" : "kept";
    return { kind: "lock", path, owner: state, ...whoIs(owner), done };
  });
}

function temporaryFolders(folder: StoreFolder): StoreLock[] {
  return namesIn(folder.tmp).flatMap((name): StoreLock[] => {
    const owner = temporaryFolderOwner(name);
    if (owner === undefined) return [];
    const state = ownerState(owner);
    if (state === "dead") removeTemporaryFolder(join(folder.tmp, name));
    const done = state === "dead" ? "removed" : "kept";
    const path = `tmp/${name}`;
    return [{ kind: "temporary_folder", path, owner: state, ...whoIs(owner), done }];
  });
}

function runLeases(folder: StoreFolder): StoreLock[] {
  const names = namesIn(folder.tmp).filter((name) => name.startsWith("run-"));
  return names.map((name) => {
    const lease = readLease(join(folder.tmp, name, "lease.json"));
    const owner = lease === undefined ? "dead" : leaseState(lease);
    return {
      kind: "run_lease",
      path: `tmp/${name}`,
      owner,
      host: lease?.host ?? null,
      pid: lease?.pid ?? null,
      done: owner === "dead" ? "left_to_recovery" : "kept",
    };
  });
}

function ownerState(owner: string): StoreLock["owner"] {
  const isGone = isProcessGone(owner);
  if (isGone === undefined) return "elsewhere";
  return isGone ? "dead" : "alive";
}

function leaseState(lease: ProcessIdentity): StoreLock["owner"] {
  if (!isProcessKnown(lease)) return "elsewhere";
  return isProcessAlive(lease) ? "alive" : "dead";
}

function whoIs(owner: string): Pick<StoreLock, "host" | "pid"> {
  const { host = "", pid = Number.NaN } = processNamed(owner) ?? {};
  return { host: host === "" ? null : host, pid: Number.isNaN(pid) ? null : pid };
}

function readLease(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity;
  } catch {
    return undefined; // Never finished: its recorder is dead.
  }
}
