import type { Digest } from "@reseal/hash";
import type { RunRow, Stores } from "@reseal/store";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { shortDigest } from "./terminal.ts";

/** Fewest characters of an id that are looked up. */
const prefixMin = 4;

/**
 * The one run that a name stands for: `@last`, a run id, an artifact id, a seal, a unique prefix
 * of one, or `<artifact id>;seal=<seal>`.
 *
 * One artifact with several seals resolves to the earliest, with a note.
 * @throws `CLI_RUN_NOT_FOUND`, `CLI_RUN_AMBIGUOUS`
 */
export async function resolveRun(
  context: CommandContext,
  stores: Stores,
  name: string,
): Promise<RunRow> {
  if (name === "@last") return await lastRun(stores);
  const wanted = /;seal=(.+)$/.exec(name)?.[1] ?? name;
  const bare = wanted.replace(/^sha256:/, "").toLowerCase();
  if (bare.length < prefixMin)
    throw cliErrors.RUN_NOT_FOUND(`${JSON.stringify(name)} is too short to name a run.`, {
      hint: `Give at least ${prefixMin} characters of a run id, artifact id or seal.`,
    });
  const found = await stores.catalog.resolve(wanted.toLowerCase(), { tenant: stores.tenant });
  const [first] = found;
  if (first === undefined)
    throw cliErrors.RUN_NOT_FOUND(
      `No run, artifact or seal begins with ${JSON.stringify(name)} in ${stores.location}.`,
    );
  const artifacts = new Set(found.map((run) => run.artifact_id));
  if (artifacts.size > 1) throw ambiguous(name, found);
  if (found.length > 1)
    context.note(
      `${name} was sealed ${found.length} times; this is the earliest (seal ${shortDigest(first.seal)}).`,
    );
  return first;
}

/** The seal that a name stands for. */
export async function resolveSeal(
  context: CommandContext,
  stores: Stores,
  name: string,
): Promise<Digest> {
  return (await resolveRun(context, stores, name)).seal;
}

/** The newest run that somebody recorded: no replay, nor what one ran again, nor a gate. */
async function lastRun(stores: Stores): Promise<RunRow> {
  let after: string | undefined;
  let newest: RunRow | undefined;
  do {
    const page = await stores.catalog.listRuns({
      tenant: stores.tenant,
      filters: [{ field: "type", operator: "!=", value: "replay" }],
      sort: "created_at",
      order: "desc",
      limit: 50,
      after,
    });
    const run = page.items.find((row) => !isReplayed(row) && !isGate(row));
    if (run !== undefined) return run;
    newest ??= page.items[0];
    after = page.next ?? undefined;
  } while (after !== undefined);
  if (newest !== undefined) return newest; // Only replayed runs: then the newest of those.
  throw cliErrors.RUN_NOT_FOUND(`There is no run in ${stores.location} yet.`);
}

function isReplayed({ parents }: RunRow): boolean {
  return parents.some(({ relationship }) => relationship === "replay_of");
}

/** What `compare --gate` decided. */
function isGate({ type, parents }: RunRow): boolean {
  return type === "validation" && parents.some(({ relationship }) => relationship === "baseline");
}

function ambiguous(name: string, found: readonly RunRow[]): Error {
  const candidates = found.slice(0, 10).map((run) => ({
    run_id: run.run_id,
    artifact_id: run.artifact_id,
    seal: run.seal,
    created_at: run.created_at,
  }));
  const lines = candidates.map(
    (run) =>
      `  run ${run.run_id}  artifact ${shortDigest(run.artifact_id)}  seal ${shortDigest(run.seal)}`,
  );
  return cliErrors.RUN_AMBIGUOUS(
    `${JSON.stringify(name)} begins the ids of ${found.length} runs:\n${lines.join("\n")}`,
    { details: { candidates } },
  );
}
