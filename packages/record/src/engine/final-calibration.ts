import type { DraftFile } from "@reseal/bundle";
import { canonicalJson, type Digest, type JsonObject } from "@reseal/hash";
import type { BlobBatch } from "@reseal/store";
import type { RunRedactor } from "../run-redactor.ts";
import type { Spool } from "../spool.ts";
import { enginePaths } from "./engine-paths.ts";
import { linesOf, spoolNames } from "./observability.ts";

/** The calibration state that a run left behind, as a file and as a result. */
export interface FinalCalibration {
  readonly files: readonly DraftFile[];
  readonly calibration?: Digest;
}

/**
 * Stage the last calibration state that an executor told of or, of a calibration that told none,
 * the `state` it returned; nothing when there is neither.
 */
export async function stageFinalCalibration(
  batch: BlobBatch,
  spool: Spool,
  redactor: RunRedactor,
  type: string,
  values?: JsonObject | undefined,
): Promise<FinalCalibration> {
  const told = linesOf<JsonObject>(spool, spoolNames.calibration).at(-1);
  const returned = type === "calibration" ? values?.state : undefined;
  const state = told ?? returned;
  if (typeof state !== "object" || state === null) return { files: [] };
  const text = canonicalJson(redactor.json(state));
  const { digest, size } = await batch.put(Buffer.from(text, "utf8"));
  const file = { path: enginePaths.calibrationFinal, role: "other", digest, size } as const;
  return { files: [file], calibration: digest };
}
