import type { Digest } from "@reseal/hash";
import type {
  ConfigSnapshot,
  Context,
  Environment,
  FileRole,
  Inputs,
  Results,
} from "@reseal/schema";

/** A file of a bundle that has been staged into the blob store. */
export interface DraftFile {
  /** Its path in the bundle. */
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly role: FileRole;
  /** Guessed from the name when absent. */
  readonly mediaType?: string | undefined;
  readonly isExecutable?: boolean | undefined;
  readonly origin?: "workspace" | "output_folder" | undefined;
  /** The metric whose course it holds, for a file of `metrics/`. */
  readonly metric?: string | undefined;
}

/** The parts of `content` and `context` that are not derived while sealing. */
export interface BundleDraft {
  readonly type: string;
  /** Without `code`, `data` and `config`: they are derived from the files. */
  readonly inputs: Omit<Inputs, "code" | "data" | "config">;
  /** Without `outputs` and `metric_series`: they are derived from the files. */
  readonly results: Omit<Results, "outputs" | "metric_series">;
  readonly context: ContextDraft;
  /** All files but those that sealing writes itself (run index, trees and the documents below). */
  readonly files: readonly DraftFile[];
  readonly config?: ConfigSnapshot | undefined;
  readonly environment?: Environment | undefined;
}

/** The circumstances as the recorder knows them. */
export type ContextDraft = Omit<
  Context,
  | "schema_version"
  | "artifact_id"
  | "input_key"
  | "result_key"
  | "env_key"
  | "created_at"
  | "tenant"
  | "files"
>;
