import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import {
  type BlobInfo,
  type BlobProblem,
  type FileInspector,
  type InspectorSource,
  type LocalCopy,
  loadInspector,
  loadPartReader,
  type PartReader,
  type PartReaderSource,
  storeErrors,
} from "@reseal/store";
import { BlobCopier } from "./blob-copy.ts";
import { BlobEncoder, type EncodingPlace, type PreparedForm } from "./blob-encoder.ts";
import { type Checkpoint, FileStager, type StagedFile, type StagingFile } from "./file-stager.ts";

/** A part of a batch's files, or of a store's blobs. */
export type TaskPart = { readonly root: string } & (
  | {
      readonly kind: "stage";
      readonly temporary: string;
      readonly named?: string | undefined;
      readonly isMixed: boolean;
      readonly inspector: Pick<InspectorSource, "module" | "data"> | undefined;
      readonly reader: Pick<PartReaderSource, "module" | "data"> | undefined;
      readonly files: readonly StagingFile[];
    }
  | { readonly kind: "check"; readonly blobs: readonly BlobInfo[] }
  | { readonly kind: "copy"; readonly copies: readonly LocalCopy[] }
  | (EncodingPlace & { readonly kind: "form"; readonly digests: readonly Digest[] })
);

/** Work for one lane: it takes part after part until there is none that nobody has taken. */
export interface LaneTask {
  /** Number of the call that the task is a part of. */
  readonly call: number;
  /** Not 0 when the call is to end. Shared between threads. */
  readonly stop: Int32Array;
  /** Number of the first part that nobody has taken. Shared between threads. */
  readonly next: Int32Array;
  /** The same for all lanes of a call, but for what is a lane's own. */
  readonly parts: readonly TaskPart[];
}

/** A part that is done, by its number. */
export interface DonePart {
  readonly index: number;
  readonly result: LaneResult;
}

/** What became of a part; `problems` of `check`, `staged` of `stage`, `forms` of `form`, in order. */
export interface LaneResult {
  readonly staged: readonly (StagedFile | FlatFailure)[];
  readonly problems: readonly FlatProblem[];
  readonly forms: readonly (PreparedForm | FlatProblem)[];
}

const nothing: LaneResult = { staged: [], problems: [], forms: [] };

/** A file's error without its class, which does not go from thread to thread. */
export interface FlatFailure {
  readonly status: "failure";
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A blob's error likewise. */
export type FlatProblem = Pick<BlobProblem, "digest"> & Omit<FlatFailure, "status">;

/** Thrown where a call was told to end; nobody sees it, as the call throws the reason itself. */
class Stopped extends Error {}

/** Does tasks one after the other; what a call has prepared is kept for its next task. */
export class LaneWork {
  #call: number | undefined;
  #stager: FileStager | undefined;
  #copier: BlobCopier | undefined;
  #encoder: BlobEncoder | undefined;
  readonly #inspector: FileInspector | undefined;
  readonly #reader: PartReader | undefined;

  /** @param inspector The caller's own, as `reader`; without them each call's are loaded. */
  constructor(inspector?: FileInspector | undefined, reader?: PartReader | undefined) {
    this.#inspector = inspector;
    this.#reader = reader;
  }

  /**
   * Do what nobody else has taken.
   * @param give Told of each part that is done.
   * @param pause Waited for between parts.
   */
  async do(
    { call, stop, next, parts }: LaneTask,
    give: (part: DonePart) => void,
    pause?: () => Promise<void>,
  ): Promise<void> {
    const checkpoint: Checkpoint = () => {
      if (Atomics.load(stop, 0) !== 0) throw new Stopped("The call was told to end.");
    };
    if (this.#call !== call) {
      this.#stager = undefined;
      this.#copier = undefined;
      this.#encoder = undefined;
      this.#call = call;
    }
    try {
      for (;;) {
        await pause?.();
        const index = Atomics.add(next, 0, 1);
        const part = parts[index];
        if (part === undefined) return;
        give({ index, result: await this.#doPart(part, checkpoint) });
      }
    } catch (error) {
      Atomics.store(next, 0, parts.length); // Nobody begins another part.
      throw error;
    }
  }

  async #doPart(task: TaskPart, checkpoint: Checkpoint): Promise<LaneResult> {
    if (task.kind === "stage") {
      this.#stager ??= new FileStager(
        task,
        this.#inspector ?? (task.inspector && (await loadInspector(task.inspector))),
        this.#reader ?? (task.reader && (await loadPartReader(task.reader))),
      );
      return { ...nothing, staged: await stageAll(this.#stager, task.files, checkpoint) };
    }
    if (task.kind === "form") {
      this.#encoder ??= new BlobEncoder(task);
      return { ...nothing, forms: await prepareAll(this.#encoder, task.digests, checkpoint) };
    }
    this.#copier ??= new BlobCopier(task.root);
    if (task.kind === "check")
      return { ...nothing, problems: await checkAll(this.#copier, task.blobs, checkpoint) };
    for (const copy of task.copies) {
      checkpoint();
      const copying = this.#copier.copy(copy, checkpoint);
      if (copying !== undefined) await copying;
    }
    return nothing;
  }
}

async function stageAll(
  stager: FileStager,
  files: readonly StagingFile[],
  checkpoint: Checkpoint,
): Promise<(StagedFile | FlatFailure)[]> {
  const staged: (StagedFile | FlatFailure)[] = [];
  stager.expect(files);
  for (const file of files) {
    checkpoint();
    const result = stager.stage(file, checkpoint);
    const done = result instanceof Promise ? await result : result;
    staged.push(done.status === "failed" ? { status: "failure", ...flat(done.error) } : done);
  }
  return staged;
}

async function checkAll(
  copier: BlobCopier,
  blobs: readonly BlobInfo[],
  checkpoint: Checkpoint,
): Promise<FlatProblem[]> {
  const problems: FlatProblem[] = [];
  for (const blob of blobs) {
    checkpoint();
    try {
      const checking = copier.check(blob, checkpoint);
      if (checking !== undefined) await checking;
    } catch (error) {
      if (!isResealError(error)) throw error;
      problems.push({ digest: blob.digest, ...flat(error) });
    }
  }
  return problems;
}

async function prepareAll(
  encoder: BlobEncoder,
  digests: readonly Digest[],
  checkpoint: Checkpoint,
): Promise<(PreparedForm | FlatProblem)[]> {
  const forms: (PreparedForm | FlatProblem)[] = [];
  for (const digest of digests) {
    checkpoint();
    try {
      forms.push(await encoder.prepare(digest, checkpoint));
    } catch (error) {
      if (!isResealError(error) || !blobFailures.has(error.code)) throw error;
      forms.push({ digest, ...flat(error) });
    }
  }
  return forms;
}

/** What is wrong with one blob leaves the others alone; a disk that takes nothing does not. */
const blobFailures: ReadonlySet<string> = new Set([
  storeErrors.BLOB_NOT_FOUND.code,
  storeErrors.BLOB_CORRUPT.code,
]);

function flat({ code, message, details }: BlobProblem["error"]): Omit<FlatFailure, "status"> {
  return { code, message, details };
}
