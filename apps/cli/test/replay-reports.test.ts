// Replays, comparisons and their reports through the built program.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertValid } from "@reseal/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, type PreparedWorkspace, prepareWorkspace } from "./prepared-workspace.ts";

let workspace: PreparedWorkspace;
let noisy: string;

beforeAll(() => {
  workspace = prepareWorkspace();
  write("noise.mjs", noise);
  noisy = record("node", "noise.mjs");
}, 60_000);
afterAll(() => workspace[Symbol.dispose]());

const noise = `import { appendFileSync, writeFileSync } from "node:fs";
const value = Math.random();
const rows = Array.from({ length: 20 }, (_, t) => t + "," + Math.sin(t + value));
writeFileSync("wave.csv", "t,x\\n" + rows.join("\\n") + "\\n");
appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl",
  JSON.stringify({ name: "amplitude", value }) + "\\n");
`;

function write(name: string, text: string): void {
  writeFileSync(join(workspace.folder, name), text);
}

function read(name: string): string {
  return readFileSync(join(workspace.folder, name), "utf8");
}

function record(...command: string[]): string {
  const { stdout } = workspace.reseal(["run", "--json", "--", ...command]);
  return (lastLine(stdout) as { data: { run_id: string } }).data.run_id;
}

test("a divergence is explained on the terminal: where, why and what to do next", () => {
  const { status, stdout } = workspace.reseal(["replay", noisy]);

  expect(status).toBe(1);
  expect(stdout).toContain("diverged (unexplained)");
  expect(stdout).toContain("first difference  wave.csv, row 1, column x");
  expect(stdout).toContain("Random numbers without the seed");
  expect(stdout).toContain("because noise.mjs line 2");
  expect(stdout).toMatch(/next: Seed every generator/);
});

test.for(["html", "md", "json"])("the report of a replay as %s", async (form) => {
  const name = `report.${form}`;
  const { status, stderr } = workspace.reseal(["replay", noisy, "--report", name, "--exit-zero"]);
  const text = read(name);

  expect(status).toBe(0);
  expect(stderr).toContain(`report written to ${name}`);
  expect(text).toContain("Random numbers without the seed");
  if (form === "html") expect(text.match(/<svg/g)?.length).toBeGreaterThanOrEqual(1);
  if (form === "json")
    await assertValid("comparison", (JSON.parse(text) as { comparison: unknown }).comparison);
});

test("a report of another form is refused before anything runs", () => {
  const { status, stderr } = workspace.reseal(["replay", noisy, "--report", "report.pdf"]);

  expect(status).toBe(2);
  expect(stderr).toContain(".md, .html, .json");
});

test("--times tells how stable the results are, with the variance of metrics", () => {
  const { status, stdout } = workspace.reseal(["replay", noisy, "--times", "3", "--json"]);
  const { data } = lastLine(stdout) as { data: Record<string, unknown> };

  expect(status).toBe(1);
  expect(data).toMatchObject({
    times: 3,
    stable: false,
    distinct_results: 3,
    metrics: [{ name: "amplitude", count: 3, variance: expect.any(Number) }],
    unstable_files: [{ path: "wave.csv", distinct: 3 }],
  });
});

