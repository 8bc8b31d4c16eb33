import { readFileSync, statSync } from "node:fs";
import type { BundleReader } from "@reseal/bundle";
import { canonicalDigest, digestBytes, type TreeEntry, treeDigest } from "@reseal/hash";
import { describeEnvironment, type Engine, RunRedactor } from "@reseal/record";
import type { ReplayCheck } from "@reseal/schema";
import { checkCircumstances, noteIn, readEnvironment } from "./check-circumstances.ts";
import { compareJson } from "./compare-json.ts";
import type { EngineOriginal } from "./engine-original.ts";
import { defaultPolicy } from "./policy.ts";
import type { ReplayLog } from "./replay-log.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { exact } from "./tolerance.ts";

/**
 * Check, before an executor runs again, its code, the calibration state of the device and the
 * circumstances of this process; the policy says which difference refuses the replay.
 */
export async function checkEngine(
  engine: Engine,
  original: BundleReader,
  { executor, calibration }: EngineOriginal,
  request: ReplayRequest,
  log: ReplayLog,
): Promise<void> {
  const note = noteIn(log, request.policy ?? defaultPolicy);
  note("code", checkCode(original, executor.code ?? {}));
  const redactor = new RunRedactor(engine.options.env);
  const now = engine.options.calibration?.();
  const state = now && redactor.json(now); // As the recorded one was.
  if (state !== undefined || calibration !== undefined)
    note("calibration", checkCalibration(calibration, state, request));
  const { env, workspace, toolVersion, device, featureFlags } = engine.options;
  const { describe = describeEnvironment, invariants } = request;
  const { environment } = await describe({
    argv: [process.execPath],
    cwd: workspace,
    workspace,
    env: { ...env },
    toolVersion,
    ...(device && { device }),
    ...(featureFlags && { featureFlags }),
    ...(invariants && { invariants }),
  });
  const circumstances = {
    expected: await readEnvironment(original),
    actual: redactor.json(environment),
    nowMs: engine.stores.clock.now(),
  };
  checkCircumstances(circumstances, note);
}

function checkCode(original: BundleReader, code: Readonly<Record<string, string>>): ReplayCheck {
  const expected = original.manifest.content.inputs.code?.tree;
  const entries = Object.entries(code).flatMap(([path, file]): TreeEntry[] =>
    statSync(file, { throwIfNoEntry: false })?.isFile() === true
      ? [{ path, digest: digestBytes(readFileSync(file)) }]
      : [],
  );
  const actual = entries.length === 0 ? undefined : treeDigest(entries);
  const isSame = expected === actual;
  return {
    name: "code_tree",
    status: isSame ? "ok" : actual === undefined ? "missing" : "different",
    ...(expected !== undefined && { expected }),
    ...(actual !== undefined && { actual }),
    message: isSame ? "Code is the recorded one." : "The executor's code is not the recorded one.",
  };
}

/** The run starts from the recorded state all the same; a device may be in another one. */
function checkCalibration(
  expected: object | undefined,
  actual: object | undefined,
  { tolerance }: ReplayRequest,
): ReplayCheck {
  const name = "calibration_state";
  if (actual === undefined)
    return { name, status: "ok", message: "The recorded calibration state is used." };
  if (expected === undefined)
    return {
      name,
      status: "different",
      actual: canonicalDigest(actual),
      message: "The original started from no calibration state; the device has one.",
    };
  const allowed = { absolute: tolerance?.absolute ?? 0, relative: tolerance?.relative ?? 0 };
  const { status, firstDifference } = compareJson(expected, actual, { ...exact, ...allowed });
  const digests = { expected: canonicalDigest(expected), actual: canonicalDigest(actual) };
  if (status !== "different" || firstDifference === undefined)
    return { name, status: "ok", ...digests, message: "The device is calibrated as recorded." };
  const { pointer = "", original: before, candidate: now } = firstDifference;
  const values = `${JSON.stringify(before)} -> ${JSON.stringify(now)}`;
  return {
    name,
    status: "different",
    ...digests,
    message: `The calibration state of the device is another one: ${pointer || "/"} ${values}.`,
  };
}
