// Retention over the sealed runs of a store: what goes, what stays, what comes back. Who may write
// meanwhile: stress-retention.test.ts.
import { cpSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { validate } from "@reseal/schema";
import { expect, test } from "vitest";
import { Sandbox } from "./sandbox.ts";

interface Listed {
  readonly items: readonly { readonly id: string; readonly run_id: string }[];
}

/** A workspace with runs of one project, whose blobs nobody has used for days. */
async function workspace(sandbox: Sandbox, runs: number): Promise<string> {
  const cwd = sandbox.folder("work", {
    "config/artifacts.yaml": "retention: {butterfly: {keep: 2}}\n",
  });
  for (let run = 1; run <= runs; run += 1) await record(sandbox, cwd, run);
  age(cwd);
  return cwd;
}

async function record(sandbox: Sandbox, cwd: string, run: number): Promise<string> {
  const script = `echo ${run} > out.txt; echo ${Math.floor(run / 2)} > pair.txt; echo x > same.txt`;
  const args = ["run", "--json", "--project", "butterfly", "--", "sh", "-c", script];
  const { status, stdout } = await sandbox.reseal(args, { cwd });
  expect(status).toBe(0);
  return JSON.parse(stdout).data.seal;
}

/** Let every blob look as if it was last used three days ago. */
function age(cwd: string): void {
  const folder = join(cwd, ".reseal/artifacts");
  const past = Date.now() / 1000 - 3 * 86_400;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), past, past);
}

function blobsIn(cwd: string): Record<string, string> {
  const folder = join(cwd, ".reseal/artifacts");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), "utf8")]),
  );
}

const store = ["--store", ".reseal"];

test("gc takes rows and blobs that nobody else needs, and an undo brings all of them back", async () => {
  const sandbox = new Sandbox();
  const cwd = await workspace(sandbox, 5);
  cpSync(join(cwd, ".reseal"), join(cwd, "..", "copy/.reseal"), { recursive: true });
  const before = (await sandbox.data(["ls"], { cwd })) as unknown as Listed;
  const blobs = blobsIn(cwd);
  const plan = await sandbox.data(["artifacts", "gc", ...store], { cwd });
  expect(plan).toMatchObject({ plan: { source: "store", total_to_delete: 3 } });
  expect(blobsIn(cwd)).toEqual(blobs);

  const applied = (await sandbox.data(["artifacts", "gc", "--apply", "--force", ...store], {
    cwd,
  })) as unknown as {
    report: { success: boolean };
    plan: { bytes_to_delete: number };
    report_path: string;
  };

  expect(applied.report).toMatchObject({ success: true, entries_deleted: 3 });
  const left = (await sandbox.data(["ls"], { cwd })) as unknown as Listed;
  expect(left.items).toEqual(before.items.slice(0, 2));
  const sizeOf = (files: Record<string, string>): number =>
    Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  expect(sizeOf(blobs) - sizeOf(blobsIn(cwd))).toBe(applied.plan.bytes_to_delete);
  expect((await sandbox.reseal(["store", "check", "--read-data"], { cwd })).status).toBe(0);
  expect((await sandbox.reseal(["catalog", "rebuild"], { cwd })).status).toBe(0);
  expect(await sandbox.data(["ls"], { cwd })).toEqual(left);

  const undo = ["artifacts", "restore", "--report", applied.report_path, ...store];
  expect((await sandbox.reseal(undo, { cwd })).status).toBe(0);

  expect(blobsIn(cwd)).toEqual(blobs);
  expect(await sandbox.data(["ls"], { cwd })).toEqual(before);
  expect((await sandbox.reseal(["verify", "--all"], { cwd })).status).toBe(0);
  expect((await sandbox.reseal(["artifacts", "audit", "--verify", ...store], { cwd })).status).toBe(
    0,
  );
});

