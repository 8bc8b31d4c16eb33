import { didYouMean, nearest } from "@reseal/errors";
import type { ArtifactsConfig, PoolPlaces, Scan, ScanProgress, ScanSummary } from "@reseal/gc";
import { findPool, isAboutStore, openPool, type PoolFlags } from "./artifacts-pool.ts";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { progressLine } from "./progress.ts";
import { formatBytes, plural } from "./terminal.ts";
import { keepYoungSpaceSmall } from "./young-space.ts";

/** A pool as it is now, and its settings. */
export interface ScannedPool extends AsyncDisposable {
  readonly places: PoolPlaces;
  readonly config: ArtifactsConfig;
  readonly scan: Scan;
}

/**
 * Look at a pool without changing anything in it.
 * @throws `GC_MANIFEST_CORRUPT`
 */
export async function lookAtPool(context: CommandContext, flags: PoolFlags): Promise<ScannedPool> {
  const gc = await import("@reseal/gc");
  const { places, config } = await findPool(context, flags);
  await gc.manifestFacts(places);
  const progress = scanProgress(context);
  const options = { nowMs: Date.now(), signal: context.signal, onProgress: progress.show };
  const stores = isAboutStore(context) ? await context.openStores() : undefined;
  if (stores !== undefined) keepYoungSpaceSmall(); // Manifests are many, and gone soon.
  const look = (): Promise<Scan> =>
    stores === undefined
      ? gc.scanPool(places, config, options)
      : gc.scanStore(stores, config, options);
  const scan = await look().finally(progress.clear);
  warnAbout(context, scan);
  return {
    places,
    config,
    scan,
    [Symbol.asyncDispose]: async () => stores?.[Symbol.asyncDispose](),
  };
}

/**
 * Look at a pool, and keep what was read when its manifest is missing or old; where that cannot be
 * written, or another process is at work, only look.
 */
export async function refreshPool(context: CommandContext, flags: PoolFlags): Promise<ScannedPool> {
  const gc = await import("@reseal/gc");
  const { places, config } = await findPool(context, flags);
  if (isAboutStore(context)) return lookAtPool(context, flags);
  const manifest = await gc.manifestFacts(places);
  if (manifest !== undefined && gc.isRecent(manifest, config, Date.now()))
    return lookAtPool(context, flags);
  const progress = scanProgress(context);
  try {
    await using pool = await openPool(context, flags);
    const scan = await gc.updatePool(pool, { onProgress: progress.show });
    warnAbout(context, scan);
    return { places, config, scan, [Symbol.asyncDispose]: () => Promise.resolve() };
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === undefined || !["GC_WRITE_FAILED", "GC_BUSY", "STORE_WRITE_FAILED"].includes(code))
      throw error;
  } finally {
    progress.clear();
  }
  return lookAtPool(context, flags);
}

/** Scan progress as one moving line. */
export function scanProgress(context: CommandContext): {
  readonly show: (done: ScanProgress) => void;
  readonly clear: () => void;
} {
  const line = progressLine(context);
  return {
    show: ({ phase, files, bytes }) =>
      line.show(`${phase}  ${plural(files, "file")}${bytes > 0 ? `  ${formatBytes(bytes)}` : ""}`),
    clear: () => line.clear(),
  };
}

/** Say what a scan left out, and how much it did. */
export function warnAbout(context: CommandContext, scan: Omit<ScanSummary, "manifest">): void {
  context.detail(
    `${plural(scan.files, "file")} of a family, ${scan.filesRead} read; ${scan.otherFiles} of none; ${plural(scan.links, "link")} not followed`,
  );
  if (scan.files === 0 && scan.otherFiles > 0)
    context.note(
      `${plural(scan.otherFiles, "file")} here, none matching the patterns of a family. Say under patterns: in config/artifacts.yaml which files belong to which.`,
    );
  for (const path of scan.unreadable)
    context.warn(`${path} cannot be read; nothing is decided about its entry.`);
}

/** The families that were asked for. @throws `CLI_USAGE` for one that there is not. */
export function wantedFamilies(
  config: ArtifactsConfig,
  names: readonly string[] | undefined,
  present: readonly string[] = [],
): readonly string[] | undefined {
  const known = [...new Set([...config.families.map(({ name }) => name), ...present])];
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw cliErrors.USAGE(`There is no family ${JSON.stringify(unknown)}.`, {
      hint: didYouMean(nearest(unknown, known), `Families: ${known.join(", ")}.`),
    });
  return names;
}
