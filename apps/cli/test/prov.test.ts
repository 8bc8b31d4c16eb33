// `reseal prov` and `reseal verify --lineage` on a store with replays.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, type PreparedWorkspace, prepareWorkspace } from "./prepared-workspace.ts";

interface Prov {
  readonly data: {
    readonly root: string;
    readonly nodes: readonly { readonly seal: string; readonly type: string }[];
    readonly edges: readonly { readonly relationship: string }[];
    readonly findings: readonly object[];
    readonly is_cut: boolean;
  };
}

let workspace: PreparedWorkspace;
let run: string;
beforeAll(() => {
  workspace = prepareWorkspace();
  [run] = workspace.runs;
  expect(workspace.reseal(["replay", run]).status).toBe(0);
}, 60_000);
afterAll(() => workspace[Symbol.dispose]());

function prov(...args: readonly string[]): Prov["data"] {
  return (lastLine(workspace.reseal(["prov", ...args, "--json"]).stdout) as Prov).data;
}

test("a run has its replay and the run that was done again below it", () => {
  const { nodes, edges, findings } = prov(run);

  expect(nodes.map(({ type }) => type).sort()).toEqual(["replay", "run", "run"]);
  expect(edges.map(({ relationship }) => relationship).sort()).toEqual([
    "candidate",
    "original",
    "replay_of",
  ]);
  expect(findings).toEqual([]);
});

test("levels are counted, and what is left out is said", () => {
  const { status, stderr } = workspace.reseal(["prov", run, "--down", "0"]);

  expect(status).toBe(0);
  expect(stderr).toContain("There is more");
  expect(prov(run, "--down", "0")).toMatchObject({ is_cut: true, edges: [] });
  expect(workspace.reseal(["prov", run, "--up", "-1"]).status).toBe(2);
});

test.for([
  ["tree", /^run .*\n(.*\n)*└─ to original/],
  ["json", /^\{\n {2}"root"/],
  ["dot", /^digraph lineage \{/],
  ["mermaid", /^flowchart BT\n/],
] as const)("it is printed as %s", ([format, pattern]) => {
  expect(workspace.reseal(["prov", run, "--format", format]).stdout).toMatch(pattern);
});

test("a parent that is not in the store is a warning, and fails the check of the lineage", () => {
  const list = workspace.reseal(["ls", "--ids", "-f", "type=replay", "-n", "1"]).stdout.trim();
  const archive = join(workspace.folder, "replay.zip");
  const elsewhere = ["--store", join(workspace.folder, "..", "elsewhere")];
  expect(workspace.reseal(["export", list, "-o", archive]).status).toBe(0);
  expect(workspace.reseal([...elsewhere, "import", archive]).status).toBe(0);
  rmSync(archive);

  const shown = workspace.reseal([...elsewhere, "prov", list]);
  const checked = workspace.reseal([...elsewhere, "verify", list, "--lineage"]);

  expect(shown).toMatchObject({ status: 0, stderr: expect.stringMatching(/not in this store/) });
  expect(checked).toMatchObject({ status: 1, stdout: expect.stringMatching(/not in this store/) });
  expect(workspace.reseal([...elsewhere, "verify", list]).status).toBe(0);
  expect(workspace.reseal(["verify", list, "--lineage"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/3 bundles/),
  });
});

test("a bundle outside of a store has no lineage to check", () => {
  expect(workspace.reseal(["verify", "../colleague/bundle", "--lineage"]).status).toBe(2);
});
