// What a stranger can do with what Reseal wrote, and what a store survives.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, main, Sandbox } from "./sandbox.ts";

type Row = Readonly<Record<string, unknown>>;

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
const cwd = sandbox.folder("work", { "a.sh": "echo 1\n", "data/in.csv": "1\n" });
const bundle = join(cwd, "..", "bundle");
let run: Row = {};

beforeAll(async () => {
  const script = `cp data/in.csv out.csv; mkdir deep; echo 2 > deep/b.csv; echo '{"name":"n","value":1}' >> $RESEAL_RUN_DIR/metrics.jsonl`;
  run = await sandbox.data(["run", "--in", "data", "--name", "first", "--", "sh", "-c", script], {
    cwd,
  });
  await sandbox.data(["export", "@last", "-o", bundle], { cwd });
});
afterAll(() => {
  for (const end of ends) end();
});

const tool = (program: string, args: readonly string[], folder = cwd): string =>
  execFileSync(program, args, { cwd: folder, encoding: "utf8" });

test("sha256sum of the manifest is the seal, and checks all the rest", () => {
  expect(`sha256:${tool("sha256sum", ["manifest.json"], bundle).split(" ")[0]}`).toBe(run.seal);
  expect(tool("sha256sum", ["-c", "--strict", "--quiet", "checksums.sha256"], bundle)).toBe("");
  for (const tree of readdirSync(join(bundle, "trees"))) {
    const folder = join(bundle, tree.replace(".sha256", ""));
    expect(tool("sha256sum", ["-c", "--strict", "--quiet", `../trees/${tree}`], folder)).toBe("");
  }
});

test("the bytes of a manifest in the store are the seal's as well", async () => {
  const { stdout } = await sandbox.shell("$RESEAL show @last --manifest | sha256sum", { cwd });
  const hex = String(run.seal).slice(7);

  expect(stdout.split(" ")[0]).toBe(hex);
  const blob = join(cwd, ".reseal", "artifacts", hex.slice(0, 2), hex);
  expect(tool("sha256sum", [blob]).split(" ")[0]).toBe(hex);
});

test("sqlite3 shows the documented views", () => {
  const query = (sql: string): string =>
    tool("sqlite3", ["-readonly", ".reseal/store.db", sql]).trim();

  expect(query("select count(*) from runs")).toBe("1");
  for (const view of ["artifacts", "runs", "metrics", "axioms", "models", "implications", "notes"])
    expect(query(`select count(*) >= 0 from ${view}`), view).toBe("1");
  expect(query("pragma integrity_check")).toBe("ok");
});

test("another store takes the bundle, twice without a difference", async () => {
  const store = sandbox.path("second");
  const first = await sandbox.data(["import", bundle, "--store", store], { cwd });
  const second = await sandbox.data(["import", bundle, "--store", store], { cwd });

  expect(first).toMatchObject({
    run_id: run.run_id,
    artifact_id: run.artifact_id,
    seal: run.seal,
    input_key: run.input_key,
    result_key: run.result_key,
    type: "run",
    status: "finished",
    is_new: true,
  });
  expect(second.is_new).toBe(false);
  expect((await sandbox.reseal(["verify", "--all", "--store", store], { cwd })).status).toBe(0);
});

test("a bundle that was changed is refused, and not even an empty store is left of it", async () => {
  const store = sandbox.path("refusing");
  const bad = sandbox.path("bad");
  tool("cp", ["-r", bundle, bad]);
  writeFileSync(join(bad, "outputs/out.csv"), "2\n");

  const { status } = await sandbox.reseal(["import", bad, "--store", store], { cwd });

  expect(status).toBe(4);
  expect(existsSync(store)).toBe(false);
  expect(readdirSync(join(store, "..")).filter((name) => name.startsWith("importing"))).toEqual([]);
  expect((await sandbox.reseal(["verify", bad], { cwd })).status).toBe(4);
});

test("an extra file is a finding, but no damage", async () => {
  const extra = sandbox.path("extra");
  tool("cp", ["-r", bundle, extra]);
  writeFileSync(join(extra, "notes.txt"), "");

  expect((await sandbox.reseal(["verify", extra], { cwd })).status).toBe(1);
});

