import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Names one process of one boot of one host, so that a lease can outlive neither.
 *
 * A process id alone is used again; together with the start time and the boot id it is not.
 */
export interface ProcessIdentity {
  readonly host: string;
  /** Empty where the platform has none. */
  readonly boot_id: string;
  readonly pid: number;
  /** Who the number counts among: containers of one host each have their own; empty elsewhere. */
  readonly pid_namespace?: string;
  /** Clock ticks since boot, as `/proc/<pid>/stat` has it; empty where there is no `/proc`. */
  readonly pid_start: string;
}

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  return {
    host: hostname(),
    boot_id: bootId(),
    pid: process.pid,
    pid_namespace: pidNamespace(),
    pid_start: startOf(process.pid) ?? "",
  };
}

/**
 * Whether a process still runs. One of another host, or of another container of this one, is taken
 * to be alive: only its own host or container can tell; see {@link isProcessKnown}.
 */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  if (!isProcessKnown(identity)) return true;
  if (identity.boot_id !== bootId()) return false;
  const start = startOf(identity.pid);
  if (identity.pid_start !== "") return start === identity.pid_start;
  // A signal reaches zombies and threads as well, so where there is a /proc it knows better.
  if (startOf(process.pid) !== undefined) return start !== undefined;
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Whether this process can tell if another one runs: it is of this host, and of the same namespace
 * of process ids. Of an earlier boot of this host none runs, in whatever container.
 */
export function isProcessKnown({ host, boot_id, pid_namespace }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  return boot_id !== bootId() || (pid_namespace ?? pidNamespace()) === pidNamespace();
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
  } catch {
    return "";
  }
}

function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/**
 * Field 22; the command in field 2 may hold spaces and brackets, so count from its end. A zombie
 * has none: it is dead, though nobody has asked for its exit status yet.
 */
function startOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return state === "Z" || state === "X" ? undefined : fields[18];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
