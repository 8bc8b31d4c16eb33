import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Stores, thisProcess } from "@reseal/store";
import type { FaultKind } from "@reseal/store/faulty";
import { failNth, faultyBlobStore, faultyCatalog, faultyJournal } from "@reseal/store/faulty";
import { expect, test } from "vitest";
import { known, storedText, token } from "../test/capture.ts";
import { makeStores, verifiedSeals } from "../test/memory-stores.ts";
import { makePlan } from "../test/plan.ts";
import { env, fileOf, record } from "../test/record.ts";
import { makeTree, writeTree } from "../test/temporary-tree.ts";
import type { RunPlan } from "./plan.ts";
import { recoverRuns } from "./recover.ts";
import { Spool } from "./spool.ts";

interface Abandoned {
  readonly runId?: string;
  readonly plan?: Partial<RunPlan> | null;
  readonly isStarted?: boolean;
  readonly files?: Readonly<Record<string, string>>;
}

/** A spool as a recorder leaves it that was killed. */
function abandon(
  stores: Stores,
  { runId, plan = {}, isStarted = true, files = {} }: Abandoned,
): Spool {
  const own = makePlan(runId === undefined ? {} : { run_id: runId });
  const spool = Spool.create(join(stores.local, "tmp"), own.run_id);
  if (plan !== null) spool.writeJson("plan.json", { ...own, workspace: makeTree(), ...plan });
  if (isStarted) spool.writeJson("started", { child_pid: 1 });
  writeTree(spool.folder, files);
  spool.writeJson("lease.json", { ...thisProcess(), pid_start: "1" });
  return spool;
}

const spools = (stores: Stores): string[] => readdirSync(join(stores.local, "tmp"));

test("what a dead recorder left is sealed as incomplete, with all that was written", async () => {
  const stores = makeStores();
  const workspace = makeTree({ "new.csv": "1" });
  abandon(stores, {
    plan: { workspace, workspace_id: "0123456789abcdef" },
    files: {
      "logs/stdout.log": "so far\n",
      "out/part.csv": "2",
      "git.json": JSON.stringify({ commit: "a".repeat(40), branch: "main", dirty: true }),
      "run/metrics.jsonl": '{"name":"loss","value":1}\n{"name":"lo',
      "run/events.jsonl": '{"event_type":"a.b"}\n{"event',
    },
  });

  const [run] = await recoverRuns(stores, env);

  expect(run?.manifest.context).toMatchObject({
    status: "incomplete",
    error: { type: "RecorderDied" },
    ended_at: expect.any(String),
    workspace: { git: { commit: "a".repeat(40), branch: "main", dirty: true } },
  });
  expect(run?.manifest.content.results).toMatchObject({
    metrics: { loss: 1 },
    outputs: { files: 2 },
  });
  expect(run?.manifest.content.results.exit).toBeUndefined();
  expect(await fileOf(stores, run as never, "logs/stdout.log")).toBe("so far\n");
  expect(await verifiedSeals(stores)).toEqual([run?.seal]);
  expect(spools(stores)).toEqual([]);
  expect(await recoverRuns(stores, env)).toEqual([]);
});

test("a recorder that died before anything was started leaves nothing", async () => {
  const stores = makeStores();
  abandon(stores, { isStarted: false });
  abandon(stores, { runId: "00000000-0000-4000-8000-000000000002", plan: null });

  expect(await recoverRuns(stores, env)).toEqual([]);
  expect(spools(stores)).toEqual([]);
  expect(await verifiedSeals(stores)).toEqual([]);
});

test("a run that was sealed before its recorder died is not sealed again", async () => {
  const stores = makeStores();
  abandon(stores, {});
  await recoverRuns(stores, env);
  abandon(stores, {});

  expect(await recoverRuns(stores, env)).toEqual([]);
  expect(spools(stores)).toEqual([]);
  expect(await verifiedSeals(stores)).toHaveLength(1);
});

test.for([
  ["the workspace", (_: Spool, workspace: string) => rmSync(workspace, { recursive: true })],
  ["the logs", (spool: Spool) => rmSync(spool.path("logs"), { recursive: true })],
  ["the output folder", (spool: Spool) => rmSync(spool.path("out"), { recursive: true })],
  ["the run folder", (spool: Spool) => rmSync(spool.path("run"), { recursive: true })],
] as const)("without %s the rest is sealed", async ([, remove]) => {
  const stores = makeStores();
  const workspace = makeTree();
  const spool = abandon(stores, { plan: { workspace } });
  remove(spool, workspace);

  expect(await recoverRuns(stores, env)).toHaveLength(1);
  expect(await verifiedSeals(stores)).toHaveLength(1);
});

