import type { RunRow } from "@reseal/store";
import { withoutAlgorithm } from "./digests.ts";
import { runColumns, toRunRow } from "./rows.ts";
import type { CatalogDatabase } from "./tables.ts";

/** Shorter names would stand for too many runs to be of use. */
const charactersMin = 4;

/** Sorts after every text that starts with the same characters. */
const last = "\u{10ffff}";

/** All runs whose run id, artifact id or seal is or starts with the name. */
export async function resolveName(
  db: CatalogDatabase,
  name: string,
  tenant: string,
): Promise<readonly RunRow[]> {
  const hex = withoutAlgorithm(name).toLowerCase();
  if (hex.length < charactersMin) return [];
  // A digest holds nothing but hexadecimal digits, and a run id no algorithm.
  const couldBeDigest = /^[0-9a-f]+$/.test(hex);
  const couldBeRun = !name.startsWith("sha256:");
  const ids = new Set<number>();
  const within = async (column: "run_id" | "artifact_id" | "seal", prefix: string) => {
    const rows = await db
      .selectFrom("seals")
      .select(["id", "tenant"])
      .where(column, ">=", prefix)
      .where(column, "<", prefix + last)
      .execute();
    // Asked for in the query, the tenant would lead the planner to read all of its rows instead.
    for (const row of rows) if (row.tenant === tenant) ids.add(row.id);
  };
  if (couldBeRun) await within("run_id", name);
  if (couldBeRun && hex !== name) await within("run_id", hex); // A UUID in capitals.
  if (couldBeDigest) {
    await within("artifact_id", hex);
    await within("seal", hex);
  }
  return rowsById(db, [...ids]);
}

const idsPerQuery = 1000;

async function rowsById(db: CatalogDatabase, ids: readonly number[]): Promise<RunRow[]> {
  const rows: RunRow[] = [];
  for (let start = 0; start < ids.length; start += idsPerQuery) {
    const some = await db
      .selectFrom("seals")
      .select(runColumns)
      .where("id", "in", ids.slice(start, start + idsPerQuery))
      .execute();
    rows.push(...some.map(toRunRow));
  }
  return rows.sort((a, b) => compare(a.created_at, b.created_at) || compare(a.seal, b.seal));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
