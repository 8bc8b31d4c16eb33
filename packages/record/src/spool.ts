import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isProcessAlive, type ProcessIdentity, thisProcess } from "@reseal/store";

/**
 * The folder in which a run lives until it is sealed.
 *
 * ```
 * run-<run id>/lease.json    who records it
 *              plan.json     all that is needed to seal it, written before the child starts
 *              logs/         stdout.log, stderr.log, redacted as they were written
 *              run/          the child's RESEAL_RUN_DIR
 *              out/  in/     the child's RESEAL_OUTPUT_DIR; links to its inputs
 * ```
 * A spool whose recorder is dead is taken over by renaming it, which only one process can do.
 */
export class Spool {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static create(scratch: string, runId: string): Spool {
    mkdirSync(scratch, { recursive: true });
    const unborn = new Spool(join(scratch, `new-${runId}`));
    mkdirSync(unborn.folder, { mode: 0o700 });
    for (const child of ["logs", "run", "out", "in"]) mkdirSync(unborn.path(child));
    unborn.#writeLease();
    // Only now others may see it: a spool without a lease would look abandoned.
    const spool = new Spool(join(scratch, `run-${runId}`));
    renameSync(unborn.folder, spool.folder);
    return spool;
  }

  /** Spools whose recorder is dead, each taken over by this process. */
  static takeOver(scratch: string): Spool[] {
    removeUnborn(scratch);
    const taken: Spool[] = [];
    for (const name of spoolNames(scratch)) {
      const from = join(scratch, name);
      if (readLease(from) === "alive") continue;
      const spool = new Spool(join(scratch, `run-${runIdOf(name)}.${thisProcess().pid}`));
      try {
        renameSync(from, spool.folder);
        spool.#writeLease();
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
      .filter((name) => readLease(join(scratch, name)) === "alive")
      .map(runIdOf);
  }

  path(...segments: readonly string[]): string {
    return join(this.folder, ...segments);
  }

  /** Write a JSON file so that a reader sees it whole or not at all. */
  writeJson(name: string, value: unknown): void {
    const temporary = this.path(`${name}.tmp`);
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600, flush: true });
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

  /** Text of a file, empty when it is not there. */
  readText(...segments: readonly string[]): string {
    const path = this.path(...segments);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #writeLease(): void {
    this.writeJson("lease.json", thisProcess());
  }
}

function spoolNames(scratch: string): string[] {
  if (!existsSync(scratch)) return [];
  return readdirSync(scratch).filter((name) => name.startsWith("run-"));
}

/** Folders of recorders that died before their run began; none lives in that state for a minute. */
function removeUnborn(scratch: string): void {
  if (!existsSync(scratch)) return;
  for (const name of readdirSync(scratch)) {
    if (!name.startsWith("new-")) continue;
    const folder = join(scratch, name);
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > 60_000)
      rmSync(folder, { recursive: true, force: true });
  }
}

function runIdOf(name: string): string {
  return name.slice("run-".length).split(".")[0] ?? "";
}

function readLease(folder: string): "alive" | "dead" {
  try {
    const lease = JSON.parse(readFileSync(join(folder, "lease.json"), "utf8")) as ProcessIdentity;
    return isProcessAlive(lease) ? "alive" : "dead";
  } catch {
    return "dead";
  }
}
