import { readFileSync } from "node:fs";
import { parseStrictYaml } from "@reseal/hash";
import { type ArtifactsFile, type FamilyDescription, validate } from "@reseal/schema";
import { gcErrors } from "./errors.ts";
import { defaultFamilies, type Family } from "./families.ts";

/** Rules that hold whatever a configuration says. */
export const hardRules: readonly string[] = ["last_pass", "last_run", "pinned"];

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
 * @throws `GC_CONFIG_INVALID` with the place of what is wrong; `GC_RULE_REQUIRED`.
 */
export async function parseArtifactsConfig(
  text: string,
  source: string,
  kind: ConfigKind = "pool",
): Promise<ArtifactsConfig> {
  let value: unknown;
  try {
    value = (await parseStrictYaml(text)) ?? {};
  } catch (cause) {
    const [reason] = (cause as Error).message.split("\n");
    throw gcErrors.CONFIG_INVALID(`${source} is not valid YAML: ${reason}`, { cause });
  }
  const findings = await validate("artifacts-config", value);
  const [finding] = findings;
  if (finding !== undefined) {
    const place = finding.pointer === "" ? "the file" : finding.pointer;
    throw gcErrors.CONFIG_INVALID(`${source}: ${place} ${finding.message}.`, {
      details: { source, findings },
    });
  }
  return fillIn(value as ArtifactsFile, source, kind);
}

function fillIn(
  file: ArtifactsFile,
  source: string | undefined,
  kind: ConfigKind,
): ArtifactsConfig {
  const { gc = {}, manifest = {}, indexing = {}, compaction = {} } = file;
  const { jsonl = {}, markdown = {} } = compaction;
  refuseMissingRules(gc.always_keep, source);
  return {
    source,
    families: kind === "store" ? familiesOfStore(file) : familiesOf(file, source),
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

/** Configuration may add rules, never take one of the hard ones away. */
function refuseMissingRules(
  rules: readonly string[] | undefined,
  source: string | undefined,
): void {
  if (rules === undefined) return;
  const missing = hardRules.filter((rule) => !rules.includes(rule));
  if (missing.length === 0) return;
  throw gcErrors.RULE_REQUIRED(
    `${source}: /gc/always_keep leaves out ${missing.join(", ")}, which cannot be switched off.`,
    { details: { source, missing } },
  );
}

/** Families in the order of `retention`, then of `patterns`, then of the defaults. */
function familiesOf(file: ArtifactsFile, source: string | undefined): Family[] {
  const { retention, patterns = {}, families = {} } = file;
  const defaults = new Map(defaultFamilies.map((family) => [family.name, family]));
  const names = new Set([
    ...Object.keys(retention ?? {}),
    ...Object.keys(patterns),
    ...defaults.keys(),
  ]);
  refuseUnknown(Object.keys(families), names, "families", source);
  return [...names].map((name) => {
    const known = defaults.get(name);
    const globs = patterns[name] ?? known?.patterns;
    if (globs === undefined)
      throw gcErrors.CONFIG_INVALID(
        `${source}: /retention/${name} is the policy of a family without patterns.`,
        {
          details: { source, family: name },
          hint: hintFor(name, [...defaults.keys(), ...Object.keys(patterns)]),
        },
      );
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

function refuseUnknown(
  given: readonly string[],
  known: ReadonlySet<string>,
  key: string,
  source: string | undefined,
): void {
  const name = given.find((family) => !known.has(family));
  if (name === undefined) return;
  throw gcErrors.CONFIG_INVALID(`${source}: /${key}/${name} is no family.`, {
    details: { source, family: name },
    hint: hintFor(name, [...known]),
  });
}

function hintFor(name: string, known: readonly string[]): string {
  const near = known.find((other) => other.startsWith(name.slice(0, 3)));
  return near === undefined
    ? `Add its globs under patterns. Families: ${known.join(", ")}.`
    : `Did you mean ${near}? Else add its globs under patterns.`;
}
