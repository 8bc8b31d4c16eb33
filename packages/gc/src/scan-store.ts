import { type Digest, digestHex, isDigest, parseDigest } from "@reseal/hash";
import type { Manifest } from "@reseal/schema";
import { collectBytes, type RunRow, type Stores } from "@reseal/store";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { markLast } from "./build-entries.ts";
import type { PassFail, ScannedEntry } from "./entry.ts";
import { shortIds } from "./entry-id.ts";
import { newestFirst } from "./family-members.ts";
import { manifestOf } from "./manifest-of.ts";
import { type ContentReader, statusOfContent, statusOfNames } from "./pass-fail.ts";
import { type Pin, pinsInForce } from "./pins.ts";
import type { Scan, ScanOptions } from "./scan.ts";
import { isLeased, leasedRuns } from "./store-leases.ts";
import { readStorePins } from "./store-pins.ts";
import { References } from "./store-references.ts";
import { runsOf, storeFamilyOf } from "./store-runs.ts";

/** Look at a store without changing it. */
export async function scanStore(
  stores: Stores,
  config: ArtifactsConfig,
  { nowMs, signal, onProgress }: ScanOptions,
): Promise<Scan> {
  const startMs = performance.now();
  const rows = await Array.fromAsync(runsOf(stores, signal));
  const references = new References(stores, nowMs);
  const paths = new Map<Digest, string[]>();
  const lastPaths = new Map<string, string[]>();
  const registered = new Set<Digest>();
  const verdicts = new Map<Digest, PassFail>();
  const bySealRow = new Map(rows.map((row) => [row.seal, row]));
  for await (const seal of everySeal(stores, rows)) {
    signal?.throwIfAborted();
    const manifest = await references.add(seal);
    if (manifest?.context.doi !== undefined) registered.add(seal);
    const row = bySealRow.get(seal);
    if (row !== undefined && manifest !== undefined) {
      const family = storeFamilyOf(row);
      const own = pathsOf(manifest, lastPaths.get(family) ?? []);
      lastPaths.set(family, own);
      paths.set(seal, own);
      verdicts.set(seal, await passFailOf(stores, row, manifest, config));
    }
    onProgress?.({ phase: "reading", files: paths.size, bytes: 0 });
  }
  const pinOf = pinsInForce(await readStorePins(stores), nowMs);
  const leases = leasedRuns(stores);
  const ids = shortIds(rows.map(({ seal }) => digestHex(seal)));
  const bySeal = new Map(rows.map((row) => [row.seal, ids.get(digestHex(row.seal)) ?? ""]));
  const byArtifact = Map.groupBy(rows, ({ artifact_id }) => artifact_id);
  const scannedAt = new Date(nowMs).toISOString();
  const entries = rows.map((row) =>
    entryOf(row, {
      id: bySeal.get(row.seal) ?? "",
      paths: paths.get(row.seal) ?? ["manifest.json"],
      pin: pinOf(storeFamilyOf(row), row.run_id),
      isRegistered: registered.has(row.seal),
      isLeased: isLeased(row, leases),
      verdict: verdicts.get(row.seal) ?? "unknown",
      parents: row.parents.flatMap(({ artifact_id, seal }) =>
        (byArtifact.get(artifact_id) ?? [])
          .filter((parent) => parent.seal !== row.seal && (seal ?? parent.seal) === parent.seal)
          .map((parent) => bySeal.get(parent.seal) ?? ""),
      ),
      scannedAt,
    }),
  );
  const marked = markLast(entries.sort(newestFirst));
  return {
    entries: marked,
    manifest: manifestOf(marked, {
      config,
      generatedAt: scannedAt,
      scannedAt,
      durationMs: performance.now() - startMs,
    }),
    files: marked.reduce((sum, entry) => sum + entry.paths.length, 0),
    filesRead: 0,
    otherFiles: 0,
    links: 0,
    unreadable: [],
    store: references.scanOf(marked),
  };
}

