import { closeSync, openSync, readFileSync, readSync, realpathSync, statfsSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Where a catalog keeps its rows.
 *
 * - `wal`: a file with a write-ahead log. Fast, but all who open it must share one machine's memory.
 * - `rollback`: a file with a rollback journal. Needs nothing but locks that work.
 * - `memory`: in this process only, filled from the journal. For places where no file is safe.
 */
export type CatalogStorage = "wal" | "rollback" | "memory";

/** What matters about the file system of a catalog. */
export interface FileSystemTraits {
  /** Other machines may write there too, or memory cannot be shared through its files. */
  readonly isNetwork: boolean;
  /** A lock that one machine takes counts for all others. */
  readonly hasLocks: boolean;
}

/**
 * The storage that suits a catalog's file.
 *
 * A file keeps the mode it was made in: another machine may have it open, and mode and memory of
 * that machine cannot be seen from here. So a file with a write-ahead log is left alone on a
 * network, and one with a rollback journal stays one where it is local.
 */
export async function storageFor(
  file: string,
  traits: (folder: string) => Promise<FileSystemTraits> = fileSystemTraits,
): Promise<CatalogStorage> {
  const { isNetwork, hasLocks } = await traits(dirname(file));
  if (isNetwork && !hasLocks) return "memory";
  const mode = modeOf(file);
  if (!isNetwork) return mode ?? "wal";
  return mode === "wal" ? "memory" : "rollback";
}

/** Kinds of file system without shared memory, by the number that Linux reports for them. */
const networkTypes: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x5346414f, // OpenAFS
  0x6b414653, // AFS of the kernel
  0x564c, // NCP
  0x73757245, // Coda
  0x00c36400, // Ceph
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x19830326, // BeeGFS
  0x20030528, // OrangeFS
  0x01161970, // GFS2
  0x7461636f, // OCFS2
  0x01021997, // 9p
  0x53464846, // WSL's own view of Windows drives
  0x786f4256, // shared folders of VirtualBox
]);

/** FUSE and virtiofs: whatever stands behind them. */
const fuseType = 0x65735546;

/** Look at the file system of a folder. Only Linux tells; elsewhere UNC paths are a network. */
export async function fileSystemTraits(folder: string): Promise<FileSystemTraits> {
  if (process.platform !== "linux") {
    const isNetwork = process.platform === "win32" && /^[\\/]{2}[^\\/?.]/.test(folder);
    return { isNetwork, hasLocks: true };
  }
  const type = typeOf(folder);
  if (type === fuseType) {
    // The kernel keeps locks and pages of a FUSE mount to itself: who reaches the same files by
    // another way sees neither. Only a disk of its own has no other way.
    return { isNetwork: true, hasLocks: mountOf(folder)?.type === "fuseblk" };
  }
  if (type === undefined || !networkTypes.has(type)) return { isNetwork: false, hasLocks: true };
  return { isNetwork: true, hasLocks: !isWithoutLocks(mountOf(folder)) };
}

/** `undefined` where there is no such folder, which opening the file will say better. */
function typeOf(folder: string): number | undefined {
  try {
    return statfsSync(folder).type;
  } catch {
    return undefined;
  }
}

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Options with which locks stay on the machine that takes them. @see nfs(5), mount.cifs(8) */
function isWithoutLocks(mount: Mount | undefined): boolean {
  const unsafe = ["nolock", "local_lock=all", "local_lock=posix", "nobrl"];
  return mount?.options.some((option) => unsafe.includes(option)) === true;
}

/** @see proc(5), "mountinfo" */
function mountOf(folder: string): Mount | undefined {
  const path = realpathSync(folder);
  const text = mountTable();
  let best: Mount | undefined;
  for (const line of text.split("\n")) {
    const fields = line.split(" ");
    const dash = fields.indexOf("-");
    const point = (fields[4] ?? "").replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
    const holds = point === "/" || path === point || path.startsWith(`${point}/`);
    // Of two mounts on one point the later one is seen.
    if (dash < 0 || !holds || point.length < (best?.point.length ?? 0)) continue;
    const options = `${fields[5]},${fields[dash + 3] ?? ""}`.split(",");
    best = { point, type: fields[dash + 1] ?? "", options };
  }
  return best;
}

function mountTable(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}

/** Bytes 18 and 19 of the file are 1 with a rollback journal and 2 with a write-ahead log. */
function modeOf(file: string): "wal" | "rollback" | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return undefined; // Not there; or not to be read, which opening will say better.
  }
  try {
    const buffer = Buffer.alloc(20);
    const bytesRead = readSync(descriptor, buffer, 0, 20, 0);
    if (bytesRead < 20 || buffer.toString("latin1", 0, 15) !== "SQLite format 3") return undefined;
    return buffer[18] === 2 ? "wal" : "rollback";
  } finally {
    closeSync(descriptor);
  }
}
