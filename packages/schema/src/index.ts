export type { Citation, CitationAuthor, CitedParent } from "./citation.generated.ts";
export type {
  ComparedArtifact,
  ComparedKeys,
  Comparison,
  Difference,
  ExitDifference,
  FileDifference,
  FirstDifference,
  KeyPair,
  MetricDifference,
  MetricTolerance,
  OptionalKeyPair,
  Tolerance,
  ValueDifference,
} from "./comparison.generated.ts";
export type { ConfigSnapshot } from "./config-snapshot.generated.ts";
export type {
  ArtifactType,
  BigInteger,
  ByteCount,
  Count,
  Digest,
  Doi,
  Exit,
  Git,
  JsonObject,
  JsonPointer,
  Line,
  MetricMap,
  MetricValue,
  Orcid,
  Parent,
  PortablePath,
  RunStatus,
  Scalar,
  ScalarMap,
  Seed,
  Sha256Mac,
  Slug,
  Timestamp,
  Uuid,
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
  Invariant,
  OperatingSystem,
  Runtime,
  Scheduler,
} from "./environment.generated.ts";
export { schemaErrors } from "./errors.ts";
export type { RunEvent, TraceContext } from "./event.generated.ts";
export type { Finding } from "./findings.ts";
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
export type { ConfiguredAuthor, ProjectConfig } from "./project-config.generated.ts";
export type { Creator, ParentArtifact, Provenance } from "./provenance.generated.ts";
export type { SchemaTypes } from "./registry.generated.ts";
export type { Replay, ReplayCheck, ReplayStep } from "./replay.generated.ts";
export type {
  RunContext,
  RunError,
  RunIndex,
  RunPaths,
  RunResult,
  RunVersions,
} from "./run.generated.ts";
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
