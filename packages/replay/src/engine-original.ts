import { type BundleReader, readJson } from "@reseal/bundle";
import { canonicalDigest, type JsonObject } from "@reseal/hash";
import {
  type Engine,
  type ExecutorSpec,
  enginePaths,
  type Graph,
  type InProcessExecutor,
  parseGraph,
} from "@reseal/record";
import type { Parent } from "@reseal/schema";
import { isUnreadable } from "./compare-file.ts";
import type { ReplayLog } from "./replay-log.ts";

/** What an engine needs to do a sealed run again. */
export interface EngineOriginal {
  readonly executor: InProcessExecutor;
  readonly graph: Graph | undefined;
  readonly calibration: JsonObject | undefined;
}

/** Whether a bundle was made by an executor of an engine, and so can be replayed by one only. */
export function isEngineRun({ manifest }: BundleReader): boolean {
  const { inputs } = manifest.content;
  return inputs.spec !== undefined && inputs.command === undefined;
}

/**
 * Find the executor of a sealed run, its graph and its calibration state, and check all of it.
 *
 * @returns `undefined` when something is in the way; the log says what. Another version of the
 *   executor is no obstacle: it is noted, and the inputs then differ.
 */
export async function readEngineOriginal(
  engine: Engine,
  original: BundleReader,
  log: ReplayLog,
): Promise<EngineOriginal | undefined> {
  const { inputs } = original.manifest.content;
  refuseRedacted("parameters", inputs.parameters, log);
  const spec = await readInput(original, enginePaths.spec, inputs.spec, log);
  const ir = await readInput(original, enginePaths.ir, inputs.ir, log);
  const calibration = await readInput(original, enginePaths.calibration, inputs.calibration, log);
  if (log.obstacles.length > 0 || spec === undefined) return undefined;
  const executor = findExecutor(engine, spec as unknown as ExecutorSpec, log);
  const graph = ir === undefined ? undefined : parseGraph(ir);
  if (log.obstacles.length > 0 || executor === undefined) return undefined;
  return { executor, graph, calibration };
}

/** What an artifact is about, with the seals that its parents give. */
export function aboutOf({ manifest }: BundleReader): Parent[] {
  const { inputs } = manifest.content;
  return (inputs.about ?? []).map(
    (about) =>
      manifest.context.parents.find(
        ({ artifact_id, relationship }) =>
          artifact_id === about.artifact_id && relationship === about.relationship,
      ) ?? about,
  );
}

async function readInput(
  original: BundleReader,
  path: string,
  expected: string | undefined,
  log: ReplayLog,
): Promise<JsonObject | undefined> {
  if (expected === undefined) return undefined;
  try {
    const value = await readJson(original, path);
    if (isObject(value) && canonicalDigest(value) === expected) {
      log.check({ name: path, status: "ok", expected });
      refuseRedacted(path, value, log);
      return value;
    }
    const status = value === undefined ? "missing" : "different";
    log.check({ name: path, status, expected }, `${path} is not the recorded one.`);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    log.check({ name: path, status: "missing", expected }, `${path} cannot be read.`);
  }
  return undefined;
}

function refuseRedacted(name: string, value: unknown, log: ReplayLog): void {
  if (value === undefined || !JSON.stringify(value).includes("[REDACTED:")) return;
  log.check(
    { name, status: "missing" },
    `A value of ${name} was a secret and is redacted: the run cannot be repeated.`,
  );
}

function findExecutor(
  engine: Engine,
  { name, kind, version }: ExecutorSpec,
  log: ReplayLog,
): InProcessExecutor | undefined {
  const executor = engine.executor(name);
  if (executor === undefined || executor.kind === "command" || executor.kind !== kind) {
    log.check(
      { name: "executor", status: "missing", expected: name },
      `The executor ${name} is not registered with this engine.`,
    );
    return undefined;
  }
  const isSame = executor.version === version;
  log.check({
    name: "executor",
    status: isSame ? "ok" : "different",
    expected: `${name} ${version}`,
    actual: `${name} ${executor.version}`,
  });
  return executor;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
