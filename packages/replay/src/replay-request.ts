import type { Description, describeEnvironment, ExecutionRequest, RunIo } from "@reseal/record";
import type { LimitOptions } from "./limits.ts";
import type { ReplayPolicy } from "./policy.ts";
import type { ToleranceOptions } from "./tolerance.ts";

/** How a run is to be done again. */
export interface ReplayRequest
  extends Pick<ExecutionRequest, "env" | "device" | "featureFlags" | "invariants">,
    LimitOptions {
  /** Version of the tool that replays. */
  readonly toolVersion: string;
  /** Takes the place of the original's seed; nothing else of the inputs can be changed. */
  readonly seed?: number | string | undefined;
  readonly tolerance?: ToleranceOptions | undefined;
  /**
   * Files of this machine for inputs that were recorded by digest only (`--in-ref`), by their
   * logical names. One that was not named is looked for in `referenceFolders`, then in the store.
   */
  readonly references?: Readonly<Record<string, string>> | undefined;
  readonly referenceFolders?: readonly string[] | undefined;
  /**
   * Folders of this machine that are linked into the scratch workspace, by their paths there:
   * environments such as `.venv` or `node_modules`, which no bundle holds. What they hold is
   * compared through the environment key.
   */
  readonly environmentFolders?: Readonly<Record<string, string>> | undefined;
  /** Outputs, by path, that may hold what looks like a secret. */
  readonly allowSecrets?: readonly string[] | undefined;
  /** What a difference that is found before the run leads to; all are told by default. */
  readonly policy?: ReplayPolicy | undefined;
  /** Looks round before the run; a test hands in a double. */
  readonly describe?: typeof describeEnvironment | undefined;
  /** Project, tags and the like of the two artifacts; what is absent is as in the original. */
  readonly description?: Description | undefined;
  /** How the command is connected to the world while it runs. */
  readonly io?: RunIo | undefined;
}
