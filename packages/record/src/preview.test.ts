import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { token } from "../test/capture.ts";
import { makeStores } from "../test/memory-stores.ts";
import { env, record } from "../test/record.ts";
import { makeTree } from "../test/temporary-tree.ts";
import { previewRun, type RunPreview } from "./preview.ts";
import type { RunRequest } from "./run-request.ts";

function preview(workspace: string, request: Partial<RunRequest> = {}): Promise<RunPreview> {
  return previewRun({
    argv: ["python3", "train.py", "--token", token],
    places: { workspace, cwd: workspace },
    env,
    toolVersion: "0.0.0",
    ...request,
  });
}

const listing = (folder: string): string =>
  execFileSync("find", [folder, "-printf", "%P %s %T@ %C@\n"], { encoding: "utf8" });

test("says what would be captured and what not, and writes nothing", async () => {
  const workspace = makeTree({
    "train.py": "print(1)",
    "data/a.csv": "1",
    "big/b.bin": "22",
    "a.log": "",
    ".gitignore": "*.log\n",
    "secret.env": token,
    "out/old.csv": "1",
  });
  symlinkSync("/etc/hostname", join(workspace, "far"));
  const before = listing(workspace);

  const plan = await preview(workspace, { inputs: ["data"], inputRefs: ["big"], outputs: ["out"] });

  expect(plan).toMatchObject({
    workspace,
    command: ["python3", "train.py", "--token", "[REDACTED:github-token:1]"],
    inputs: [{ path: "data/a.csv", size: 1 }],
    external: [{ name: "big/b.bin", size: 2 }],
    output_patterns: ["out"],
  });
  expect(plan.code.map(({ path }) => path)).toEqual([".gitignore", "train.py"]);
  expect(plan.left_out).toEqual([
    { path: "a.log", reason: "ignored" },
    { path: "far", reason: "special" },
    { path: "secret.env", reason: "withheld" },
  ]);
  expect(listing(workspace)).toBe(before);
});

test("takes the code that a run would take", async () => {
  const workspace = makeTree({ "a.py": "1", "b/c.py": "2", "d.bin": "\0", "uv.lock": "3" });

  const plan = await preview(workspace);
  const run = await record(makeStores(), workspace, "true");

  const recorded = run.manifest.context.files
    .filter(({ role }) => role === "code")
    .map(({ path }) => path.slice("code/".length));
  expect(plan.code.map(({ path }) => path)).toEqual(recorded);
});

test.for([
  [{ argv: [] }, "RECORD_COMMAND_INVALID"],
  [{ argv: ["a", "{seed}"] }, "RECORD_COMMAND_INVALID"],
  [{ inputs: ["nothing"] }, "RECORD_INPUT_NOT_FOUND"],
  [{ outputs: ["/elsewhere"] }, "RECORD_INPUT_INVALID"],
] as const)("what a run would refuse, %j, is refused here too", async ([request, code]) => {
  await expect(preview(makeTree(), request)).rejects.toMatchObject({ code });
});