test("one run comes back with what it had in common with others; pins and parents stay", async () => {
  const sandbox = new Sandbox();
  const cwd = await workspace(sandbox, 5);
  const { items } = (await sandbox.data(["artifacts", "list", ...store], {
    cwd,
  })) as unknown as Listed;
  const [, , third, fourth, fifth] = items.map(({ id }) => id);
  await sandbox.reseal(["artifacts", "pin", "--id", fifth ?? "", "--on", ...store], { cwd });
  await sandbox.reseal(["artifacts", "gc", "--apply", "--force", ...store], { cwd });
  const ids = async (): Promise<readonly string[]> =>
    ((await sandbox.data(["artifacts", "list", ...store], { cwd })) as unknown as Listed).items.map(
      ({ id }) => id,
    );
  expect(await ids()).not.toContain(third);
  expect(await ids()).toContain(fifth);

  expect(
    (await sandbox.reseal(["artifacts", "restore", fourth ?? "", ...store], { cwd })).status,
  ).toBe(0);

  expect(await ids()).toContain(fourth);
  expect((await sandbox.reseal(["verify", "--all"], { cwd })).status).toBe(0);
});

test("a run that was cited with the promise to keep it is never deleted, until that is taken back", async () => {
  const sandbox = new Sandbox();
  const cwd = await workspace(sandbox, 3);
  const { items } = (await sandbox.data(["ls"], { cwd })) as unknown as Listed;
  const oldest = items.at(-1)?.run_id ?? "";
  const plan = async (): Promise<unknown> => sandbox.data(["artifacts", "gc", ...store], { cwd });

  const cited = await sandbox.data(["cite", oldest], { cwd });
  expect(cited).toMatchObject({ kept: false });
  expect(await plan()).toMatchObject({ plan: { total_to_delete: 1 } });
  expect(await sandbox.data(["cite", oldest, "--keep"], { cwd })).toMatchObject({ kept: true });

  expect(await plan()).toMatchObject({ plan: { total_to_delete: 0 } });
  const { items: entries } = (await sandbox.data(["artifacts", "list", ...store], {
    cwd,
  })) as unknown as Listed;
  const listed = await sandbox.reseal(["artifacts", "list", "--json", ...store], { cwd });
  expect(await validate("output.artifacts-list", JSON.parse(listed.stdout))).toEqual([]);
  const id = entries.at(-1)?.id ?? "";
  const why = await sandbox.reseal(["artifacts", "why", id, ...store], { cwd });
  expect(why.stdout).toContain("it is cited");
  const promote = ["artifacts", "pin", "--id", id, "--on", "--for", "promoted", ...store];
  expect(await sandbox.data(promote, { cwd })).toMatchObject({ pin: { purpose: "promoted" } });
  expect((await sandbox.reseal(["artifacts", "why", id, ...store], { cwd })).stdout).toContain(
    "it is promoted",
  );
  expect(await sandbox.data(["artifacts", "pin", "--id", id, "--off", ...store], { cwd })).toEqual(
    expect.objectContaining({ is_pinned: false, was_pinned: true }),
  );
  expect(await plan()).toMatchObject({ plan: { total_to_delete: 1 } });
});

test("a purge leaves a tombstone that verify and lineage understand", async () => {
  const sandbox = new Sandbox();
  const cwd = await workspace(sandbox, 1);
  await sandbox.reseal(["replay", "@last"], { cwd });
  const { items } = (await sandbox.data(["artifacts", "list", ...store], {
    cwd,
  })) as unknown as Listed;
  const oldest = items.at(-1)?.id ?? "";
  const kept = await sandbox.data(["artifacts", "why", oldest, ...store], { cwd });
  expect(kept).toMatchObject({ decision: "keep" });

  const purge = ["artifacts", "purge", oldest, "--reason", "a key", "--apply", "--force", ...store];
  expect((await sandbox.reseal(purge, { cwd })).status).toBe(0);

  expect((await sandbox.reseal(["store", "check", "--read-data"], { cwd })).status).toBe(0);
  const replayed = await sandbox.reseal(["ls", "--ids", "-f", "type=replay"], { cwd });
  const lineage = await sandbox.reseal(["verify", replayed.stdout.trim(), "--lineage"], { cwd });
  expect(lineage.stdout + lineage.stderr).toContain("was purged from this store");
});
