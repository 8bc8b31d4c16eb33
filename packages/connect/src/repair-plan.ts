import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@reseal/hash";
import type { JournalStream } from "@reseal/store";
import type { BlobSource } from "./blob-sources.ts";
import { blobPathOf } from "./check-seals.ts";
import type { StoreReport } from "./check-store.ts";
import type { StoreFinding } from "./store-finding.ts";

/** One step of a repair. Paths are relative to the store. */
export type RepairAction =
  /** Move a file out of the way, into `trash/quarantine/`; nothing is deleted. */
  | { readonly action: "quarantine"; readonly path: string; readonly reason: string }
  /** Bring a blob back from a source that has it. */
  | {
      readonly action: "refill";
      readonly path: string;
      readonly digest: Digest;
      readonly from: string;
    }
  /** Take the permission to write away from a blob. */
  | { readonly action: "protect"; readonly path: string }
  /** Make a folder that is missing. */
  | { readonly action: "make"; readonly path: string }
  /** Make a journal with damaged lines readable again. */
  | { readonly action: "salvage"; readonly path: string; readonly stream: JournalStream }
  /** Name seals in the journal that only the catalog or a manifest tells of. */
  | { readonly action: "relist"; readonly path: string; readonly seals: readonly Digest[] }
  /** Make the catalog anew. */
  | { readonly action: "rebuild"; readonly path: string; readonly reason: string };

/** A blob that no source has. */
export interface LostBlob {
  readonly path: string;
  readonly digest: Digest;
  readonly message: string;
}

/** What can be put right, and what cannot. */
export interface RepairPlan {
  readonly actions: readonly RepairAction[];
  readonly lost: readonly LostBlob[];
}

const badBlobs: ReadonlySet<string> = new Set([
  "blob_corrupt",
  "blob_missing",
  "manifest_corrupt",
  "manifest_missing",
]);

/** Decide what to do about the findings of a check. Sources are only asked what they have. */
export async function planRepair(
  report: StoreReport,
  sources: readonly BlobSource[],
  { adopt = false }: { readonly adopt?: boolean | undefined } = {},
): Promise<RepairPlan> {
  const { location, findings } = report;
  const actions: RepairAction[] = [];
  const lost: LostBlob[] = [];
  const of = (code: StoreFinding["code"]) => findings.filter((found) => found.code === code);
  for (const { path } of of("layout_missing")) actions.push({ action: "make", path });
  const strays = of("stray").map(({ path, message: reason }) => ({
    action: "quarantine" as const,
    path,
    reason,
  }));
  actions.push(...strays.filter(({ path }) => isInTheWay(path)));
  for (const { path } of of("blob_mode")) actions.push({ action: "protect", path });
  for (const { digest, message } of findings.filter(({ code }) => badBlobs.has(code))) {
    if (digest === undefined) continue;
    const path = blobPathOf(digest);
    for (const file of [path, `${path}.zst`]) {
      const isThere = lstatSync(join(location, file), { throwIfNoEntry: false }) !== undefined;
      if (isThere) actions.push({ action: "quarantine", path: file, reason: message });
    }
    const source = await findSource(sources, digest);
    if (source === undefined) lost.push({ path, digest, message });
    else actions.push({ action: "refill", path, digest, from: source.location });
  }
  // These last: one of them may be a lost blob in the wrong place.
  actions.push(...strays.filter(({ path }) => !isInTheWay(path)));
  for (const { path, digest, message } of of("manifest_invalid"))
    if (digest !== undefined) lost.push({ path, digest, message });
  for (const { path } of of("journal_damaged")) {
    const stream = path.slice("journal/".length, -".jsonl".length) as JournalStream;
    actions.push({ action: "salvage", path, stream });
  }
  const isJournalLost = report.seals === 0 || of("journal_damaged").length > 0;
  const unlisted = adopt || isJournalLost ? of("seal_unlisted") : [];
  const seals = [...of("catalog_extra"), ...unlisted].flatMap(({ digest }) =>
    digest ? [digest] : [],
  );
  if (seals.length > 0) actions.push({ action: "relist", path: "journal/seals.jsonl", seals });
  const reason = rebuildReason(findings, actions);
  if (reason !== undefined) actions.push({ action: "rebuild", path: "store.db", reason });
  return { actions, lost };
}

/** Whether something lies where a blob or a folder of blobs belongs. */
function isInTheWay(path: string): boolean {
  return /^artifacts\/([0-9a-f]{2})(\/\1[0-9a-f]{62})?$/.test(path);
}

/** The first source that has a blob; whether its bytes are right is seen when they are taken. */
async function findSource(
  sources: readonly BlobSource[],
  digest: Digest,
): Promise<BlobSource | undefined> {
  for (const source of sources) {
    const bytes = await source.open(digest).catch(() => undefined);
    if (bytes === undefined) continue;
    await bytes[Symbol.asyncIterator]().return?.();
    return source;
  }
  return undefined;
}

function rebuildReason(
  findings: readonly StoreFinding[],
  actions: readonly RepairAction[],
): string | undefined {
  const wrong = findings.find(
    ({ code }) =>
      code === "catalog_damaged" || code === "catalog_missing" || code === "catalog_differs",
  );
  if (wrong !== undefined) return wrong.message;
  if (actions.some(({ action }) => action === "salvage")) return "The journal's offsets change.";
  const manifests = new Set(
    findings.filter(({ code }) => code.startsWith("manifest_")).map(({ digest }) => digest),
  );
  const isBack = actions.some((step) => step.action === "refill" && manifests.has(step.digest));
  return isBack ? "Manifests come back." : undefined;
}
