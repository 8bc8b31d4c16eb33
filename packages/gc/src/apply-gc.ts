import { isResealError } from "@reseal/errors";
import type { GcPlan, GcReport } from "@reseal/schema";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { appendAudit } from "./audit.ts";
import { planEntryOf, type ScannedEntry } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { type ReportPaths, writeReport } from "./gc-report.ts";
import { manifestOf } from "./manifest-of.ts";
import { planGc } from "./plan-gc.ts";
import type { Pool, PoolPlaces } from "./pool.ts";
import { writeManifest } from "./pool-manifest.ts";
import type { Scan } from "./scan.ts";
import { moveToTrash, purgeItems, type TrashMove, type TrashOutcome } from "./trash.ts";
import { readTrash, type TrashItem } from "./trash-journal.ts";
import { validatePlan } from "./validate-plan.ts";

/** Which part of a pool a plan is about. */
export interface PoolPlanOptions {
  readonly nowMs: number;
  readonly dryRun: boolean;
  readonly only?: readonly string[] | undefined;
}

/** Plan what gc would delete of a scanned pool. */
export function planPool(
  scan: Scan,
  config: ArtifactsConfig,
  places: PoolPlaces,
  options: PoolPlanOptions,
): GcPlan {
  return planGc(scan.entries.map(planEntryOf), {
    families: config.families,
    alwaysKeepTags: config.alwaysKeepTags,
    source: kindOf(scan),
    location: places.folder,
    ...options,
  });
}

function kindOf({ store }: Scan): GcPlan["source"] {
  return store === undefined ? "pool" : "store";
}

/** What became of an apply. */
export interface Applied {
  readonly report: GcReport;
  /** Absent when no report could be written. */
  readonly paths?: ReportPaths | undefined;
}

/** Options of {@link applyGc}. */
export interface ApplyOptions {
  /** Told of files moved so far. */
  readonly onProgress?: ((done: { readonly files: number }) => void) | undefined;
}

/**
 * Do what a plan says: move its entries to the trash, and destroy what has been there long enough.
 *
 * The plan is checked once more against what is there now. Every apply leaves a report, also one
 * that fails; the audit log is written before anything moves.
 * @throws `GC_PLAN_STALE`, `GC_PLAN_INVALID`: nothing was changed then.
 */
export async function applyGc(
  pool: Pool,
  scan: Scan,
  plan: GcPlan,
  { onProgress }: ApplyOptions = {},
): Promise<Applied> {
  refuseStale(pool, scan, plan);
  const startMs = pool.clock.now();
  const state = new ApplyState(plan, startMs);
  const doomed = doomedEntries(scan.entries, plan);
  await appendAudit(pool, "gc", {
    entries: doomed.map(({ id }) => id),
    files: plan.files_to_delete,
    bytes: plan.bytes_to_delete,
    state: plan.state,
  });
  const lastOp = (await readTrash(pool.journal)).at(-1)?.op ?? 0;
  try {
    state.purged = await purgeExpired(pool, startMs);
    const moves: TrashMove[] = [];
    for (const entry of doomed) moves.push(await moveOf(scan, entry));
    for (const outcome of await moveToTrash(pool, "gc", moves, { onProgress })) state.add(outcome);
    await sweepBlobs(pool, scan, state);
    await writeRemaining(pool, scan, state.deleted);
  } catch (error) {
    const code = isResealError(error) ? error.code : "INTERRUPTED";
    state.errors.push({ id: null, code, message: (error as Error).message });
    await finishFailed(pool, scan, state, lastOp).catch(() => undefined); // The first says more.
    throw error;
  }
  return finish(pool, state);
}

class ApplyState {
  readonly plan: GcPlan;
  readonly startMs: number;
  readonly deleted = new Map<string, TrashItem>();
  readonly errors: GcReport["errors"] = [];
  purged: readonly TrashItem[] = [];
  blobs: { items: readonly TrashItem[]; blobs: number; bytes: number } | undefined;

  constructor(plan: GcPlan, startMs: number) {
    this.plan = plan;
    this.startMs = startMs;
  }

  add({ move, item, problem }: TrashOutcome): void {
    if (item !== undefined) this.deleted.set(move.entryId, item);
    else
      this.errors.push({
        id: move.entryId,
        code: problem?.code ?? gcErrors.WRITE_FAILED.code,
        message: problem?.message ?? `${move.entryId} was not moved.`,
      });
  }

  report(endMs: number): GcReport {
    const { plan, startMs, deleted } = this;
    const families = plan.family_plans.map(({ family, to_delete }) => {
      const done = to_delete.filter(({ id }) => deleted.has(id));
      return {
        family,
        planned: to_delete.length,
        executed: done.length,
        failed: to_delete.length - done.length,
        bytes: done.reduce((sum, one) => sum + one.total_bytes, 0),
        files: done.reduce((sum, one) => sum + one.files, 0),
      };
    });
    const sum = (key: "bytes" | "files" | "failed"): number =>
      families.reduce((total, family) => total + family[key], 0);
    return {
      schema_version: "reseal.gc-report/v1",
      success: this.errors.length === 0 && sum("failed") === 0,
      start_time: new Date(startMs).toISOString(),
      end_time: new Date(endMs).toISOString(),
      duration_ms: Math.max(0, endMs - startMs),
      entries_deleted: deleted.size,
      files_deleted: sum("files"),
      bytes_deleted: sum("bytes"),
      files_moved_to_trash: [...deleted.values()].reduce((n, { files }) => n + files.length, 0),
      items: [...deleted.values(), ...(this.blobs?.items ?? [])].map((item) => ({
        id: item.entry_id,
        op: item.op,
        folder: item.folder,
      })),
      ...(this.blobs && { unreferenced: { blobs: this.blobs.blobs, bytes: this.blobs.bytes } }),
      purged: this.purged.map(({ folder }) => folder),
      errors: this.errors,
      warnings: plan.warnings,
      family_results: families,
      plan: { ...plan, dry_run: false },
    };
  }
}

