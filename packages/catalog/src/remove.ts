import type { Digest } from "@reseal/hash";
import type { ParentRef, RemoveSealsOptions } from "@reseal/store";
import { withoutAlgorithm } from "./digests.ts";
import type { CatalogDatabase } from "./tables.ts";

/**
 * Delete seals inside the caller's transaction, but for those of which a seal that stays is a
 * child, through all generations; with `evenParents` those too.
 * @returns those that are not there any more.
 */
export async function removeSeals(
  transaction: CatalogDatabase,
  seals: readonly Digest[],
  { tenant, evenParents = false }: RemoveSealsOptions,
): Promise<readonly Digest[]> {
  const going = new Map<number, { readonly seal: string; readonly artifactId: string }>();
  for (const part of partsOf([...new Set(seals.map(withoutAlgorithm))])) {
    const rows = await transaction
      .selectFrom("seals")
      .select(["id", "seal", "artifact_id"])
      .where("tenant", "=", tenant)
      .where("seal", "in", part)
      .execute();
    for (const { id, seal, artifact_id } of rows) going.set(id, { seal, artifactId: artifact_id });
  }
  const refused = new Set<string>();
  for (let isStable = evenParents; !isStable; ) {
    isStable = true;
    for (const [id, { seal, artifactId }] of going) {
      const children = await transaction
        .selectFrom("seal_parents")
        .innerJoin("seals", "seals.id", "seal_parents.seal_id")
        .select(["seals.id", "seals.parents"])
        .where("seal_parents.artifact_id", "=", artifactId)
        .where("seal_parents.tenant", "=", tenant)
        .execute();
      const isFree = children.every(
        (child) => going.has(child.id) || !isMeant(child.parents, { artifactId, seal }),
      );
      if (isFree) continue;
      going.delete(id);
      refused.add(seal);
      isStable = false;
    }
  }
  for (const part of partsOf([...going.keys()]))
    await transaction.deleteFrom("seals").where("id", "in", part).execute();
  return seals.filter((seal) => !refused.has(withoutAlgorithm(seal)));
}

/** Whether a child that names the artifact means this seal: it may name another execution of it. */
function isMeant(
  parents: string,
  { artifactId, seal }: { readonly artifactId: string; readonly seal: string },
): boolean {
  return (JSON.parse(parents) as readonly ParentRef[]).some(
    (link) =>
      withoutAlgorithm(link.artifact_id) === artifactId &&
      withoutAlgorithm(link.seal ?? seal) === seal,
  );
}

/** Most values of one statement; SQLite takes at most 32,766. */
const partMax = 1000;

function* partsOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += partMax)
    yield items.slice(start, start + partMax);
}
