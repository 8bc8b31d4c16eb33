import { hostname } from "node:os";
import {
  type BundleReader,
  bundlePaths,
  type DraftFile,
  type SealedBundle,
  sealBundle,
} from "@reseal/bundle";
import { canonicalJson, compareUtf8, type JsonObject, type JsonValue } from "@reseal/hash";
import { userName } from "@reseal/record";
import {
  assertValid,
  type Gate,
  type GateRules,
  type Parent,
  type Tolerance,
} from "@reseal/schema";
import type { Stores } from "@reseal/store";

/** A gate's decision and what it is about, ready to be sealed. */
export interface GateFindings {
  readonly gate: Gate;
  readonly rules: GateRules;
  readonly tolerance: Tolerance;
  readonly baseline: BundleReader;
  readonly candidates: readonly BundleReader[];
  /** Version of the tool that decided. */
  readonly toolVersion: string;
}

/**
 * Seal the decision of a gate as a `validation` artifact with `eval/gate.json`: it is about the
 * baseline and the candidates, which are its parents.
 *
 * The same rules about the same artifacts with the same outcome have the same artifact id.
 * @example
 * const gate = decideGate(rules, comparisons);
 * await sealGate(stores, { gate, rules, tolerance, baseline, candidates, toolVersion: "1.0.0" });
 */
export async function sealGate(
  stores: Stores,
  { gate, rules, tolerance, baseline, candidates, toolVersion }: GateFindings,
): Promise<SealedBundle> {
  const decidedAt = new Date(stores.clock.now()).toISOString();
  const parents = [
    parentOf(baseline, "baseline"),
    ...candidates.map((candidate) => parentOf(candidate, "candidate")),
  ];
  await using batch = await stores.blobs.openBatch();
  const text = canonicalJson(await assertValid("gate", gate));
  const { digest, size } = await batch.put(Buffer.from(text, "utf8"));
  const file: DraftFile = { path: bundlePaths.gate, role: "evaluation", digest, size };
  return await sealBundle(stores, batch, {
    type: "validation",
    inputs: {
      parameters: { rules, tolerance } as unknown as JsonObject,
      about: distinct(parents),
    },
    results: { values: valuesOf(gate) },
    files: [file],
    context: {
      run_id: stores.ids.runId(),
      started_at: decidedAt,
      ended_at: decidedAt,
      duration_ms: 0,
      status: "finished",
      pass_fail: gate.decision,
      user: userName(),
      host: hostname(),
      tool: { name: "reseal", version: toolVersion },
      provision: { hardware: {}, software: {} },
      tags: [],
      authors: [],
      parents,
      context_metrics: {},
      redaction: { counts: {}, withheld: [] },
      not_captured: {},
      warnings: [],
    },
  });
}

function parentOf({ manifest, seal }: BundleReader, relationship: string): Parent {
  const { artifact_id, run_id } = manifest.context;
  return { artifact_id, seal, run_id, relationship };
}

/** Artifacts without their executions, sorted: two executions of one artifact are one. */
function distinct(
  parents: readonly Parent[],
): { artifact_id: Parent["artifact_id"]; relationship: string }[] {
  const named = parents.map(({ artifact_id, relationship }) => ({ artifact_id, relationship }));
  const byText = new Map(named.map((about) => [canonicalJson(about), about]));
  return [...byText]
    .sort(([a, x], [b, y]) => compareUtf8(x.artifact_id, y.artifact_id) || compareUtf8(a, b))
    .map(([, about]) => about);
}

function valuesOf({ decision, reasons }: Gate): JsonObject {
  return {
    procedure: { name: "gate" },
    passed: decision === "pass",
    constraints: reasons.map(
      ({ kind, subject, status, candidate, observed, threshold, message }) => ({
        name:
          candidate === undefined ? `${kind} ${subject}` : `${kind} ${subject} ${candidate + 1}`,
        passed: status === "met",
        ...(threshold !== undefined && { expected: threshold as JsonValue }),
        ...(observed !== undefined && { actual: observed as JsonValue }),
        message,
      }),
    ),
  };
}
