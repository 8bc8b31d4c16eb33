import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import type { Manifest, Parent } from "@reseal/schema";
import type { OperationOptions, Stores } from "@reseal/store";
import { howRemoved } from "./lineage.ts";
import { type BundleReader, openStoredBundle } from "./reader.ts";
import type { Finding } from "./verify.ts";

/** What {@link verifyLineage} found. */
export interface LineageReport {
  /** Findings about the links of each execution, by its seal; the first is the one asked about. */
  readonly findings: ReadonlyMap<Digest, readonly Finding[]>;
  /** Seals of the ancestors that are in the store, nearest first. */
  readonly ancestors: readonly Digest[];
}

/** With the journal, a parent that was deleted on purpose is told from one that was never there. */
type LineageStores = Pick<Stores, "blobs" | "catalog" | "location" | "tenant"> &
  Partial<Pick<Stores, "journal">>;

/**
 * Check the chain from a sealed run to its origins: each parent is there, its manifest is the one
 * that its seal names, it is the artifact and the execution that the child says, the artifacts that
 * `content` names are among the parents, and no chain leads back to itself.
 *
 * Manifests are read from the store, not from the catalog. The files of the ancestors are for
 * `verifyBundle`.
 */
export async function verifyLineage(
  stores: LineageStores,
  seal: Digest,
  { signal }: OperationOptions = {},
): Promise<LineageReport> {
  const findings = new Map<Digest, Finding[]>();
  const above = new Map<Digest, readonly FoundParent[]>();
  const queue: Digest[] = [seal];
  for (let current = queue.shift(); current !== undefined; current = queue.shift()) {
    signal?.throwIfAborted();
    if (findings.has(current)) continue;
    const found: Finding[] = [];
    findings.set(current, found);
    const reader = await openOrUndefined(stores, current);
    if (reader === undefined) continue; // Whoever verifies the bundle itself says so.
    const parents = await checkParents(stores, reader.manifest, found);
    above.set(current, parents);
    queue.push(...parents.map((parent) => parent.seal));
  }
  // A digest cannot be in what it is the digest of: only names without a seal lead back.
  for (const [child, parents] of above)
    for (const parent of parents)
      if (!parent.isNamedBySeal && reaches(above, parent.seal, child))
        findings.get(child)?.push({
          code: "pointer",
          path: "/context/parents",
          message: `The chain over ${parent.seal} leads back to it.`,
        });
  return { findings, ancestors: [...findings.keys()].filter((key) => key !== seal) };
}

/** A parent that the store knows. */
interface FoundParent {
  readonly seal: Digest;
  readonly isNamedBySeal: boolean;
}

/** Check what a manifest says of its parents; those that are there are returned. */
async function checkParents(
  stores: LineageStores,
  { content, context }: Manifest,
  findings: Finding[],
): Promise<FoundParent[]> {
  const parents: FoundParent[] = [];
  for (const [index, parent] of context.parents.entries()) {
    const path = `/context/parents/${index}`;
    const seal = await sealOf(stores, parent);
    if (seal === undefined) {
      const name = parent.seal ?? parent.artifact_id;
      const what = (await howRemoved(stores, parent.seal)) ?? "is not in this store";
      findings.push({ code: "pointer", path, message: `The parent ${name} ${what}.` });
      continue;
    }
    parents.push({ seal, isNamedBySeal: parent.seal !== undefined });
    const actual = (await openOrUndefined(stores, seal))?.manifest.context;
    const { artifact_id, run_id = actual?.run_id } = parent;
    if (actual && (actual.artifact_id !== artifact_id || actual.run_id !== run_id))
      findings.push({
        code: "key_mismatch",
        path,
        message: `The parent ${seal} is artifact ${actual.artifact_id}, run ${actual.run_id}.`,
      });
  }
  const { about = [], original, candidate } = content.inputs;
  const named = [...about.map(({ artifact_id }) => artifact_id), original, candidate];
  const known = new Set(context.parents.map(({ artifact_id }) => artifact_id));
  for (const artifactId of new Set(named))
    if (artifactId !== undefined && !known.has(artifactId))
      findings.push({
        code: "pointer",
        path: "/content/inputs",
        message: `It is about ${artifactId}, which is not among its parents.`,
      });
  return parents;
}

/** The seal of a parent in this store: the one it names, or the earliest of its artifact. */
async function sealOf(
  { catalog, tenant }: LineageStores,
  { seal, artifact_id }: Parent,
): Promise<Digest | undefined> {
  const rows = await catalog.resolve(seal ?? artifact_id, { tenant });
  return rows.find((row) => (seal ?? row.seal) === row.seal)?.seal;
}

/** `undefined` when it is missing or damaged: `verifyBundle` of that seal tells how. */
async function openOrUndefined(
  stores: LineageStores,
  seal: Digest,
): Promise<BundleReader | undefined> {
  try {
    return await openStoredBundle(stores, seal);
  } catch (error) {
    const isKnown = isResealError(error) && (error.exitCode === 3 || error.exitCode === 4);
    if (isKnown) return undefined;
    throw error;
  }
}

function reaches(
  above: ReadonlyMap<Digest, readonly FoundParent[]>,
  from: Digest,
  target: Digest,
): boolean {
  const seen = new Set<Digest>();
  const stack = [from];
  for (let seal = stack.pop(); seal !== undefined; seal = stack.pop()) {
    if (seal === target) return true;
    if (seen.has(seal)) continue;
    seen.add(seal);
    stack.push(...(above.get(seal) ?? []).map((parent) => parent.seal));
  }
  return false;
}
