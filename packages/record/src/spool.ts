import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isProcessAlive, keepAlive, type ProcessIdentity, thisProcess } from "@reseal/store";

/**
 * The folder in which a run lives until it is sealed.
 *
 * ```
 * run-<run id>/lease.json    who records it
 *              git.json      what git said, environment.json likewise: once each is known
 *              plan.json     all that is needed to seal it, written before the child starts
 *              logs/         stdout.log, stderr.log, redacted as they were written
 *              run/          the child's RESEAL_RUN_DIR
 *              out/  in/     the child's RESEAL_OUTPUT_DIR; links to its inputs
 * ```
 * A spool whose recorder is dead is taken over by renaming it to `run-<run id>.<process>`, which
 * only one process can do and which says at once who it was. A lease in the folder would come
 * after the rename, and a third process would see the folder without an owner in between.
 */
export class Spool {
  readonly folder: string;
  #heartbeat: Disposable | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static create(scratch: string, runId: string): Spool {
    mkdirSync(scratch, { recursive: true });
    const unborn = new Spool(join(scratch, `new-${runId}`));
    mkdirSync(unborn.folder, { mode: 0o700 });
    unborn.writeJson("lease.json", thisProcess());
    for (const child of ["logs", "run", "out", "in"]) mkdirSync(unborn.path(child));
    // Only now others may see it: a spool without a lease would look abandoned.
    const spool = new Spool(join(scratch, `run-${runId}`));
    renameSync(unborn.folder, spool.folder);
    // For those on other hosts, who cannot ask whether this process lives.
    spool.#heartbeat = keepAlive(spool.path("lease.json"));
    return spool;
  }

  /** Spools whose recorder is dead, each taken over by this process. */
  static takeOver(scratch: string): Spool[] {
    removeUnborn(scratch);
    const taken: Spool[] = [];
    for (const name of spoolNames(scratch)) {
      if (ownerOf(scratch, name) === "alive") continue;
      const spool = new Spool(join(scratch, `run-${runIdOf(name)}.${processSuffix()}`));
      try {
        renameSync(join(scratch, name), spool.folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") continue; // Somebody was faster.
        throw error;
      }
      taken.push(spool);
    }
    return taken;
  }

  /** Run ids that living processes record at the moment. */
  static living(scratch: string): string[] {
    return spoolNames(scratch)
      .filter((name) => ownerOf(scratch, name) === "alive")
      .map(runIdOf);
  }

  path(...segments: readonly string[]): string {
    return join(this.folder, ...segments);
  }

  /**
   * Write a JSON file so that a reader sees it whole or not at all.
   *
   * A power cut ends recorder and child alike and may leave the file empty, which is as good as
   * none: only what has to be found even then is `durable`.
   */
  writeJson(name: string, value: unknown, { durable = false }: { durable?: boolean } = {}): void {
    const temporary = this.path(`${name}.tmp`);
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600, flush: durable });
    renameSync(temporary, this.path(name));
  }

  /** The JSON of a file, or `undefined` when it is not there or was never finished. */
  readJson(name: string): unknown {
    try {
      return JSON.parse(readFileSync(this.path(name), "utf8"));
    } catch {
      return undefined;
    }
  }

  /**
   * Text of a file that the child may have written: empty when it is not there or no file, and
   * `isWhole: false` when it is longer than anybody should read at once.
   */
  readText(...segments: readonly string[]): { readonly text: string; readonly isWhole: boolean } {
    const path = this.path(...segments);
    // The child may have put a pipe or a link in its place.
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) return { text: "", isWhole: true };
    const buffer = Buffer.alloc(Math.min(stats.size, textBytesMax));
    const handle = openSync(path, "r");
    try {
      const length = readSync(handle, buffer, 0, buffer.byteLength, 0);
      return { text: buffer.toString("utf8", 0, length), isWhole: stats.size <= textBytesMax };
    } finally {
      closeSync(handle);
    }
  }

  remove(): void {
    this.#heartbeat?.[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Longest text that is read of a child's file, in bytes. */
const textBytesMax = 128 * 1024 * 1024;

function spoolNames(scratch: string): string[] {
  if (!existsSync(scratch)) return [];
  return readdirSync(scratch).filter((name) => name.startsWith("run-"));
}

/** Folders of recorders that died before their run began. */
function removeUnborn(scratch: string): void {
  if (!existsSync(scratch)) return;
  for (const name of readdirSync(scratch)) {
    if (!name.startsWith("new-")) continue;
    const folder = join(scratch, name);
    const stats = statSync(folder, { throwIfNoEntry: false });
    // One without a lease was made this moment, or its maker died at once.
    const isOld = stats !== undefined && Date.now() - stats.mtimeMs > 60_000;
    const isDead = existsSync(join(folder, "lease.json")) && ownerOf(scratch, name) === "dead";
    if (isOld || isDead) rmSync(folder, { recursive: true, force: true });
  }
}

function runIdOf(name: string): string {
  return name.slice("run-".length).split(".")[0] ?? "";
}

/** What {@link ownerFromName} reads. The host comes last because it may have dots. */
function processSuffix(): string {
  const { pid, pid_namespace, pid_start, boot_id, host } = thisProcess();
  const pidOfAll = pid_namespace ? `${pid}-${pid_namespace}` : pid;
  return [pidOfAll, pid_start, boot_id, host].join(".");
}

function ownerFromName(name: string): ProcessIdentity | undefined {
  const [, pidOfAll, pid_start, boot_id, ...host] = name.split(".");
  if (pidOfAll === undefined || pid_start === undefined || boot_id === undefined) return undefined;
  const [pid, pid_namespace] = pidOfAll.split("-");
  return {
    pid: Number(pid),
    ...(pid_namespace !== undefined && { pid_namespace }),
    pid_start,
    boot_id,
    host: host.join("."),
  };
}

function ownerOf(scratch: string, name: string): "alive" | "dead" {
  try {
    const lease =
      ownerFromName(name) ??
      (JSON.parse(readFileSync(join(scratch, name, "lease.json"), "utf8")) as ProcessIdentity);
    return isProcessAlive(lease) ? "alive" : "dead";
  } catch {
    return "dead";
  }
}
