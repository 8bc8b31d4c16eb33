import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Digest, isDigest } from "@reseal/hash";
import {
  isProcessKnown,
  isSilent,
  type LeasedRun,
  type ProcessIdentity,
  type RunRow,
  readLeases,
  type Stores,
  temporaryNames,
} from "@reseal/store";

/** Runs that somebody is working with: those that are replayed, and parents of what is recorded. */
export function leasedRuns(stores: Pick<Stores, "local">): readonly LeasedRun[] {
  return [...readLeases(stores), ...recordings(stores).flatMap(parentsIn)];
}

/** Whether a run is among leased ones. */
export function isLeased(
  { artifact_id, seal }: Pick<RunRow, "artifact_id" | "seal">,
  leases: readonly LeasedRun[],
): boolean {
  return leases.some((one) =>
    one.seal === undefined ? one.artifact_id === artifact_id : one.seal === seal,
  );
}

/**
 * When the oldest run that is being recorded here began: what it found there, it may still need.
 * So may whoever seals what a dead recorder left.
 */
export function oldestRecording(stores: Pick<Stores, "local">): number {
  return recordings(stores)
    .map((folder) => lstatSync(folder, { throwIfNoEntry: false })?.birthtimeMs)
    .reduce<number>((oldest, time) => Math.min(oldest, time ?? oldest), Number.POSITIVE_INFINITY);
}

/**
 * Folders of runs that are being recorded, or that a dead recorder of this host left: the next
 * command seals them. One of another host counts until it has been silent for a week.
 */
function recordings({ local }: Pick<Stores, "local">): readonly string[] {
  const temporary = join(local, "tmp");
  return temporaryNames({ local })
    .filter((name) => /^(run|new)-/.test(name))
    .map((name) => join(temporary, name))
    .filter((folder) => {
      const lease = readJson(join(folder, "lease.json")) as ProcessIdentity | undefined;
      return lease === undefined || isProcessKnown(lease) || !isSilent(join(folder, "lease.json"));
    });
}

/** Blobs that runs need which are being recorded: of what was there before they began. */
export function recordedBlobs(stores: Pick<Stores, "local">): ReadonlySet<Digest> {
  const look = (): Digest[] =>
    recordings(stores).flatMap((folder) =>
      (planIn(folder)?.files ?? []).map(({ digest }) => digest),
    );
  // Twice: a folder that is being taken over has, for one reader, neither name.
  return new Set([...look(), ...look()]);
}

function parentsIn(folder: string): readonly LeasedRun[] {
  const parents = planIn(folder)?.context?.parents ?? [];
  return parents.filter(({ artifact_id }) => isDigest(artifact_id));
}

/** The part of a recorder's plan that says what it needs. */
interface RecorderPlan {
  readonly files?: readonly { readonly digest: Digest }[];
  readonly context?: { readonly parents?: readonly LeasedRun[] };
}

function planIn(folder: string): RecorderPlan | undefined {
  return readJson(join(folder, "plan.json")) as RecorderPlan | undefined;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
