import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Spool } from "@reseal/record";
import type { Stores } from "@reseal/store";

/**
 * The folders of one replay:
 * ```
 * tmp/run-<run id>/       the spool of the re-executed run, as for any run
 * tmp/replay-<run id>/    workspace/  code and inputs at their relative paths
 *                         inputs/     inputs whose path in the workspace is taken by code
 * ```
 * The scratch folder is younger than its spool and may go as soon as the spool is gone.
 */
export interface Scratch {
  readonly runId: string;
  readonly spool: Spool;
  readonly workspace: string;
  readonly shadowedInputs: string;
  /** Remove the scratch folder, unless its run still has to be recovered from the spool. */
  remove(): void;
}

/** Make the folders of a replay. */
export function createScratch(stores: Pick<Stores, "local">, runId: string): Scratch {
  const temporary = join(stores.local, "tmp");
  const spool = Spool.create(temporary, runId);
  const folder = join(temporary, `replay-${runId}`);
  const workspace = join(folder, "workspace");
  mkdirSync(folder, { mode: 0o700 });
  mkdirSync(workspace);
  return {
    runId,
    spool,
    workspace,
    shadowedInputs: join(folder, "inputs"),
    remove() {
      if (!existsSync(spool.path("started"))) spool.remove();
      if (!existsSync(spool.folder)) removeFolder(folder);
    },
  };
}

/**
 * Remove the scratch folders of replays that died. Call it after `recoverRuns`: a folder whose run
 * is still to be recovered, or is running, stays.
 * @returns The run ids whose folders were removed.
 */
export function cleanReplayScratch(stores: Pick<Stores, "local" | "readOnly">): string[] {
  const temporary = join(stores.local, "tmp");
  if (stores.readOnly || !existsSync(temporary)) return [];
  const scratches = readdirSync(temporary).filter((name) => name.startsWith("replay-"));
  if (scratches.length === 0) return [];
  // Twice: a spool that is being taken over has, for one reader of the folder, neither name.
  const spools = [...readdirSync(temporary), ...readdirSync(temporary)];
  const removed: string[] = [];
  for (const name of scratches) {
    const runId = name.slice("replay-".length);
    if (spools.some((spool) => spool.startsWith(`run-${runId}`))) continue;
    removeFolder(join(temporary, name));
    removed.push(runId);
  }
  return removed;
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
