// Bundles as ZIP files through the built program: to a file, to and from pipes, checked and refused.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, main, type PreparedWorkspace, prepareWorkspace } from "./prepared-workspace.ts";

let workspace: PreparedWorkspace;
beforeAll(() => {
  workspace = prepareWorkspace();
}, 60_000);
afterAll(() => workspace[Symbol.dispose]());

const at = (name: string): string => join(workspace.folder, name);

/** Run a command; what it printed, when it ended well. */
function must(...args: readonly string[]): string {
  const { status, stdout, stderr } = workspace.reseal(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

test("export to a file, by its name or by --format, and the same bytes every time", () => {
  const text = must("export", "@last", "-o", "a.zip");
  const { data } = lastLine(must("export", "@last", "-o", "b.zip", "--json")) as {
    data: Record<string, unknown>;
  };
  must("export", "@last", "-o", "plain", "--format", "zip");
  must("export", "@last", "--format", "zip");

  expect(text).toMatch(/^exported artifact [0-9a-f]{12} to a\.zip \(\d+ files, .* zipped\)\n$/);
  expect(data).toMatchObject({
    path: at("b.zip"),
    format: "zip",
    archive_bytes: statSync(at("b.zip")).size,
  });
  const named = readdirSync(workspace.folder).filter((name) => /^reseal-.*\.zip$/.test(name));
  for (const name of ["b.zip", "plain", ...named])
    expect(readFileSync(at(name)).equals(readFileSync(at("a.zip")))).toBe(true);
  expect(named).toHaveLength(1);
});

test("files of an archive can be stored as they are", () => {
  must("export", "@last", "-o", "stored.zip", "--no-compress");

  expect(workspace.shell("unzip -v stored.zip | grep -c Defl:").stdout.trim()).toBe("0");
  expect(workspace.shell("unzip -tqq stored.zip").status).toBe(0);
});

test("through a pipe to another store, which then has the same run", () => {
  const piped = workspace.shell(
    "reseal export @last -o - | tee piped.zip | reseal --store other import - --json",
  );
  must("export", "@last", "-o", "whole.zip");

  expect(piped.status).toBe(0);
  expect(lastLine(piped.stdout)).toMatchObject({ data: { is_new: true } });
  expect(readFileSync(at("piped.zip")).equals(readFileSync(at("whole.zip")))).toBe(true);
  expect(must("--store", "other", "verify", "--all")).toContain("intact");
});

test("verify, diff and replay take an archive by its path", () => {
  must("export", "@last", "-o", "run.zip");

  expect(must("verify", "run.zip")).toContain("intact");
  expect(must("diff", "run.zip", "@last", "--exit-zero")).toContain("artifact_id");
  const replay = workspace.reseal(["--store", "replays", "replay", "run.zip"]);
  expect(replay.status).toBe(0);
  expect(replay.stdout).toContain("reproduced");
});

test("a damaged archive is refused, and nothing of it stays", () => {
  must("export", "@last", "-o", "good.zip");
  const bytes = readFileSync(at("good.zip"));
  bytes[200] = (bytes[200] ?? 0) ^ 1;
  writeFileSync(at("bad.zip"), bytes);

  const verified = workspace.reseal(["verify", "bad.zip"]);
  const imported = workspace.reseal(["--store", "empty", "import", "bad.zip", "--json"]);
  const piped = workspace.shell("reseal --store empty import - < bad.zip");

  expect(verified.status).toBe(4);
  expect(imported.status).toBe(4);
  expect(piped.status).toBe(4);
  expect(lastLine(imported.stdout)).toMatchObject({ ok: false, error: { exit: 4 } });
  for (const folder of ["journal", "artifacts"])
    expect(existsSync(at(`empty/${folder}`)) ? readdirSync(at(`empty/${folder}`)) : []).toEqual([]);
});

test("standard input is bounded, and leaves no file behind", () => {
  must("export", "@last", "-o", "limit.zip");
  const refused = workspace.shell(
    "mkdir temporary; TMPDIR=$PWD/temporary reseal --store empty import --max-size 1KiB - < limit.zip",
  );
  const wrong = workspace.reseal(["import", "--max-size", "much", "-"]);

  expect(refused.status).toBe(5);
  expect(refused.stderr).toContain("--max-size");
  expect(wrong.status).toBe(2);
  const left = readdirSync(at("temporary"));
  expect(left.filter((name) => name.startsWith("reseal-stdin-"))).toEqual([]);
});

test("what standard output cannot take is refused before anything is written", () => {
  const json = workspace.reseal(["export", "@last", "-o", "-", "--json"]);
  const folder = workspace.reseal(["export", "@last", "-o", "-", "--format", "folder"]);
  const taken = workspace.reseal(["export", "@last", "-o", "train.mjs", "--format", "zip"]);

  expect(lastLine(json.stdout)).toMatchObject({ ok: false, error: { code: "CLI_USAGE" } });
  expect(folder).toMatchObject({ status: 2, stdout: "" });
  expect(taken.status).toBe(2);
});

test("a terminal gets no archive", ({ skip }) => {
  const command = `script -qec "${process.execPath} ${main} export @last -o -" /dev/null`;
  if (workspace.shell("command -v script").status !== 0) skip("script(1) is not installed here");

  const { stdout, status } = workspace.shell(command);

  expect(status).toBe(2);
  expect(stdout).toContain("not for a terminal");
});

test("the program has the threads' modules beside it", () => {
  for (const name of ["deflate-worker.js", "lane-reader.js", "verifying-reader.js"])
    expect(existsSync(join(main, "..", name))).toBe(true);
});
