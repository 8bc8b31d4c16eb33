import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestSource, parseStrictJson, parseTree } from "@reseal/hash";
import { validate } from "@reseal/schema";
import { bundlePaths, exportOnlyPaths } from "./paths.ts";
import type { BundleReader } from "./reader.ts";
import type { AddFinding } from "./verify.ts";

/** What only a bundle in a folder has: extra files, checksums and citations beside the manifest. */
export async function verifyFolder(
  reader: BundleReader,
  folder: string,
  add: AddFinding,
): Promise<void> {
  const listed = new Set(reader.manifest.context.files.map((entry) => entry.path));
  for (const path of listFiles(folder))
    if (!listed.has(path) && !exportOnlyPaths.has(path))
      add("extra_file", path, "The manifest does not list it.");
  await verifyChecksums(folder, listed, add);
  await verifyCitation(reader, folder, add);
}

function listFiles(folder: string): string[] {
  return (
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length))
      // A store that a command made while somebody stood in the bundle is not part of it.
      .filter((path) => !path.startsWith(".reseal/"))
      .sort()
  );
}

async function verifyChecksums(
  folder: string,
  listed: ReadonlySet<string>,
  add: AddFinding,
): Promise<void> {
  const path = join(folder, bundlePaths.checksums);
  if (!existsSync(path)) {
    add("missing_file", bundlePaths.checksums, "An exported bundle has checksums.");
    return;
  }
  let entries: ReturnType<typeof parseTree>;
  try {
    entries = parseTree(readFileSync(path));
  } catch (error) {
    add("schema", bundlePaths.checksums, (error as Error).message);
    return;
  }
  const covered = new Set(entries.map((entry) => entry.path));
  for (const required of [bundlePaths.manifest, ...listed])
    if (!covered.has(required)) add("missing_file", required, "checksums.sha256 does not list it.");
  for (const { path: name, digest } of entries) {
    if (listed.has(name)) continue; // Read and checked already.
    if (!exportOnlyPaths.has(name) || !existsSync(join(folder, name))) {
      add("missing_file", name, "checksums.sha256 lists it.");
      continue;
    }
    const actual = await digestSource(createReadStream(join(folder, name)));
    if (actual.digest !== digest)
      add("digest_mismatch", name, `checksums.sha256 says ${digest}, it is ${actual.digest}.`);
  }
}

async function verifyCitation(
  { seal, manifest }: BundleReader,
  folder: string,
  add: AddFinding,
): Promise<void> {
  const path = join(folder, bundlePaths.citationJson);
  if (!existsSync(path)) return;
  try {
    const citation = parseStrictJson(readFileSync(path)) as Record<string, unknown>;
    for (const { pointer, message } of await validate("citation", citation))
      add("schema", bundlePaths.citationJson, `${pointer || "/"} ${message}`);
    const { artifact_id } = manifest.context;
    if (citation.artifact_id !== artifact_id || citation.seal !== seal)
      add("pointer", bundlePaths.citationJson, "It cites another artifact or seal.");
  } catch (error) {
    add("schema", bundlePaths.citationJson, (error as Error).message);
  }
}
