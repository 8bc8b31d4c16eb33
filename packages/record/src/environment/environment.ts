import type { JsonObject } from "@reseal/hash";
import type { Environment, Invariant } from "@reseal/schema";
import type { Call } from "./call.ts";
import {
  type CaptureContext,
  createCaptureContext,
  type EnvironmentWarning,
  type Variables,
} from "./capture-context.ts";
import { type ContainerFacts, containerFacts } from "./container.ts";
import { type GpuFacts, gpuFacts } from "./gpu.ts";
import { findLockFiles } from "./lock-files.ts";
import { type SystemFacts, systemFacts } from "./operating-system.ts";
import { type ProcessorFacts, processorFacts } from "./processor.ts";
import { type CommandFacts, commandFacts } from "./runtime.ts";
import { nodeSystemProbe, type SystemProbe } from "./system-probe.ts";
import {
  loadedModules,
  localeOf,
  resultVariables,
  schedulerFacts,
  threadVariables,
  timeZoneOf,
} from "./variables.ts";

export type { EnvironmentWarning } from "./capture-context.ts";
export { findLockFiles } from "./lock-files.ts";
export { nodeSystemProbe, type SystemProbe } from "./system-probe.ts";

/** The command whose circumstances are to be recorded. */
export interface EnvironmentRequest {
  /** As it will be started, placeholders filled in. */
  readonly argv: readonly string[];
  /** Absolute folder that it will be started in. */
  readonly cwd: string;
  /** The variables that it will see, all of them. */
  readonly env: Variables;
  /** Absolute path of the workspace. */
  readonly workspace: string;
  /** The experimental device, as the user describes it; see the schema for its fields. */
  readonly device?: JsonObject | undefined;
  /** For example `{ observability: true, gradients: false, quantum: false }`. */
  readonly featureFlags?: Readonly<Record<string, boolean>> | undefined;
  /** Conditions that the user declares, with their values now. */
  readonly invariants?: readonly Invariant[] | undefined;
  /** Version of Reseal. */
  readonly toolVersion: string;
  readonly signal?: AbortSignal | undefined;
  /** Asks the machine; a test hands in a double. */
  readonly system?: SystemProbe | undefined;
}

/** What {@link captureEnvironment} found, and what it could not. */
export interface CapturedEnvironment {
  /** Not redacted yet: variables and locales are as they were. */
  readonly environment: Environment;
  readonly warnings: readonly EnvironmentWarning[];
}

/**
 * Describe the circumstances of a command: runtime, packages, system, processor, cards.
 *
 * Reads files and variables only. Neither the command nor its interpreter is started; the one
 * program that is run is `nvidia-smi`, where it is on the command's `PATH`, for at most 2 s.
 * What cannot be found out is absent or `unknown`; a broken file is a warning. `comparable` holds
 * no path, host name, size or count, so that two folders of one machine have one `env_key`.
 *
 * @throws only the reason of `signal`, when it is aborted.
 * @example
 * const { environment, warnings } = await captureEnvironment({
 *   argv: ["python", "train.py"], cwd, workspace: cwd, env: process.env, toolVersion: "1.0.0",
 * });
 * const envKey = canonicalDigest(environment.comparable);
 */
export async function captureEnvironment(
  request: EnvironmentRequest,
): Promise<CapturedEnvironment> {
  const { argv, cwd, env, workspace, signal, system = nodeSystemProbe() } = request;
  signal?.throwIfAborted();
  const context = createCaptureContext(system, workspace);
  const call: Call = { argv, cwd, env };
  const [gpus, command, os, processor, container, timeZone] = await Promise.all([
    gpuFacts(context, call, signal), // First: it is the only one that waits for a program.
    commandFacts(context, call),
    systemFacts(context),
    processorFacts(context),
    containerFacts(context, call),
    timeZoneOf(context, call),
  ]);
  signal?.throwIfAborted();
  const scheduler = schedulerFacts(env);
  const locale = localeOf(env);
  const environment: Environment = {
    schema_version: "reseal.environment/v1",
    comparable: comparablePart(request, { command, os, processor, gpus }),
    hostname: line(system.hostname()),
    cpu_count: Math.max(1, system.cpuCount()),
    memory_bytes: system.memoryBytes(),
    ...(container && { container: containerPart(container) }),
    ...(scheduler && { scheduler: { ...scheduler, variables: { ...scheduler.variables } } }),
    ...named("threads", threadVariables(env)),
    ...named("variables", resultVariables(env)),
    ...(locale && { locale: line(locale) }),
    ...(timeZone && { timezone: line(timeZone) }),
    ...(command.pythonVersion && { python_version: line(command.pythonVersion) }),
    tools: { reseal: request.toolVersion, ...command.runtime.tools },
    lock_files: lockFiles(context, workspace),
    ...buildPart(command),
    ...(request.invariants?.length ? { invariants: [...request.invariants] } : {}),
  };
  return { environment, warnings: context.warnings };
}

