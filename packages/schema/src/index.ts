export type {
  ArtifactsFile,
  FamilyDescription,
  FamilyName,
  RetentionPolicy,
} from "./artifacts-config.generated.ts";
export type { Citation, CitationAuthor, CitedParent } from "./citation.generated.ts";
export type { Comparison } from "./comparison.generated.ts";
export type { ConfigSnapshot } from "./config-snapshot.generated.ts";
export type {
  ArrayDifference,
  ArtifactType,
  BigInteger,
  ByteCount,
  Cause,
  ComparedArtifact,
  ComparedKeys,
  Count,
  DeclaredTolerance,
  Difference,
  Digest,
  Doi,
  Exit,
  ExitDifference,
  Explanation,
  FileDifference,
  FirstDifference,
  GcDecision,
  GcFamilyPlan,
  Git,
  IgnoreRules,
  Invariant,
  JsonObject,
  JsonPointer,
  KeyColumns,
  KeyPair,
  Line,
  MetricDifference,
  MetricMap,
  MetricTolerance,
  MetricValue,
  NanPolicy,
  OptionalKeyPair,
  Orcid,
  Parent,
  PartialTolerance,
  PoolEntry,
  PortablePath,
  ReplayCheck,
  RunRow,
  RunStatus,
  Scalar,
  ScalarMap,
  Seed,
  Sha256Mac,
  Slug,
  Timestamp,
  Tolerance,
  Uuid,
  ValueDifference,
  Verdict,
  VersionMap,
  Warning,
  WebUrl,
  Word,
  Workspace,
} from "./definitions.generated.ts";
export type {
  BuildInfo,
  ComparableEnvironment,
  Container,
  Cpu,
  Device,
  Environment,
  Gpu,
  OperatingSystem,
  Runtime,
  Scheduler,
} from "./environment.generated.ts";
export { schemaErrors } from "./errors.ts";
export type { RunEvent, TraceContext } from "./event.generated.ts";
export type { Finding } from "./findings.ts";
export type { Gate, GateReason } from "./gate.generated.ts";
export type { GateMetric, GateOutput, GateRules } from "./gate-rules.generated.ts";
export type { GcPlan } from "./gc-plan.generated.ts";
export type { GcReport } from "./gc-report.generated.ts";
export type { JsonSchema } from "./json-schema.ts";
export type {
  About,
  Author,
  CalibrationValues,
  CodeNotCaptured,
  Constraint,
  Content,
  Context,
  DriftMetric,
  ErrorSummary,
  ExternalInput,
  FileEntry,
  FileRole,
  GradientValues,
  Inputs,
  LockFile,
  Manifest,
  MetricVector,
  NotCaptured,
  NotCapturedPath,
  OutputsNotCaptured,
  Perturbation,
  Provision,
  RedactionReport,
  Results,
  Tool,
  TreeRef,
  ValidationValues,
  WithheldFile,
} from "./manifest.generated.ts";
export type { MetricPoint, MetricSeries, Metrics } from "./metrics.generated.ts";
export type {
  MetricSpread,
  ReplaySummary,
  UnstableFile,
} from "./output.replay-times.generated.ts";
export type { PoolManifest } from "./pool-manifest.generated.ts";
export type {
  ConfiguredAuthor,
  ConfiguredWindow,
  ProjectConfig,
} from "./project-config.generated.ts";
export type { Creator, ParentArtifact, Provenance } from "./provenance.generated.ts";
export type { SchemaTypes } from "./registry.generated.ts";
export type { Replay, ReplayStep } from "./replay.generated.ts";
export type {
  RunContext,
  RunError,
  RunIndex,
  RunPaths,
  RunResult,
  RunVersions,
} from "./run.generated.ts";
export type { ToleranceFile } from "./tolerance.generated.ts";
export {
  assertValid,
  getSchema,
  isSchemaName,
  loadValidator,
  type SchemaName,
  schemaNames,
  type Validator,
  validate,
} from "./validate.ts";
