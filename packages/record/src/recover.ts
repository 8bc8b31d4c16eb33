import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import picomatch from "picomatch";
import { stageFinalCalibration } from "./engine/final-calibration.ts";
import { stageObservability } from "./engine/observability.ts";
import { FileGuard } from "./file-guard.ts";
import { type FinishedRun, finishRun, lastWriteMs } from "./finish-run.ts";
import type { GitState } from "./git.ts";
import type { RunPlan } from "./plan.ts";
import { RunRedactor } from "./run-redactor.ts";
import { readKey } from "./scan-key.ts";
import { Spool } from "./spool.ts";

/** Options of {@link recoverRuns}. */
export interface RecoverOptions {
  /** Told of a run that could not be sealed; it stays for the next time. */
  readonly onFailure?: ((runId: string, error: unknown) => void) | undefined;
}

/**
 * Seal the runs whose recorder died, each as `incomplete` with what was written.
 *
 * A recorder that died before its child started leaves nothing that happened; its spool is removed.
 * Any number of processes may do this at once: each spool is taken over by one of them. One that
 * cannot be sealed keeps nobody from the others, nor from the store.
 */
export async function recoverRuns(
  stores: Stores,
  env: Readonly<Record<string, string | undefined>>,
  { onFailure }: RecoverOptions = {},
): Promise<FinishedRun[]> {
  if (stores.readOnly) return [];
  const recovered: FinishedRun[] = [];
  for (const spool of Spool.takeOver(join(stores.local, "tmp"))) {
    const plan = spool.readJson("plan.json") as RunPlan | undefined;
    if (plan?.format !== "reseal-run-plan/1" || !existsSync(spool.path("started"))) {
      spool.remove();
      continue;
    }
    try {
      if (await isSealed(stores, plan.run_id))
        spool.remove(); // It died before the clean-up.
      else recovered.push(await recoverOne(stores, spool, plan, env));
    } catch (error) {
      if (onFailure === undefined) throw error;
      onFailure(plan.run_id, error);
    }
  }
  return recovered;
}

async function isSealed(stores: Stores, runId: string): Promise<boolean> {
  const found = await stores.catalog.resolve(runId, { tenant: stores.tenant });
  return found.some((run) => run.run_id === runId);
}

async function recoverOne(
  stores: Stores,
  spool: Spool,
  plan: RunPlan,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FinishedRun> {
  const redactor = new RunRedactor(env);
  const allows = picomatch([...(plan.allow_secrets ?? [])], { dot: true });
  const guard = new FileGuard(redactor.scans, allows, readKey(stores), plan.context.withheld);
  mkdirSync(spool.path("logs"), { recursive: true });
  for (const name of ["stdout.log", "stderr.log"])
    writeFileSync(spool.path("logs", name), "", { flag: "a" });
  const message = "The recorder died before the run ended; what had been written was sealed.";
  return await finishRun(
    stores,
    spool,
    plan,
    {
      status: "incomplete",
      endedMs: lastWriteMs(spool),
      error: { type: "RecorderDied", message },
      warnings: [{ code: "INCOMPLETE", message }],
    },
    {
      guard,
      redactor,
      environment: spool.readJson("environment.json") as Environment | undefined,
      git: spool.readJson("git.json") as GitState | undefined,
      extras: async (batch) => {
        const left = await stageFinalCalibration(batch, spool, redactor, plan.type);
        return {
          ...left,
          files: [...(await stageObservability(batch, spool, redactor)), ...left.files],
        };
      },
    },
  );
}
