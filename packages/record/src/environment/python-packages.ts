import { join } from "node:path";
import { type CaptureContext, isRecord, textOf } from "./capture-context.ts";
import { withRevision } from "./runtime-facts.ts";

/**
 * List the distributions installed in these folders; the first folder that has a name wins, as on
 * Python's search path.
 *
 * Names are normalised (PEP 503). What was not installed from an index says so after its version:
 * `1.2 (editable)`, `1.2 (git https://…@0f3c…)`, `1.2 (sha256 9b1d…)`.
 *
 * @see https://packaging.python.org/en/latest/specifications/direct-url/ (PEP 610)
 */
export async function pythonPackages(
  context: CaptureContext,
  folders: readonly string[],
): Promise<Map<string, string>> {
  const packages = new Map<string, string>();
  const seen = new Set<string>();
  for (const folder of folders) {
    const real = (await context.realPath(folder)) ?? folder;
    if (seen.has(real)) continue; // lib64 is often a link to lib.
    seen.add(real);
    const found = await distributionsIn(context, folder);
    const fresh = new Map<string, string[]>();
    for (const { name, label } of found) {
      if (packages.has(name)) continue;
      const labels = fresh.get(name) ?? [];
      if (!labels.includes(label)) fresh.set(name, [...labels, label]);
    }
    for (const [name, labels] of fresh) {
      packages.set(name, labels.join(" "));
      if (labels.length > 1) {
        context.warn(
          "ENVIRONMENT_PACKAGE_DUPLICATE",
          `${folder} holds several versions of ${name}.`,
        );
      }
    }
  }
  return packages;
}

interface Distribution {
  readonly name: string;
  /** Version, and how it was installed when not from an index. */
  readonly label: string;
}

async function distributionsIn(
  context: CaptureContext,
  folder: string,
): Promise<readonly Distribution[]> {
  const entries = await context.list(folder);
  const found = await Promise.all(
    entries.map((entry) => {
      if (entry.startsWith("~")) return undefined; // What pip left of an interrupted removal.
      if (entry.endsWith(".dist-info")) return wheel(context, join(folder, entry), entry);
      if (entry.endsWith(".egg-info")) return egg(context, join(folder, entry), entry);
      if (entry.endsWith(".egg-link")) return eggLink(context, join(folder, entry), entry);
      return undefined;
    }),
  );
  return found.filter((distribution) => distribution !== undefined);
}

async function wheel(
  context: CaptureContext,
  path: string,
  entry: string,
): Promise<Distribution | undefined> {
  const direct = context.readHead(join(path, "direct_url.json"), 1 << 16);
  const named = /^([^-]+)-([^-]+)\.dist-info$/.exec(entry);
  const [name, version] = named
    ? [named[1], named[2]]
    : await headers(context, join(path, "METADATA"));
  if (name === undefined || version === undefined) return undefined;
  const bytes = await direct;
  if (bytes === undefined) return { name: normalised(name), label: version };
  return describeDirect(context, normalised(name), version, join(path, "direct_url.json"));
}

async function describeDirect(
  context: CaptureContext,
  name: string,
  version: string,
  path: string,
): Promise<Distribution> {
  const record = (await context.readJson(path)) ?? {};
  const { vcs_info: vcs, dir_info: directory, archive_info: archive } = record;
  if (isRecord(vcs)) {
    const commit = textOf(vcs.commit_id) ?? "unknown";
    const label = withRevision(version, textOf(vcs.vcs) ?? "vcs", textOf(record.url), commit);
    return { name, label };
  }
  if (isRecord(directory)) {
    return { name, label: `${version} (${directory.editable === true ? "editable" : "local"})` };
  }
  if (!isRecord(archive)) return { name, label: version };
  return { name, label: `${version} (${archiveDigest(archive) ?? "archive"})` };
}

/** `hashes` of today, `hash` (`sha256=…`) of before, nothing in pip before 23.1 for a local file. */
function archiveDigest(archive: Readonly<Record<string, unknown>>): string | undefined {
  const hashes = isRecord(archive.hashes) ? textOf(archive.hashes.sha256) : undefined;
  if (hashes !== undefined) return `sha256 ${hashes}`;
  return textOf(archive.hash)?.replace("=", " ");
}

async function egg(
  context: CaptureContext,
  path: string,
  entry: string,
): Promise<Distribution | undefined> {
  const match = /^(.+?)-([^-]+?)(?:-py\d(?:\.\d+)?)?\.egg-info$/.exec(entry);
  const [name, version] = match
    ? [match[1], match[2]]
    : await headers(context, join(path, "PKG-INFO"));
  if (name === undefined || version === undefined) return undefined;
  return { name: normalised(name), label: version };
}

/** What `setup.py develop` leaves: a file with the path of the source folder. */
async function eggLink(
  context: CaptureContext,
  path: string,
  entry: string,
): Promise<Distribution | undefined> {
  const folder = (await context.readText(path))?.split(/\r?\n/)[0]?.trim();
  if (folder === undefined || folder === "") return undefined;
  const fileName = entry.replace(/\.egg-link$/, "");
  const information = `${fileName.replaceAll("-", "_")}.egg-info`;
  const [, version = "unknown"] = await headers(context, join(folder, information, "PKG-INFO"));
  return { name: normalised(fileName), label: `${version} (editable)` };
}

async function headers(
  context: CaptureContext,
  path: string,
): Promise<readonly [string | undefined, string | undefined]> {
  const head = (await context.readHead(path, 4096))?.toString("utf8") ?? "";
  return [/^Name:\s*(\S+)/m.exec(head)?.[1], /^Version:\s*(\S+)/m.exec(head)?.[1]];
}

/** PEP 503: lower case, runs of `-`, `_`, `.` are one `-`. */
function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}
