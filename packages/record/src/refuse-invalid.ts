import { canonicalJson, digestFromHex } from "@reseal/hash";
import { type Environment, type Manifest, validate } from "@reseal/schema";
import { recordErrors } from "./errors.ts";
import type { RunPlan } from "./plan.ts";
import type { RunRequest } from "./run-request.ts";

/**
 * Refuse a plan that no manifest could be made of, before hours are spent on running it.
 * @throws `RECORD_DESCRIPTION_INVALID`
 */
export async function refuseInvalid(
  plan: Pick<RunPlan, "run_id" | "type" | "started_at" | "inputs" | "config" | "context">,
): Promise<void> {
  const { withheld, ...context } = plan.context;
  // What is not known yet is filled in with the least that the schema takes.
  const digest = digestFromHex("0".repeat(64));
  const manifest: Manifest = {
    content: { content_version: 1, type: plan.type, inputs: plan.inputs, results: {} },
    context: {
      ...context,
      schema_version: "reseal.manifest/v1",
      artifact_id: digest,
      input_key: digest,
      result_key: null,
      env_key: null,
      run_id: plan.run_id,
      created_at: plan.started_at,
      tenant: "local",
      status: "incomplete",
      provision: { hardware: {}, software: {} },
      context_metrics: {},
      redaction: { counts: {}, withheld },
      files: [],
    },
  };
  const [finding] = await validate("manifest", manifest);
  if (finding !== undefined)
    throw recordErrors.DESCRIPTION_INVALID(
      `${finding.pointer.replace(/^\/(context|content)\//, "")} ${finding.message}`,
      { details: { pointer: finding.pointer } },
    );
  try {
    canonicalJson([plan.inputs, plan.config ?? null, context]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw recordErrors.DESCRIPTION_INVALID(`This cannot be written as JSON: ${reason}`, { cause });
  }
}

/**
 * Refuse a device, feature flags or conditions that no environment document could hold.
 * @throws `RECORD_DESCRIPTION_INVALID`
 */
export async function refuseInvalidCircumstances({
  device,
  featureFlags,
  invariants,
}: Pick<RunRequest, "device" | "featureFlags" | "invariants">): Promise<void> {
  if (device === undefined && featureFlags === undefined && !invariants?.length) return;
  const environment: Environment = {
    schema_version: "reseal.environment/v1",
    comparable: {
      runtime: { name: "unknown", version: "unknown" },
      packages: {},
      os: { name: "unknown", version: "unknown", arch: "unknown" },
      cpu: { model: "unknown" },
      ...(device && { device: { device_type: "unknown", ...device } }),
      ...(featureFlags && { feature_flags: { ...featureFlags } }),
    },
    ...(invariants?.length && { invariants: [...invariants] }),
  };
  const [finding] = await validate("environment", environment);
  if (finding === undefined) return;
  const place = finding.pointer
    .replace(/^\/(comparable\/)?/, "")
    .replace(/^feature_flags/, "feature flags");
  throw recordErrors.DESCRIPTION_INVALID(`${place} ${finding.message}`, {
    details: { pointer: finding.pointer },
  });
}
