export type { ChildExit, ForwardedSignal, OutputSink, SignalSource } from "./child.ts";
export { readCffAuthors } from "./citation-cff.ts";
export type { CapturedFile, CodeFile, CodeTree, LeftOutReason } from "./code-tree.ts";
export { expandCommand, type PlaceholderValues, parseSeed } from "./command.ts";
export { declaredInvariants } from "./declared-invariants.ts";
export { describeEnvironment } from "./describe-environment.ts";
export { Engine } from "./engine/engine.ts";
export { type ExecutorSpec, enginePaths } from "./engine/engine-paths.ts";
export {
  type EngineOptions,
  type EngineRequest,
  type EngineRun,
  parentOf,
} from "./engine/engine-request.ts";
export type {
  CommandExecutor,
  ExecutionContext,
  Executor,
  ExecutorEvent,
  ExecutorResult,
  FunctionExecutor,
  GraphExecutor,
  InProcessExecutor,
  SpanOptions,
} from "./engine/executor.ts";
export { type Graph, type GraphEdge, type GraphNode, parseGraph } from "./engine/graph.ts";
export type { CapturedEnvironment, EnvironmentRequest } from "./environment/environment.ts";
export { findLockFiles } from "./environment/lock-files.ts";
export { recordErrors } from "./errors.ts";
export { FileGuard, type WithheldFile } from "./file-guard.ts";
export type { FinishedRun } from "./finish-run.ts";
export { nextTick } from "./fs-tick.ts";
export { type GitState, type GitUser, readGitUser } from "./git.ts";
export type { OutputFile, Outputs } from "./outputs.ts";
export type { Description, RunPlan } from "./plan.ts";
export type { PreparedRun } from "./prepare-run.ts";
export { previewRun, type RunPreview } from "./preview.ts";
export { projectConfigName, readProjectConfig } from "./project-config.ts";
export { type ExecutionRequest, executeRun, type RecordedRun, recordRun } from "./record-run.ts";
export { type RecoverOptions, recoverRuns } from "./recover.ts";
export { RunRedactor } from "./run-redactor.ts";
export type { RunIo, RunRequest } from "./run-request.ts";
export { type FileScans, openScans } from "./scan-inspector.ts";
export { readKey } from "./scan-key.ts";
export { type SealFolderRequest, sealFolder } from "./seal-folder.ts";
export type { Places } from "./select-files.ts";
export { Spool } from "./spool.ts";
export { findWorkspace, userName, workspaceId } from "./workspace.ts";
