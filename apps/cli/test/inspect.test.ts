// Looking into a run: its files, metrics and environment.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main, Sandbox, until } from "./sandbox.ts";

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
afterAll(() => {
  for (const end of ends) end();
});
const cwd = sandbox.folder("work", {
  "train.mjs": `import { appendFileSync, writeFileSync } from "node:fs";
const note = (metric) =>
  appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl", JSON.stringify(metric) + "\\n");
for (const [step, value] of [0.5, 0.25].entries()) note({ name: "loss", value, step });
note({ name: "rmse", value: "NaN" });
note({ name: "wall_time", value: 3 });
writeFileSync("model.txt", "weights");
`,
});

const runs: string[] = [];
beforeAll(async () => {
  for (const zone of ["UTC", "Asia/Tokyo"]) {
    const env = { TZ: zone, OMP_NUM_THREADS: "2" };
    const { run_id } = await sandbox.data(["run", "--", "node", "train.mjs"], { cwd, env });
    runs.push(String(run_id));
  }
});

async function told(...args: readonly string[]) {
  return await sandbox.reseal(args, { cwd });
}

test("files are listed with size, role and digest; a role narrows them", async () => {
  const { stdout } = await told("files", "@last");
  const outputs = await sandbox.data(["files", "@last", "--role", "output"], { cwd });
  const none = await told("files", "@last", "--role", "evidence");

  expect(stdout).toMatch(/^7 B\s+output\s+[0-9a-f]{12}\s+outputs\/model\.txt$/m);
  expect(stdout).toMatch(/\d+ files, /);
  expect(outputs).toMatchObject({ bytes: 7, items: [{ path: "outputs/model.txt", size: 7 }] });
  expect(none.stdout.trim()).toBe("no files");
});

test("metrics are listed, results and circumstances, and the course of one is CSV", async () => {
  const { stdout } = await told("metrics", "@last");
  const course = await told("metrics", "@last", "--key", "loss");
  const single = await told("metrics", "@last", "--key", "rmse");
  const { points } = await sandbox.data(["metrics", "@last", "--key", "loss"], { cwd });

  expect(stdout).toMatch(/^loss\s+0\.25\s+result\s+metrics\/loss\.csv$/m);
  expect(stdout).toMatch(/^rmse\s+NaN\s+result$/m);
  expect(stdout).toMatch(/^wall_time\s+3\s+circumstance$/m);
  expect(course.stdout).toBe("step,value\n0,0.5\n1,0.25\n");
  expect(single.stdout).toBe("step,value\n,NaN\n");
  expect(points).toEqual([
    [0, 0.5],
    [1, 0.25],
  ]);
});

test("an unknown metric is not found, and the likely one is named", async () => {
  const { status, stderr } = await told("metrics", "@last", "--key", "los");

  expect(status).toBe(3);
  expect(stderr).toContain("loss");
});

test("the environment is shown, and two are held against each other", async () => {
  const [first = "", second = ""] = runs;
  const { stdout } = await told("env", first);
  const differing = await told("env", first, "--diff", second);
  const same = await told("env", first, "--diff", first);

  expect(stdout).toMatch(/^runtime\s+node 2\d/m);
  expect(stdout).toMatch(/^time zone\s+UTC$/m);
  expect(stdout).toMatch(/^threads\s+OMP_NUM_THREADS=2$/m);
  expect(differing).toMatchObject({ status: 1 });
  expect(differing.stdout).toMatch(/^timezone\s+.*UTC -> Asia\/Tokyo$/m);
  expect(same).toMatchObject({ status: 0, stdout: "the same environment\n" });
});

test("what was sealed without running has no environment, and that is said", async () => {
  const folder = sandbox.folder("work/results", { "a.csv": "1" });
  await sandbox.data(["seal", folder], { cwd });
  const { status, stderr } = await told("env", "@last");

  expect(status).toBe(3);
  expect(stderr).toContain("recorded no environment");
});

test("a damaged document is an integrity failure", async () => {
  const { items } = await sandbox.data(["files", runs[0] ?? ""], { cwd });
  const { digest } = (items as { path: string; digest: string }[]).find(
    ({ path }) => path === "environment.json",
  ) ?? { digest: "" };
  const hex = digest.slice(7);
  const blob = join(cwd, ".reseal", "artifacts", hex.slice(0, 2), hex);
  const bytes = readFileSync(blob);
  const broken = Buffer.from(bytes);
  broken[5] = (broken[5] ?? 0) ^ 1;
  await sandbox.run("chmod", ["u+w", blob]);
  writeFileSync(blob, broken);

  const { status } = await told("env", runs[0] ?? "");
  writeFileSync(blob, bytes);

  expect(status).toBe(4);
});

test("the log of a run that goes on is followed until its end, redacted", async () => {
  const folder = sandbox.folder("following");
  const secret = ["ghp", "Zk3vQ8sLp1Xc7Rn5Tb9Yw2Md6Hf4Gj0Aa8Ue"].join("_");
  const script = `echo one; echo ${secret}; until [ -e go ]; do sleep 0.05; done; echo two >&2`;
  const running = sandbox.start(process.execPath, [main, "run", "--", "sh", "-c", script], {
    cwd: folder,
  });
  await until(() => existsSync(join(folder, ".reseal", "tmp")), "the store");
  await until(() => livingLog(folder).includes("one"), "the first line");
  const follower = sandbox.start(process.execPath, [main, "log", "@last", "-f"], { cwd: folder });
  let seen = "";
  follower.child.stdout?.on("data", (text: string) => {
    seen += text;
  });
  await until(() => seen.includes("one"), "what was printed before");
  writeFileSync(join(folder, "go"), "");
  await running.ended;
  const { status, stdout } = await follower.ended;
  const ended = await sandbox.reseal(["log", "@last", "-f"], { cwd: folder });
  const refused = await sandbox.reseal(["log", "@last", "-f", "--events"], { cwd: folder });

  expect(status).toBe(0);
  expect(stdout).toMatch(/^one\n.*REDACTED.*\ntwo\n$/);
  expect(stdout).not.toContain(secret);
  expect(ended.stdout).toBe(stdout); // It has ended: the same, from the bundle.
  expect(refused.status).toBe(2);
});

/** What a run that goes on has printed so far. */
function livingLog(folder: string): string {
  const scratch = join(folder, ".reseal", "tmp");
  const spool = readdirSync(scratch).find((name) => name.startsWith("run-"));
  const log = spool && join(scratch, spool, "logs", "stdout.log");
  return log && existsSync(log) ? readFileSync(log, "utf8") : "";
}