test("without store.db any command brings everything back", async () => {
  const other = sandbox.path("lost");
  tool("cp", ["-r", cwd, other]);
  const before = await sandbox.data(["ls"], { cwd: other });
  for (const suffix of ["", "-wal", "-shm"])
    rmSync(join(other, ".reseal", `store.db${suffix}`), { force: true });

  expect(await sandbox.data(["ls"], { cwd: other })).toEqual(before);
  expect((await sandbox.reseal(["verify", "--all"], { cwd: other })).status).toBe(0);
});

test("a damaged store.db is moved aside, said, and made again", async () => {
  const other = sandbox.path("damaged-db");
  tool("cp", ["-r", cwd, other]);
  writeFileSync(join(other, ".reseal", "store.db"), "no database".repeat(1000));

  const { status, stdout, stderr } = await sandbox.reseal(["ls", "--json"], { cwd: other });

  expect(status).toBe(0);
  expect(stderr).toContain("damaged");
  expect(lastLine(stdout)).toMatchObject({ data: { items: [{ run_id: run.run_id }] } });
  expect(readdirSync(join(other, ".reseal")).join()).toContain("store.db.corrupt-");
});

test("a store of a newer format is refused with what to do, and left as it is", async () => {
  const other = sandbox.path("newer");
  tool("cp", ["-r", cwd, other]);
  writeFileSync(join(other, ".reseal", "format.json"), '{"format":99}\n');

  for (const args of [["ls"], ["run", "--", "touch", "ran"]]) {
    const { status, stderr } = await sandbox.reseal(args, { cwd: other });
    expect(status).toBe(2);
    expect(stderr).toContain("newest Reseal");
  }
  expect(readFileSync(join(other, ".reseal", "format.json"), "utf8")).toBe('{"format":99}\n');
  expect(readdirSync(other)).not.toContain("ran");
});

test("a store that may only be read is read, and says why it cannot be written", async () => {
  const other = sandbox.path("read-only");
  tool("cp", ["-r", cwd, other]);
  const isRoot = process.getuid?.() === 0;
  chmodSync(sandbox.root, 0o755);
  // Root may write everywhere, so somebody else looks.
  const someone = isRoot
    ? ["setpriv", "--reuid", "45678", "--regid", "45678", "--clear-groups"]
    : [];
  tool("chmod", ["-R", "a+rX,a-w", other]);
  const reseal = (...args: readonly string[]): ReturnType<Sandbox["run"]> => {
    const [program = "", ...rest] = [...someone, process.execPath, main, ...args];
    return sandbox.run(program, rest, { cwd: other });
  };

  for (const args of [
    ["ls"],
    ["show", "@last"],
    ["verify", "--all"],
    ["cat", "@last", "out.csv"],
    ["log", "@last"],
  ]) {
    const { status, stderr } = await reseal(...args);
    expect(status, `${args.join(" ")}: ${stderr}`).toBe(0);
  }
  const { status, stdout } = await reseal("run", "--json", "--", "true");
  tool("chmod", ["-R", "u+w", other]);
  expect(status).toBe(125);
  expect(lastLine(stdout)).toMatchObject({ error: { code: "RECORD_STORE_READ_ONLY" } });
});

test("a folder of results becomes an artifact; the same files, the same one", async () => {
  const one = sandbox.folder("results-1", { "t.csv": "1", "deep/u.csv": "2" });
  const two = sandbox.folder("results-2", { "t.csv": "1", "deep/u.csv": "2" });
  const store = sandbox.path("sealed");

  const first = await sandbox.data(["seal", one, "--title", "A", "--store", store], { cwd });
  const second = await sandbox.data(["seal", two, "--title", "B", "--store", store], { cwd });

  expect(first).toMatchObject({ type: "run", status: "finished", title: "A" });
  expect(second.artifact_id).toBe(first.artifact_id);
  expect(second.seal).not.toBe(first.seal);
});
