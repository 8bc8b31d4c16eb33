import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isProcessAlive, isProcessKnown, type ProcessIdentity, thisProcess } from "@reseal/store";
import { writeFailure } from "./fs-errors.ts";

let ownIdentity: ProcessIdentity | undefined;

/**
 * A name that no other process gives, and that says who gave it:
 * `<host in hex>.<boot id>.<pid>-<pid namespace>.<start of the process>.<16 random digits>`.
 */
export function processName(): string {
  ownIdentity ??= thisProcess();
  const { host, boot_id, pid, pid_namespace, pid_start } = ownIdentity;
  const hostHex = Buffer.from(host).toString("hex").slice(0, 120); // A name has 255 bytes at most.
  const pidOfAll = pid_namespace ? `${pid}-${pid_namespace}` : pid;
  return [hostHex, boot_id, pidOfAll, pid_start, randomBytes(8).toString("hex")].join(".");
}

/**
 * Whether the process that gave a name is gone. `undefined` when only its own host or container
 * can tell.
 */
export function isProcessGone(name: string): boolean | undefined {
  const [hostHex, boot_id, pidOfAll = "", pid_start] = name.split(".");
  const host = Buffer.from(hostHex ?? "", "hex").toString();
  if (boot_id === undefined || pid_start === undefined) return undefined;
  const [pid, pid_namespace] = pidOfAll.split("-");
  const identity: ProcessIdentity = {
    host,
    boot_id,
    pid: Number(pid),
    ...(pid_namespace !== undefined && { pid_namespace }),
    pid_start,
  };
  return isProcessKnown(identity) ? !isProcessAlive(identity) : undefined;
}

const namePattern = /^[a-z]+\.([0-9a-f]*\.[0-9a-f-]*\.\d+(?:-\d+)?\.\d*\.[0-9a-f]{16})$/;
const foreignAgeMaxMs = 7 * 24 * 3600 * 1000;

/**
 * The name of the process that a temporary folder belongs to; `undefined` when the folder is none
 * of {@link makeTemporaryFolder}.
 */
export function temporaryFolderOwner(name: string): string | undefined {
  return namePattern.exec(name)?.[1];
}

/**
 * Make a folder for temporary files, for nobody else to read. When its process is dead, the next
 * who opens the store removes it.
 * @param purpose A word of lower-case letters that begins its name.
 */
export function makeTemporaryFolder(parent: string, purpose = "blobs"): string {
  const folder = join(parent, `${purpose}.${processName()}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    throw writeFailure(error, folder);
  }
  return folder;
}

/** Remove a folder of temporary files, also when it is gone. */
export function removeTemporaryFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Remove what dead processes left. Living ones keep theirs; what another host left goes after a
 * week without a change.
 */
export function sweepTemporaryFolders(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = temporaryFolderOwner(name);
    if (owner === undefined) continue; // Not one of these.
    const folder = join(parent, name);
    if (isProcessGone(owner) ?? isOld(folder)) removeTemporaryFolder(folder);
  }
}

function isOld(folder: string): boolean {
  try {
    const paths = [folder, ...readdirSync(folder).map((name) => join(folder, name))];
    const changed = paths.map((path) => lstatSync(path).mtimeMs);
    return Date.now() - Math.max(...changed) > foreignAgeMaxMs;
  } catch {
    return false; // Its owner is at work on it.
  }
}
