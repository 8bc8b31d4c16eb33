// The artifact id of the shipped example: equal wherever, whenever and by whomever it is run.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findNode22 } from "./node-22.ts";
import { main, type Options, Sandbox } from "./sandbox.ts";

/** A smaller experiment, so that the tests take less time. */
const quick = ["--steps", "1600", "--members", "100"];

type Row = Readonly<Record<string, unknown>>;

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
let original: Row = {};

async function record(
  folder: string,
  flags: readonly string[] = [],
  args: readonly string[] = [],
  options: Options = {},
): Promise<Row> {
  const command = ["run", ...flags, "--", "node", "experiment.mjs", ...quick, ...args];
  return await sandbox.data(command, { cwd: folder, ...options });
}

beforeAll(async () => {
  original = await record(sandbox.example("original"));
});
afterAll(() => {
  for (const end of ends) end();
});

test("a run of the example has what --json promises", () => {
  expect(original).toMatchObject({
    run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    artifact_id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    seal: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    input_key: expect.stringMatching(/^sha256:/),
    result_key: expect.stringMatching(/^sha256:/),
    type: "run",
    status: "finished",
  });
});

test("twice in one folder, without cleaning, is one artifact with two seals", async () => {
  const again = await record(sandbox.path("original"));

  expect(again.artifact_id).toBe(original.artifact_id);
  expect(again.seal).not.toBe(original.seal);
  expect(again.run_id).not.toBe(original.run_id);
});

test("in another folder, with git, tags, another store and an old out/ it is the same", async () => {
  const folder = sandbox.example("elsewhere/deep/copy");
  execFileSync("git", ["init", "-q"], { cwd: folder });
  const commit = ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "x"];
  execFileSync("git", ["add", "."], { cwd: folder });
  execFileSync("git", commit, { cwd: folder });
  execFileSync(process.execPath, ["experiment.mjs", "--seed", "5"], { cwd: folder });

  const flags = [
    "--tag",
    "x",
    "--name",
    "other",
    "--note",
    "text",
    "--project",
    "p",
    "--store",
    "../st",
  ];
  const run = await record(folder, flags, [], {
    env: { TZ: "Pacific/Auckland", LANG: "de_DE.UTF-8" },
  });

  expect(run.artifact_id).toBe(original.artifact_id);
  expect(run).toMatchObject({ name: "other", tags: ["x"] });
});

test("in a linked work tree of git it is the same", async () => {
  const folder = sandbox.example("main-tree");
  const git = (...args: readonly string[]): Buffer =>
    execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@b", ...args], { cwd: folder });
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "x");
  git("worktree", "add", "-q", sandbox.path("linked-tree"));

  const run = await record(sandbox.path("linked-tree"));

  expect(run.artifact_id).toBe(original.artifact_id);
});

test("for another user it is the same", async () => {
  const folder = sandbox.example("of-somebody-else");
  const isRoot = process.getuid?.() === 0;
  let run: Row;
  if (isRoot) {
    // Nobody must be able to go there, to read the program and to write.
    chmodSync(sandbox.root, 0o755);
    execFileSync("chown", ["-R", "45678:45678", folder]);
    const command = ["--reuid", "45678", "--regid", "45678", "--clear-groups", process.execPath];
    const { stdout, stderr } = await sandbox.run(
      "setpriv",
      [...command, main, "--json", "run", "--", "node", "experiment.mjs", ...quick],
      { cwd: folder, env: { HOME: folder } },
    );
    expect(stderr).toContain("sealed");
    run = (JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { data: Row }).data;
    expect(run.user).toBe("uid 45678");
  } else run = await record(folder, [], [], { env: { USER: "grace", LOGNAME: "grace" } });

  expect(run.artifact_id).toBe(original.artifact_id);
});

test("with Node 22 it is the same, recorded and run", async () => {
  const found = await findNode22();
  if ("reason" in found) {
    console.log(`No Node 22 to try it with: ${found.reason}`);
    return;
  }
  const { path: node } = found;
  const path = [dirname(node), sandbox.env.PATH].join(delimiter);

  const run = await record(sandbox.example("node-22"), [], [], { node, env: { PATH: path } });

  expect(run.artifact_id).toBe(original.artifact_id);
  expect(run.env_key).not.toBe(original.env_key);
});

test.for([
  ["one byte of an output", [], ["--perturbation", "1.0000001e-8"]],
  ["a parameter", [], ["--rho", "14"]],
  ["the seed", ["--seed", "7"], []],
] as const)("another id for %s", async ([what, flags, args], context) => {
  const run = await record(sandbox.example(`changed-${context.task.id}`), flags, args);

  expect(run.artifact_id, what).not.toBe(original.artifact_id);
  expect(run.input_key).not.toBe(original.input_key);
  expect(run.result_key).not.toBe(original.result_key);
});

test("one byte of the code changes the question, one byte of an output the answer", async () => {
  const folder = sandbox.example("one-byte");
  writeFileSync(join(folder, "README.md"), `${readFileSync(join(folder, "README.md"), "utf8")}\n`);
  const code = await record(folder);
  expect(code.input_key).not.toBe(original.input_key);
  expect(code.result_key).toBe(original.result_key);
  expect(code.artifact_id).not.toBe(original.artifact_id);

  const small = sandbox.folder("small");
  const answer = (byte: string): Promise<Row> =>
    sandbox.data(["run", "--", "sh", "-c", "echo $NOISE > out.txt"], {
      cwd: small,
      env: { NOISE: byte },
    });
  const [one, two] = [await answer("1"), await answer("2")];
  expect(two.input_key).toBe(one.input_key);
  expect(two.result_key).not.toBe(one.result_key);
  expect(two.artifact_id).not.toBe(one.artifact_id);
});

test("what a run prints is no part of it, what it is asked to print is", async () => {
  const folder = sandbox.folder("printing", {});
  const run = (flags: readonly string[], value: string): Promise<Row> =>
    sandbox.data(["run", ...flags, "--", "sh", "-c", "echo $NOISE; echo 1 > out.txt"], {
      cwd: folder,
      env: { NOISE: value },
    });

  const [one, two] = [await run([], "a"), await run([], "b")];
  expect(one.artifact_id).toBe(two.artifact_id);

  const [three, four] = [await run(["--stdout"], "a"), await run(["--stdout"], "b")];
  expect(three.artifact_id).not.toBe(four.artifact_id);
  const five = await run(["--env", "NOISE"], "a");
  expect(five.input_key).not.toBe(one.input_key);
});

test("the same content of two tenants, a failed run and a run without a result", async () => {
  const folder = sandbox.folder("odd");
  const run = async (script: string): Promise<Row> =>
    await sandbox.data(["run", "--", "sh", "-c", script], { cwd: folder });

  const [failed, again] = [await run("exit 3"), await run("exit 3")];
  expect(failed).toMatchObject({ status: "failed", exit_code: 3, result_key: expect.any(String) });
  expect(again.artifact_id).toBe(failed.artifact_id);

  const nothing = await run("echo $$");
  expect(nothing).toMatchObject({ result_key: null, status: "finished" });
  expect(nothing.warnings).toMatchObject([{ code: "NO_RESULT" }]);
});
