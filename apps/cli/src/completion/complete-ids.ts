import { join, resolve } from "node:path";
import type { RunRow, Stores } from "@reseal/store";
import type { Candidate, Completion } from "./candidate.ts";
import { nothing } from "./candidate.ts";
import type { StorePlace } from "./complete-values.ts";

/** Newest runs that are offered before anything is typed. */
const offeredMax = 50;
/** Fewest characters that the catalog looks an id up by. */
const prefixMin = 4;

/** Ids that begin as the word does: run ids, artifact ids and seals, each as short as it can be. */
export async function completeIds(place: StorePlace, typed: string): Promise<Completion> {
  return await withStore(place, async (stores) => {
    const [algorithm = "", bare = typed] = /^(sha256:)(.*)$/.exec(typed)?.slice(1) ?? [];
    const wanted = bare.toLowerCase();
    const runs = await runsFor(stores, wanted);
    const candidates: Candidate[] =
      algorithm === "" && "@last".startsWith(typed) && runs.length > 0
        ? [{ value: "@last", about: "the newest run" }]
        : [];
    // Nothing typed: run ids alone, because three ids for each run would hide what there is.
    if (algorithm === "") candidates.push(...idsOf(runs, wanted, ({ run_id }) => run_id));
    if (algorithm !== "" || wanted !== "")
      for (const key of ["artifact_id", "seal"] as const)
        candidates.push(
          ...idsOf(runs, wanted, (run) => run[key].slice("sha256:".length), `${key}: `).map(
            ({ value, ...rest }) => ({ ...rest, value: algorithm + value }),
          ),
        );
    return { candidates };
  });
}

/** Paths of the files of a run. */
export async function completePaths(
  place: StorePlace,
  name: string,
  typed: string,
): Promise<Completion> {
  return await withStore(place, async (stores) => {
    const { openStoredBundle } = await import("@reseal/bundle");
    const [run] =
      name === "@last"
        ? await newest(stores, 1)
        : await stores.catalog.resolve(name.toLowerCase(), { tenant: stores.tenant });
    if (run === undefined) return nothing;
    const { manifest } = await openStoredBundle(stores, run.seal);
    const outputs = manifest.context.files
      .filter(({ path }) => path.startsWith("outputs/"))
      .map(({ path }) => path.slice("outputs/".length));
    const all = ["manifest.json", ...manifest.context.files.map(({ path }) => path)];
    return {
      candidates: [...outputs, ...all]
        .filter((path) => path.startsWith(typed))
        .map((value) => ({ value })),
    };
  });
}

async function runsFor(stores: Stores, typed: string): Promise<readonly RunRow[]> {
  if (/^[0-9a-f-]*$/.test(typed) && typed.length >= prefixMin)
    return await stores.catalog.resolve(typed, { tenant: stores.tenant });
  const runs = await newest(stores, typed === "" ? offeredMax : 1000);
  return "@last".startsWith(typed) ? runs.slice(0, offeredMax) : runs;
}

async function newest(stores: Stores, limit: number): Promise<readonly RunRow[]> {
  const { tenant } = stores;
  return (await stores.catalog.listRuns({ tenant, sort: "created_at", order: "desc", limit }))
    .items;
}

/** Fewest characters of an id that are offered, so that a line in a history stays unique. */
const shownMin = 8;

/** The ids of some runs that begin as typed, each with as many characters as tell it apart. */
function idsOf(
  runs: readonly RunRow[],
  typed: string,
  idOf: (run: RunRow) => string,
  prefix = "",
): Candidate[] {
  const byId = new Map(runs.map((run) => [idOf(run), run]));
  const ids = [...byId.keys()].filter((id) => id.startsWith(typed));
  const sorted = ids.toSorted();
  const lengths = new Map(
    sorted.map((id, index) => [
      id,
      Math.max(
        shownMin,
        typed.length,
        sharedLength(id, sorted[index - 1]) + 1,
        sharedLength(id, sorted[index + 1]) + 1,
      ),
    ]),
  );
  return ids.map((id) => {
    const run = byId.get(id);
    return {
      value: id.slice(0, lengths.get(id)),
      ...(run !== undefined && { about: prefix + aboutRun(run) }),
    };
  });
}

function sharedLength(a: string, b: string | undefined): number {
  let length = 0;
  while (b !== undefined && length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function aboutRun({ status, created_at, name, title, command, type }: RunRow): string {
  const what = name ?? title ?? command?.join(" ") ?? type;
  return `${status} ${created_at.slice(0, 16).replace("T", " ")} ${what}`;
}

/** Read only: completing a word neither makes a store nor seals what was left in it. */
async function withStore(
  { cwd, env, store }: StorePlace,
  use: (stores: Stores) => Promise<Completion>,
): Promise<Completion> {
  const { openStores } = await import("@reseal/connect");
  const { findWorkspace } = await import("@reseal/record");
  const given = store ?? env.RESEAL_STORE;
  const location = given ? resolve(cwd, given) : join(findWorkspace(cwd), ".reseal");
  await using stores = await openStores(location, { readOnly: true });
  return await use(stores);
}