interface ComparableFacts {
  readonly command: CommandFacts;
  readonly os: SystemFacts;
  readonly processor: ProcessorFacts;
  readonly gpus: readonly GpuFacts[] | undefined;
}

function comparablePart(
  { device, featureFlags, env }: EnvironmentRequest,
  { command, os, processor, gpus }: ComparableFacts,
): Environment["comparable"] {
  const { name, version, implementation, packages } = command.runtime;
  const all = [...packages, ...loadedModules(env), ...(os.libc === undefined ? [] : [os.libc])]
    .filter(([key]) => key !== "__proto__") // No registry has it; canonical JSON refuses it.
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    runtime: {
      ...lines({ name, version }),
      ...(implementation === undefined ? {} : { implementation: line(implementation) }),
    },
    packages: Object.fromEntries(
      all.map(([key, value]) => [key.toWellFormed(), value.toWellFormed()]),
    ),
    os: lines({ name: os.name, version: os.version, arch: os.arch }),
    cpu: {
      model: line(processor.model),
      ...(processor.features && { features: [...processor.features] }),
    },
    ...(gpus !== undefined && gpus.length > 0 && { gpu: gpus.map(gpuPart) }),
    ...(device && { device: { device_type: "unknown", ...device } }),
    ...(featureFlags && { feature_flags: { ...featureFlags } }),
  };
}

function gpuPart({
  memoryBytes,
  ...names
}: GpuFacts): NonNullable<Environment["comparable"]["gpu"]>[number] {
  return { ...lines(names), ...(memoryBytes === undefined ? {} : { memory_bytes: memoryBytes }) };
}

function containerPart({ kind, image, id }: ContainerFacts): NonNullable<Environment["container"]> {
  return {
    kind: line(kind),
    ...(image && { image: line(image) }),
    ...(id && { id: line(id) }),
  };
}

function buildPart({ runtime: { build } }: CommandFacts): {
  build?: NonNullable<Environment["build"]>;
} {
  if (build === undefined) return {};
  const { profile, compiler, flags } = build;
  return {
    build: {
      ...(profile && { profile: line(profile) }),
      ...(compiler && { compiler: line(compiler) }),
      ...(flags && { flags: flags.map((flag) => flag.toWellFormed()) }),
    },
  };
}

function lockFiles(context: CaptureContext, workspace: string): string[] {
  try {
    return [...findLockFiles(workspace)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.warn("ENVIRONMENT_FILE_UNREADABLE", `Could not list ${workspace}: ${reason}`);
    return [];
  }
}

function named<Key extends "threads" | "variables">(
  key: Key,
  values: Readonly<Record<string, string>>,
): { [key in Key]?: Record<string, string> } {
  return Object.keys(values).length === 0
    ? {}
    : ({ [key]: values } as { [key in Key]: Record<string, string> });
}

function lines<Key extends string>(
  fields: { readonly [key in Key]: string },
): { [key in Key]: string } {
  const entries = Object.entries<string>(fields).map(([key, value]) => [key, line(value)]);
  return Object.fromEntries(entries) as { [key in Key]: string };
}

/** What the schema calls a line: no control characters, not empty, not endless. */
function line(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 1000);
  return clean === "" ? "unknown" : clean;
}