test("one run that cannot be sealed keeps nobody from the others, and stays", async () => {
  const stores = makeStores();
  const [bad, good] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
  ];
  abandon(stores, { runId: bad, plan: { type: "No Such Type" } });
  abandon(stores, { runId: good });
  const failures: string[] = [];

  const recovered = await recoverRuns(stores, env, {
    onFailure: (runId) => failures.push(runId),
  });

  expect(recovered.map((run) => run.manifest.context.run_id)).toEqual([good]);
  expect(failures).toEqual([bad]);
  expect(spools(stores)).toHaveLength(1);
});

test("without anybody to tell, a failure is an error", async () => {
  const stores = makeStores();
  abandon(stores, { plan: { type: "No Such Type" } });

  await expect(recoverRuns(stores, env)).rejects.toMatchObject({ code: "SCHEMA_INVALID" });
});

test("secrets are withheld as the recorder would have done, and what was allowed is taken", async () => {
  const stores = makeStores();
  abandon(stores, {
    plan: { allow_secrets: ["allowed.txt"] },
    files: { "out/found.txt": `${token} ${known}`, "out/allowed.txt": token },
  });

  const [run] = await recoverRuns(stores, { ...env, SERVICE_TOKEN: known });

  expect(run?.outputs.files.map(({ path }) => path)).toEqual(["allowed.txt"]);
  expect(run?.manifest.context.redaction.withheld).toMatchObject([{ path: "outputs/found.txt" }]);
  expect(await storedText(stores.blobs)).not.toContain(known);
});

test("several that look at once seal each run once", async () => {
  const stores = makeStores();
  for (let number = 1; number <= 5; number++)
    abandon(stores, { runId: `00000000-0000-4000-8000-00000000000${number}` });

  const all = await Promise.all(Array.from({ length: 4 }, () => recoverRuns(stores, env)));

  expect(all.flat()).toHaveLength(5);
  expect(await verifiedSeals(stores)).toHaveLength(5);
  expect(spools(stores)).toEqual([]);
});

test("a store that cannot be written is left as it is", async () => {
  const stores = makeStores();
  abandon(stores, {});

  expect(await recoverRuns({ ...stores, readOnly: true }, env)).toEqual([]);
  expect(spools(stores)).toHaveLength(1);
});

const kinds: readonly FaultKind[] = ["error_before", "error_after", "abort"];

test.for(kinds)(
  "whatever call fails with %s, nothing half-done is seen and nothing is lost",
  async (kind) => {
    for (let call = 1; ; call++) {
      const stores = makeStores();
      const workspace = makeTree({ "a.py": "1" });
      const plan = failNth(call, kind);
      const faulty = {
        ...stores,
        blobs: faultyBlobStore(stores.blobs, plan),
        journal: faultyJournal(stores.journal, plan),
        catalog: faultyCatalog(stores.catalog, plan),
      };

      const run = await record(faulty, workspace, "echo 1 > a.csv; touch ran").catch(
        () => undefined,
      );
      if (plan.faults.length === 0) break; // Every call has failed once.

      const wasStarted = readdirSync(workspace).includes("ran");
      const before = await verifiedSeals(stores);
      expect(before.length).toBeLessThanOrEqual(1);
      if (run !== undefined) expect(before).toEqual([run.seal]);
      leaseOfTheDead(stores);
      // What opening a store does first: the journal is the truth, the catalog follows.
      const { indexJournal } = await import("@reseal/bundle");
      await indexJournal(stores);
      await recoverRuns(stores, env);
      expect(await verifiedSeals(stores)).toHaveLength(wasStarted ? 1 : 0);
      expect(spools(stores)).toEqual([]);
      const { items } = await stores.catalog.listRuns({ tenant: "local" });
      expect(items).toHaveLength(wasStarted ? 1 : 0);
    }
  },
);

/** This process lives, but the recorder in it has given up. */
function leaseOfTheDead(stores: Stores): void {
  const folder = join(stores.local, "tmp");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder))
    writeFileSync(
      join(folder, name, "lease.json"),
      JSON.stringify({ ...thisProcess(), pid_start: "1" }),
    );
}
