// What a command's exit status says, and that every error is one that a program can read.
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStores } from "@reseal/connect";
import { sealFolder } from "@reseal/record";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, Sandbox } from "./sandbox.ts";

type Row = Readonly<Record<string, string>>;

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
const cwd = sandbox.folder("work", { "a.py": "1", plain: "x" });
const token = ["ghp", "Zk3vQ8sLp1Xc7Rn5Tb9Yw2Md6Hf4Gj0Aa8Ue"].join("_");
let runs: readonly Row[] = [];

beforeAll(async () => {
  const record = (value: string): Promise<unknown> =>
    sandbox.data(["run", "--", "sh", "-c", `echo ${value} > a.csv`], { cwd });
  runs = [await record("1"), await record("2")] as Row[];
});
afterAll(() => {
  for (const end of ends) end();
});

test.for([
  [["run", "--", "no-such-command"], 127, "RECORD_COMMAND_NOT_FOUND"],
  [["run", "--", "./plain"], 126, "RECORD_COMMAND_NOT_EXECUTABLE"],
  [["run", "--in", "nothing", "--", "true"], 125, "RECORD_INPUT_NOT_FOUND"],
  [["run", "--seed", "x", "--", "true"], 2, "RECORD_COMMAND_INVALID"],
  [["run", "--tag", "", "--", "true"], 2, "RECORD_DESCRIPTION_INVALID"],
  [["run", "--out", "/elsewhere", "--", "true"], 2, "RECORD_INPUT_INVALID"],
  [["run"], 2, "CLI_USAGE"],
  [["seal", "nothing"], 3, "RECORD_FOLDER_NOT_FOUND"],
  [["seal", ".", "--type", "No Word"], 2, "RECORD_DESCRIPTION_INVALID"],
  [["ls", "--limit", "0"], 2, "CLI_USAGE"],
  [["ls", "--columns", "nothing"], 2, "CLI_USAGE"],
  [["show", "ffffffffffff"], 3, "CLI_RUN_NOT_FOUND"],
  [["show", "abc"], 3, "CLI_RUN_NOT_FOUND"],
  [["show"], 2, "CLI_USAGE"],
  [["cat", "@last", "nothing"], 3, "CLI_PATH_NOT_FOUND"],
  [["verify"], 2, "CLI_USAGE"],
  [["verify", "./nothing"], 3, "BUNDLE_NOT_A_BUNDLE"],
  [["import", "./nothing"], 3, "BUNDLE_NOT_A_BUNDLE"],
  [["schema", "show", "nothing"], 3, "CLI_PATH_NOT_FOUND"],
  [["cite", "@last", "--format", "nothing"], 2, "CLI_USAGE"],
] as const)("%j ends with %i and says why", async ([args, status, code]) => {
  const [before, after] = await Promise.all([
    sandbox.reseal(["--json", ...args], { cwd }),
    sandbox.reseal(args, { cwd }),
  ]);

  expect(before.status).toBe(status);
  expect(lastLine(before.stdout)).toMatchObject({
    ok: false,
    error: { code, exit: status, message: expect.any(String), hint: expect.any(String) },
  });
  expect(after.status).toBe(status);
  expect(after.stdout).toBe("");
  expect(after.stderr).toMatch(/^error: /m);
  expect(after.stderr + before.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
});

test.for([
  [["rnu"], "run"],
  [["exprot"], "export"],
  [["ls", "--limti", "3"], "--limit"],
  [["run", "--dryrun", "--", "true"], "--dry-run"],
] as const)("%j is a slip: did you mean %s?", async ([args, meant]) => {
  const { status, stderr } = await sandbox.reseal(args, { cwd });
  const json = await sandbox.reseal(["--json", ...args], { cwd });

  expect(status).toBe(2);
  expect(stderr.toLowerCase()).toMatch(new RegExp(`did you mean.*${meant}`));
  expect(json.status).toBe(2);
  expect(lastLine(json.stdout)).toMatchObject({ ok: false, error: { exit: 2 } });
});

test("a stack is printed when it is asked for, and only then", async () => {
  const { stderr } = await sandbox.reseal(["--debug", "show", "ffffffffffff"], { cwd });

  expect(stderr).toMatch(/^\s+at /m);
});

test("flags after -- are the command's own", async () => {
  const { status, stdout, stderr } = await sandbox.reseal(
    ["run", "--", "no-such-command", "--json", "--debug"],
    { cwd },
  );

  expect(status).toBe(127);
  expect(stdout).toBe("");
  expect(stderr).not.toMatch(/^\s+at /m);
});

test("an ambiguous prefix lists what it may mean, a longer one does not", async () => {
  const other = sandbox.folder("ambiguous", { "one/a": "1", "two/a": "2" });
  const ids = ["abcd1111-0000-4000-8000-000000000001", "abcd2222-0000-4000-8000-000000000002"];
  const rest = ids.values();
  {
    await using stores = await openStores(join(other, ".reseal"), {
      create: true,
      ids: { runId: () => rest.next().value ?? "" },
    });
    for (const name of ["one", "two"])
      await sealFolder(stores, { folder: join(other, name), env: {}, toolVersion: "0.0.0" });
  }

  const { status, stdout } = await sandbox.reseal(["--json", "show", "abcd"], { cwd: other });
  expect(status).toBe(3);
  const { error } = lastLine(stdout) as { error: { code: string; details: { candidates: Row[] } } };
  expect(error.code).toBe("CLI_RUN_AMBIGUOUS");
  expect(error.details.candidates.map(({ run_id }) => run_id).sort()).toEqual(ids);
  const { stderr } = await sandbox.reseal(["show", "abcd"], { cwd: other });
  for (const id of ids) expect(stderr).toContain(id);

  expect(await sandbox.data(["show", "abcd1"], { cwd: other })).toMatchObject({ run_id: ids[0] });
});

test.for(["run_id", "artifact_id", "seal", "input_key", "result_key", "type", "status"])(
  "run, show and seal have %s with --json",
  async (key) => {
    const show = await sandbox.data(["show", runs[0]?.run_id ?? ""], { cwd });

    expect(runs[0]).toHaveProperty(key);
    expect(show).toHaveProperty(key);
    expect(show[key]).toBe(runs[0]?.[key]);
  },
);

test("a blob that was damaged is found and never handed out in silence", async () => {
  const other = sandbox.folder("damaged");
  await sandbox.data(["run", "--", "sh", "-c", "echo precious > a.csv"], { cwd: other });
  const show = await sandbox.data(["show", "@last"], { cwd: other });
  const { files } = show.context as { files: { path: string; digest: string }[] };
  const hex = files.find(({ path }) => path === "outputs/a.csv")?.digest.slice(7) ?? "";
  const blob = join(other, ".reseal", "artifacts", hex.slice(0, 2), hex);
  chmodSync(blob, 0o644);
  writeFileSync(blob, "tampered");

  for (const args of [
    ["verify", "--all"],
    ["verify", "@last"],
  ])
    expect((await sandbox.reseal(args, { cwd: other })).status, args.join(" ")).toBe(4);
  expect((await sandbox.reseal(["cat", "@last", "a.csv"], { cwd: other })).status).toBe(4);
  expect((await sandbox.reseal(["export", "@last", "-o", "b"], { cwd: other })).status).toBe(4);
  expect(readdirSync(other)).not.toContain("b");
});

test("--strict refuses code with a secret before, and an output with one after the run", async () => {
  const before = sandbox.folder("strict-before", { "secret.env": `TOKEN=${token}` });
  const code = await sandbox.reseal(["run", "--json", "--strict", "--", "touch", "ran"], {
    cwd: before,
  });
  expect(code.status).toBe(5);
  expect(lastLine(code.stdout)).toMatchObject({ error: { code: "RECORD_SECRET_FOUND", exit: 5 } });
  expect(readdirSync(before)).not.toContain("ran");

  const after = sandbox.folder("strict-after");
  const script = `echo "${token.slice(0, 10)}$REST" > out.txt`;
  const output = await sandbox.reseal(["run", "--json", "--strict", "--", "sh", "-c", script], {
    cwd: after,
    env: { REST: token.slice(10) },
  });
  expect(output.status).toBe(5);
  const lines = output.stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  expect(lastLine(output.stdout)).toMatchObject({
    ok: false,
    error: { code: "CLI_SECRET_WITHHELD", details: { run_id: expect.any(String) } },
  });
  expect((await sandbox.data(["ls"], { cwd: after })).items).toHaveLength(1);
});

test("what a run refuses it refuses before the command has done anything", async () => {
  const other = sandbox.folder("refused");

  await sandbox.reseal(["run", "--note", "\u001b[2J", "--title", "a\nb", "--", "touch", "ran"], {
    cwd: other,
  });

  expect(readdirSync(other)).not.toContain("ran");
});