async function finish(pool: Pool, state: ApplyState): Promise<Applied> {
  const report = state.report(pool.clock.now());
  const paths = writeReport(pool.places.trash, report);
  await appendAudit(pool, "gc_done", {
    success: report.success,
    entries: report.entries_deleted,
    files: report.files_deleted,
    bytes: report.bytes_deleted,
    purged: report.purged.length,
    errors: report.errors.length,
    report: paths.json.slice(pool.places.trash.length + 1),
  });
  return { report, paths };
}

/** What was moved before the failure stays moved, and is in the report. */
async function finishFailed(
  pool: Pool,
  scan: Scan,
  state: ApplyState,
  lastOp: number,
): Promise<void> {
  for (const item of await readTrash(pool.journal))
    if (item.op > lastOp && item.state === "done") state.deleted.set(item.entry_id, item);
  await writeRemaining(pool, scan, state.deleted);
  await finish(pool, state);
}

/** All that goes with an entry. */
export async function moveOf(
  scan: Scan,
  entry: ScannedEntry,
  { isUrgent = false }: { readonly isUrgent?: boolean | undefined } = {},
): Promise<TrashMove> {
  const { id, family, run_id, seal } = entry;
  const files = (await scan.store?.filesOf(entry, isUrgent)) ?? [...entry.files, ...entry.siblings];
  return { entryId: id, family, runId: run_id, files, ...(seal && { seals: [seal] }) };
}

/** What only the deleted runs of a store had in common, and what no run ever named. */
async function sweepBlobs(pool: Pool, scan: Scan, state: ApplyState): Promise<void> {
  if (scan.store === undefined || state.plan.only !== undefined) return;
  const files = await scan.store.unreferenced(new Set(state.deleted.keys()), false);
  // One by one: somebody may have begun to use one of them.
  const moves = files.map((file) => ({
    entryId: file.digest.slice("sha256:".length, "sha256:".length + 8),
    family: "unreferenced",
    runId: file.digest,
    files: [file],
  }));
  const outcomes = await moveToTrash(pool, "gc", moves);
  const gone = outcomes.flatMap(({ item }) => (item === undefined ? [] : [item]));
  state.blobs = {
    items: gone,
    blobs: gone.length,
    bytes: gone.reduce((sum, { files: [file] }) => sum + (file?.size ?? 0), 0),
  };
}

/** What a plan of a store really frees, and the blobs that no run needs. */
export async function withFreedBytes(scan: Scan, plan: GcPlan): Promise<GcPlan> {
  const { store } = scan;
  if (store === undefined) return plan;
  const ids = new Set<string>();
  const families = [];
  for (const family of plan.family_plans) {
    const ownIds = new Set<string>();
    for (const { id } of family.to_delete) ownIds.add(id);
    for (const id of ownIds) ids.add(id);
    const own = store.freedBy(ownIds);
    families.push({ ...family, bytes_to_delete: own.bytes, files_to_delete: own.files });
  }
  const { bytes, files } = store.freedBy(ids);
  const loose = plan.only === undefined ? await store.unreferenced(new Set(), true) : [];
  return {
    ...plan,
    family_plans: families,
    bytes_to_delete: bytes,
    files_to_delete: files,
    unreferenced: {
      blobs: loose.length,
      bytes: loose.reduce((sum, { size }) => sum + size, 0),
    },
  };
}

/** A plan is only good for the entries and the policies that it was made from. */
function refuseStale(pool: Pool, scan: Scan, plan: GcPlan): void {
  const { places, config, clock } = pool;
  const nowMs = clock.now();
  const now = planPool(scan, config, places, { nowMs, dryRun: false, only: plan.only });
  const isHere = plan.source === kindOf(scan) && plan.location === places.folder;
  if (!isHere || now.state !== plan.state)
    throw gcErrors.PLAN_STALE(`The plan of ${plan.created_at} is not about what is there now.`, {
      details: { planned: plan.state, now: now.state },
    });
  validatePlan(plan, scan.entries.map(planEntryOf), {
    families: config.families,
    alwaysKeepTags: config.alwaysKeepTags,
    nowMs,
  });
}

function doomedEntries(entries: readonly ScannedEntry[], plan: GcPlan): ScannedEntry[] {
  const ids = new Set(plan.family_plans.flatMap(({ to_delete }) => to_delete.map(({ id }) => id)));
  return entries.filter(({ id }) => ids.has(id));
}

async function purgeExpired(pool: Pool, nowMs: number): Promise<readonly TrashItem[]> {
  const ageMs = pool.config.trashRetentionDays * 86_400_000;
  const expired = (await readTrash(pool.journal)).filter(
    ({ state, at }) => state === "done" && nowMs - Date.parse(at) > ageMs,
  );
  if (expired.length > 0) await purgeItems(pool, expired);
  return expired;
}

async function writeRemaining(
  { places, config, clock }: Pool,
  scan: Scan,
  deleted: ReadonlyMap<string, TrashItem>,
): Promise<void> {
  if (scan.store !== undefined) return; // Its index is the catalog.
  const remaining = scan.entries.filter(({ id }) => !deleted.has(id));
  const manifest = manifestOf(remaining, {
    config,
    generatedAt: new Date(clock.now()).toISOString(),
    scannedAt: scan.manifest.scanned_at,
    durationMs: scan.manifest.scanner.scan_duration / 1e6,
  });
  writeManifest(places, manifest);
}