/**
 * The paths of a run. Those that are at the same place in the run before it are the same texts, and
 * runs with the same files have one list: paths of a hundred thousand runs take gigabytes.
 */
function pathsOf({ context: { files } }: Manifest, last: string[]): string[] {
  const paths = files.map(({ path }, place) => {
    const before = last[place];
    return path === before ? before : path;
  });
  const isSame = paths.length === last.length && paths.every((path, place) => path === last[place]);
  return isSame ? last : paths;
}

/** What is known of a row besides the row. */
interface RowFacts {
  readonly id: string;
  readonly paths: string[];
  readonly pin: Pin | undefined;
  /** Under a DOI, which says that it stays. */
  readonly isRegistered: boolean;
  readonly isLeased: boolean;
  readonly verdict: PassFail;
  readonly parents: readonly string[];
  readonly scannedAt: string;
}

function entryOf(row: RunRow, facts: RowFacts): ScannedEntry {
  const { pin, isRegistered, paths, parents } = facts;
  const protections = [
    ...(pin?.purpose === "cited" || isRegistered ? ["cited"] : []),
    ...(pin?.purpose === "promoted" || row.tags.includes("promoted") ? ["promoted"] : []),
    ...(facts.isLeased ? ["leased"] : []),
  ];
  return {
    id: facts.id,
    run_id: row.run_id,
    family: storeFamilyOf(row),
    timestamp: row.created_at,
    created_at: row.created_at,
    modified_at: row.created_at,
    scanned_at: facts.scannedAt,
    pass_fail: facts.verdict,
    is_last_pass: false,
    is_last_run: false,
    is_pinned: pin !== undefined,
    paths,
    total_bytes: row.bytes,
    checksum_sha256: digestHex(row.seal),
    ...(row.tags.length > 0 && { tags: [...row.tags] }),
    ...(row.title !== null && { description: row.title }),
    files: [],
    siblings: [],
    seal: row.seal,
    parents,
    ...(protections.length > 0 && { protections }),
  };
}

const outputPrefix = "outputs/";
const contentBytesMax = 16 * 1024 * 1024;

/** The record's word, else the family's rule over the outputs, else their names, else unknown. */
async function passFailOf(
  { blobs }: Stores,
  row: RunRow,
  { context }: Manifest,
  config: ArtifactsConfig,
): Promise<PassFail> {
  if (row.pass_fail === "pass" || row.pass_fail === "fail") return row.pass_fail;
  const outputs = context.files.filter(
    ({ role, size }) => role === "output" && size <= contentBytesMax,
  );
  const names = outputs.map(({ path }) => path.slice(outputPrefix.length));
  const rule = config.families.find(({ name }) => name === storeFamilyOf(row))?.status;
  if (rule === undefined) return statusOfNames(names);
  const digests = new Map(names.map((name, place) => [name, outputs[place]?.digest]));
  const read: ContentReader = async (path) => {
    const digest = digests.get(path);
    if (digest === undefined) return undefined;
    const bytes = await collectBytes(await blobs.get(parseDigest(digest)));
    return jsonOf(path, Buffer.from(bytes).toString("utf8"));
  };
  return (await statusOfContent(names, rule, read)) ?? statusOfNames(names);
}

function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(path.endsWith(".jsonl") ? (text.trimEnd().split("\n").at(-1) ?? "") : text);
  } catch {
    return undefined; // No JSON says nothing about how a run ended.
  }
}

/** Every seal that is there, of all tenants: the journal knows those of others as well. */
async function* everySeal(stores: Stores, rows: readonly RunRow[]): AsyncGenerator<Digest> {
  const seen = new Set<Digest>();
  for (const { seal } of rows) {
    seen.add(seal);
    yield seal;
  }
  for await (const { record } of stores.journal.read("seals")) {
    if (!isDigest(record.seal) || seen.has(record.seal)) continue;
    seen.add(record.seal);
    yield record.seal;
  }
}