test("--all replays every artifact once and prints the reproduction rate", () => {
  const all = workspace.reseal(["replay", "--all", "--report", "rate.md"]);
  workspace.shell("mkdir zips; cp ../colleague/run.zip zips/a.zip; echo no > zips/b.zip");
  const zips = workspace.reseal(["replay", "--all", "zips", "--store", "others"]);
  const forgiving = workspace.reseal(["replay", "--all", "../colleague", "--exit-zero"]);

  expect(all.status).toBe(1);
  expect(all.stdout).toMatch(/3 replayed: 2 reproduced, 1 diverged unexplained \(66\.7 %/);
  expect(read("rate.md")).toContain("| diverged unexplained | 1 |");
  expect(zips.status).toBe(0);
  expect(zips.stdout).toContain("1 replayed: 1 reproduced (100.0 %");
  expect(zips.stderr).toContain("zips/b.zip is left out");
  expect(forgiving.status).toBe(0);
  expect(forgiving.stdout).toContain("1 replayed: 1 reproduced (100.0 %");
});

test("compare decides a gate, says why, and ends with 1 when it fails", async () => {
  const [base, candidate] = workspace.runs;
  write("pass.yaml", "metrics:\n  rmse: {better: lower, max_regression: 0.02}\n");
  write(
    "fail.yaml",
    "metrics:\n  rmse: {better: lower, max: 0.1}\noutputs: {summary.json: equal}\n",
  );
  write("wrong.yaml", "metric: {}\n");

  const pass = workspace.reseal(["compare", base, candidate, "--gate", "pass.yaml", "--json"]);
  const fail = workspace.reseal(["compare", base, candidate, "--gate", "fail.yaml"]);
  const wrong = workspace.reseal(["compare", base, candidate, "--gate", "wrong.yaml"]);
  const plain = workspace.reseal(["compare", base, candidate, candidate, "--report", "c.html"]);

  const { data } = lastLine(pass.stdout) as {
    data: { gate: unknown; gate_artifact: { seal: string } };
  };
  expect(pass.status).toBe(0);
  expect(await assertValid("gate", data.gate)).toMatchObject({ decision: "pass" });
  const sealed = workspace.reseal(["cat", data.gate_artifact.seal, "eval/gate.json"]);
  expect(JSON.parse(sealed.stdout)).toEqual(data.gate);
  expect(fail.status).toBe(1);
  expect(fail.stdout).toContain("The gate failed: 2 of 2 rules were violated.");
  expect(fail.stdout).toMatch(/violated\s+candidate 1: rmse is 0\.333.*; at most 0\.1 is allowed/);
  expect(wrong.status).toBe(2);
  expect(plain.status).toBe(0);
  expect(read("c.html")).toContain("2 candidates");
});

test("a gate's decision is a validation artifact about what it judged", () => {
  const [base, candidate] = workspace.runs;
  write("gate.yaml", "metrics:\n  rmse: {better: lower, max: 0.1}\n");
  const args = ["compare", base, candidate, "--gate", "gate.yaml", "--json"];
  const sealOf = (stdout: string) =>
    (lastLine(stdout) as { data: { gate_artifact: { seal: string; artifact_id: string } | null } })
      .data.gate_artifact;

  const first = sealOf(workspace.reseal(args).stdout);
  const again = sealOf(workspace.reseal(args).stdout);
  const last = lastLine(workspace.reseal(["show", "@last", "--json"]).stdout);
  const none = sealOf(workspace.reseal([...args, "--no-seal"]).stdout);

  expect(first?.artifact_id).toBe(again?.artifact_id);
  expect(first?.seal).not.toBe(again?.seal);
  expect(none).toBeNull();
  expect(last).toMatchObject({ data: { type: "run" } }); // Not what was decided about runs.
  const shown = lastLine(workspace.reseal(["show", first?.seal ?? "", "--json"]).stdout) as {
    data: Record<string, unknown>;
  };
  expect(shown.data).toMatchObject({
    type: "validation",
    pass_fail: "fail",
    parents: [{ relationship: "baseline" }, { relationship: "candidate" }],
  });
  const verified = workspace.reseal(["verify", first?.seal ?? "", "--lineage"]);
  expect(verified.status).toBe(0);
});

test("diff explains, too, and writes the same report", () => {
  const { status, stdout } = workspace.reseal(["diff", ...workspace.runs, "--report", "diff.md"]);

  expect(status).toBe(1);
  expect(stdout).toContain("certain: The command, a parameter or a recorded variable");
  expect(read("diff.md")).toContain("## Likely causes");
});

test("policies, limits and times are checked before anything runs", () => {
  for (const flags of [
    ["--policy", "strictly"],
    ["--timeout", "soon"],
    ["--memory", "-1"],
    ["--times", "0"],
    ["--all", "--times", "2"],
  ])
    expect(
      workspace.reseal(["replay", ...(flags[0] === "--all" ? [] : [noisy]), ...flags]),
    ).toMatchObject({
      status: 2,
    });
});

test("a limit on memory reaches the command", () => {
  // `tail` holds all of it, because it cannot know where the end is.
  const command = "head -c 80000000 /dev/zero | tail -c 79999999 | wc -c > done.txt";
  const run = record("sh", "-c", command);

  const free = workspace.reseal(["replay", run]);
  const limited = workspace.reseal(["replay", run, "--memory", "64M", "--json"]);

  expect(free.status).toBe(0);
  const { data } = lastLine(limited.stdout) as {
    data: { verdict: string; checks: { name: string; status: string }[] };
  };
  const check = data.checks.find(({ name }) => name === "memory_limit");
  // Only Linux can keep this limit; elsewhere the check says so.
  expect([check?.status, data.verdict]).toEqual(
    process.platform === "linux" ? ["ok", "diverged"] : ["missing", "reproduced"],
  );
});
