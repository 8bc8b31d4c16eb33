import { readFileSync } from "node:fs";
import { parseStrictYaml } from "@reseal/hash";
import type { ArtifactsFile, FamilyDescription } from "@reseal/schema";
import { configError, problemsOf } from "./config-problems.ts";
import { gcErrors } from "./errors.ts";
import { defaultFamilies, type Family } from "./families.ts";

/** How JSON Lines are compacted. */
export interface JsonlCompaction {
  readonly enabled: boolean;
  readonly minSizeKb: number;
  readonly dictThreshold: number;
}

/** How Markdown is cleaned up. */
export interface MarkdownCompaction {
  readonly enabled: boolean;
  readonly minSizeKb: number;
  readonly removeEmptySections: boolean;
  readonly canonicalHeaders: boolean;
  readonly preserveTimestamps: boolean;
}

/** All settings of a pool, with the defaults filled in. */
export interface ArtifactsConfig {
  /** The file they come from; `undefined` for the defaults alone. */
  readonly source: string | undefined;
  /** In the order in which they are matched and shown. */
  readonly families: readonly Family[];
  /** Tags whose entries are always kept. */
  readonly alwaysKeepTags: readonly string[];
  readonly trashFolder: string | undefined;
  readonly trashRetentionDays: number;
  readonly manifestFile: string | undefined;
  readonly backupFile: string | undefined;
  readonly scanIntervalHours: number;
  readonly parallelWorkers: number;
  readonly checksumBufferBytes: number;
  readonly maxFilesPerScan: number;
  readonly jsonl: JsonlCompaction;
  readonly markdown: MarkdownCompaction;
}

/**
 * What the settings are for. The families of a store are those of its runs: they need no patterns,
 * and without a policy of their own they keep everything.
 */
export type ConfigKind = "pool" | "store";

/** The settings without a configuration file. */
export function defaultArtifactsConfig(kind: ConfigKind = "pool"): ArtifactsConfig {
  return fillIn({}, undefined, kind);
}

/**
 * Read a `config/artifacts.yaml`.
 * @throws `GC_CONFIG_INVALID` with the place of what is wrong; `GC_RULE_REQUIRED`.
 */
export async function readArtifactsConfig(
  file: string,
  kind: ConfigKind = "pool",
): Promise<ArtifactsConfig> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw gcErrors.CONFIG_INVALID(`${file} cannot be read.`, { cause, hint: "Check the path." });
  }
  return parseArtifactsConfig(text, file, kind);
}

/**
 * Read the text of an `artifacts.yaml`. Unknown keys and wrong values are refused, so that a slip
 * never deletes anything.
 * @throws `GC_CONFIG_INVALID` with all that is wrong, each with its line and what to do;
 * `GC_RULE_REQUIRED`.
 */
export async function parseArtifactsConfig(
  text: string,
  source: string,
  kind: ConfigKind = "pool",
): Promise<ArtifactsConfig> {
  const value = await documentIn(text, source);
  const problems = await problemsOf(value, kind);
  if (problems.length > 0) throw await configError(problems, text, source);
  return fillIn(value as ArtifactsFile, source, kind);
}

/** A key whose space before `{` or `[` was forgotten, as the original's manual prints one. */
const tightKey = /^(\s*[\w-]+:)(?=[{[])/gm;

async function documentIn(text: string, source: string): Promise<unknown> {
  try {
    return (await parseStrictYaml(text)) ?? {};
  } catch (cause) {
    const mended = text.replace(tightKey, "$1 ");
    if (mended !== text) return documentIn(mended, source);
    const [reason] = (cause as Error).message.split("\n");
    throw gcErrors.CONFIG_INVALID(`${source} is not valid YAML: ${reason}`, { cause });
  }
}

function fillIn(
  file: ArtifactsFile,
  source: string | undefined,
  kind: ConfigKind,
): ArtifactsConfig {
  const { gc = {}, manifest = {}, indexing = {}, compaction = {} } = file;
  const { jsonl = {}, markdown = {} } = compaction;
  return {
    source,
    families: kind === "store" ? familiesOfStore(file) : familiesOf(file),
    alwaysKeepTags: (gc.always_keep ?? [])
      .filter((rule) => rule.startsWith("tag:"))
      .map((rule) => rule.slice("tag:".length)),
    trashFolder: gc.trash_dir,
    trashRetentionDays: gc.trash_retention_days ?? 30,
    manifestFile: manifest.file,
    backupFile: manifest.backup_file,
    scanIntervalHours: manifest.scan_interval_hours ?? 6,
    parallelWorkers: indexing.parallel_workers ?? 8,
    checksumBufferBytes: 1024 * (indexing.checksum_buffer_size_kb ?? 128),
    maxFilesPerScan: indexing.max_files_per_scan ?? 50_000,
    jsonl: {
      enabled: jsonl.enabled ?? true,
      minSizeKb: jsonl.min_size_kb ?? 100,
      dictThreshold: jsonl.dict_threshold ?? 5,
    },
    markdown: {
      enabled: markdown.enabled ?? true,
      minSizeKb: markdown.min_size_kb ?? 50,
      removeEmptySections: markdown.remove_empty_sections ?? true,
      canonicalHeaders: markdown.canonical_headers ?? true,
      preserveTimestamps: markdown.preserve_timestamps ?? true,
    },
  };
}

/** Families in the order of `retention`, then of `patterns`, then of the defaults. */
function familiesOf(file: ArtifactsFile): Family[] {
  const { retention, patterns = {}, families = {} } = file;
  const defaults = new Map(defaultFamilies.map((family) => [family.name, family]));
  const names = new Set([
    ...Object.keys(retention ?? {}),
    ...Object.keys(patterns),
    ...defaults.keys(),
  ]);
  return [...names].map((name) => {
    const known = defaults.get(name);
    const globs = patterns[name] ?? known?.patterns ?? [];
    const policy = retention === undefined ? known?.policy : retention[name];
    return { ...known, name, ...describe(families[name]), patterns: globs, policy: policy ?? {} };
  });
}

function familiesOfStore({ retention = {}, families = {} }: ArtifactsFile): Family[] {
  return Object.entries(retention).map(([name, policy]) => ({
    name,
    ...describe(families[name]),
    patterns: [],
    policy,
  }));
}

function describe(description: FamilyDescription = {}): Partial<Family> {
  const { title, sources, contains, status } = description;
  return {
    ...(title !== undefined && { title }),
    ...(sources !== undefined && { sources }),
    ...(contains !== undefined && { contains }),
    ...(status !== undefined && { status }),
  };
}
