// Completion as shells use it: the printed scripts are loaded by bash, and by zsh and fish where
// they are installed.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main, type PreparedWorkspace, prepareWorkspace } from "./prepared-workspace.ts";

let workspace: PreparedWorkspace;
beforeAll(() => {
  workspace = prepareWorkspace();
}, 60_000);
afterAll(() => workspace[Symbol.dispose]());

/** What `reseal __complete` answers for a line, without descriptions. */
function complete(...words: string[]): string[] {
  const { stdout, stderr, status } = workspace.reseal(["__complete", "--", ...words]);
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return lines(stdout).map((line) => line.split("\t")[0] ?? "");
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

test("commands, subcommands and flags", () => {
  expect(complete("ex")).toEqual(["export", "explain"]);
  expect(complete("")).toEqual(expect.arrayContaining(["run", "ls", "completion"]));
  expect(complete("schema", "")).toEqual(["ls", "show", "validate"]);
  expect(complete("ls", "--fi")).toEqual(["--filter"]);
  expect(complete("ls", "--js")).toEqual(["--json"]);
  expect(complete("--json", "--store", "ls", "sch")).toEqual(["schema"]);
});

test("a flag that was given is not offered again, one that may repeat is", () => {
  expect(complete("ls", "--limit", "3", "--li")).toEqual([]);
  expect(complete("ls", "--filter", "a=1", "--fi")).toEqual(["--filter"]);
});

test("values of flags, with a space or =", () => {
  expect(complete("cite", "x", "--format", "")).toEqual(["bibtex", "json", "markdown", "datacite"]);
  expect(complete("cite", "--format=m")).toEqual(["--format=markdown"]);
  expect(complete("--color", "al")).toEqual(["always"]);
  expect(complete("ls", "-c", "run,stat")).toEqual(["run,status"]);
  expect(complete("ls", "--sort", "-dur")).toEqual(["-duration_ms"]);
  expect(complete("ls", "-f", "proj")).toEqual(["project="]);
});

test("names that the program knows: schemas, topics, codes, shells", () => {
  expect(complete("schema", "show", "mani")).toEqual(["manifest"]);
  expect(complete("help", "for")).toEqual(["formats"]);
  expect(complete("help", "schema", "s")).toEqual(["show"]);
  expect(complete("explain", "store_blob_c")).toEqual(["STORE_BLOB_CORRUPT"]);
  expect(complete("completion", "")).toEqual(["bash", "zsh", "fish", "powershell"]);
});

test("files are left to the shell, and so is the command that is run", () => {
  expect(complete("schema", "validate", "run", "")).toEqual([":files"]);
  expect(complete("diff", "zz")).toEqual([":files"]);
  expect(complete("seal", "")).toEqual([":folders"]);
  expect(complete("run", "--", "py")).toEqual([":programs"]);
  expect(complete("run", "--", "ls", "--fil")).toEqual([":programs"]);
});

test("ids, each as short as it is unique, with what the run was", () => {
  const [first, second] = workspace.runs;
  const { stdout } = workspace.reseal(["__complete", "--", "show", ""]);

  expect(complete("show", "")).toEqual(
    expect.arrayContaining(["@last", first.slice(0, 8), second.slice(0, 8)]),
  );
  expect(stdout).toMatch(
    new RegExp(`^${first.slice(0, 8)}\tfinished \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d take-1$`, "m"),
  );
  expect(complete("show", first.slice(0, 3))).toContain(first.slice(0, 8));
  expect(complete("show", first.slice(0, 10))).toEqual([first.slice(0, 10)]);
  expect(complete("diff", first.slice(0, 8), second.slice(0, 6))).toContain(second.slice(0, 8));
});

test("artifact ids and seals, with their algorithm when it is typed", () => {
  const { stdout } = workspace.reseal(["show", "@last", "--json"]);
  const { artifact_id } = (JSON.parse(stdout) as { data: { artifact_id: string } }).data;
  const hex = artifact_id.slice("sha256:".length);

  expect(complete("cite", hex.slice(0, 6))).toContain(hex.slice(0, 8));
  expect(complete("cite", artifact_id.slice(0, 12))).toContain(artifact_id.slice(0, 15));
});

test("the files of a run", () => {
  const [first] = workspace.runs;

  expect(complete("cat", first, "sum")).toEqual(["summary.json"]);
  expect(complete("cat", "@last", "outputs/f")).toEqual(["outputs/figure.svg"]);
});

test("where there is no store, or anything else is wrong, nothing is said", () => {
  expect(complete("--store", "no-such-store", "show", "")).toEqual([]);
  expect(complete("nosuch", "")).toEqual([]);
  expect(complete("cat", "feedbeef", "")).toEqual([]);
});

test("a key press makes no store", () => {
  const { stdout, stderr } = workspace.shell(
    "mkdir alone && cd alone && touch reseal.yaml && reseal __complete -- show '' && ls -A",
  );

  expect({ stdout, stderr }).toEqual({ stdout: "reseal.yaml\n", stderr: "" });
});

/** How each shell is asked what it would offer for a line. */
const shells: Readonly<Record<string, (line: string) => readonly string[]>> = {
  bash: (line) => [
    "-c",
    String.raw`
eval "$(reseal completion bash)" || exit
COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=()
rest=$1
while [[ -n $rest ]]; do # As readline splits: at spaces, and around = and :.
  case $rest in
    [[:space:]]*) rest=\${rest#?}; [[ -z $rest ]] && COMP_WORDS+=(""); continue ;;
    [=:]*) word=\${rest%%[!=:]*} ;;
    *) word=\${rest%%[[:space:]=:]*} ;;
  esac
  COMP_WORDS+=("$word")
  rest=\${rest#"$word"}
done
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_reseal
printf '%s\n' "\${COMPREPLY[@]}"`.replaceAll("\\${", "${"),
    "bash",
    line,
  ],
  zsh: (line) => [
    "-f",
    "-c",
    String.raw`
compdef() { :; }
_describe() { print -rl -- "\${(@P)\${@[-1]}}"; }
_files() { print -rl -- *(N); }
eval "$(reseal completion zsh)" || exit
words=("\${(@s: :)1}")
CURRENT=$#words
_reseal`.replaceAll("\\${", "${"),
    "zsh",
    line,
  ],
  fish: (line) => [
    "--no-config",
    "-c",
    "reseal completion fish | source; complete -C $argv[1]",
    line,
  ],
};

const installed = Object.keys(shells).filter(
  (shell) => spawnSync(shell, ["--version"]).status === 0,
);

function offered(shell: string, line: string): string[] {
  const args = shells[shell]?.(line) ?? [];
  const { stdout, stderr, status } = spawnSync(shell, args, {
    cwd: workspace.folder,
    env: { ...workspace.env },
    encoding: "utf8",
  });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return lines(stdout).map((reply) => reply.split(/\t|(?<!\\):/)[0] ?? "");
}

test("bash is here", () => {
  expect(installed).toContain("bash");
});

test.for(installed)("%s completes with the script it is given", (shell) => {
  const [first] = workspace.runs;

  expect(offered(shell, "reseal schema v")).toEqual(["validate"]);
  expect(offered(shell, "reseal ls --fi")).toEqual(["--filter"]);
  expect(offered(shell, "reseal cite @last --format b")).toEqual(["bibtex"]);
  expect(offered(shell, `reseal show ${first.slice(0, 8)}`)).toContain(first.slice(0, 8));
  expect(offered(shell, "reseal cat @last summ")).toEqual(["summary.json"]);
  expect(offered(shell, "reseal schema validate run train").join(" ")).toMatch(/train\.mjs/);
});

test("bash completes behind = and : the part that it replaces", () => {
  const { stdout } = workspace.reseal(["show", "@last", "--json"]);
  const { seal } = (JSON.parse(stdout) as { data: { seal: string } }).data;

  expect(offered("bash", "reseal cite @last --format=b")).toEqual(["bibtex"]);
  expect(offered("bash", `reseal show ${seal.slice(0, 13)}`)).toContain(seal.slice(7, 15));
});

test("words that complete themselves load neither the catalog nor parts of Node that take long", () => {
  const list = join(workspace.folder, "loaded.txt");
  const hook = join(workspace.folder, "list-loaded.cjs");
  const report = "[...process.moduleLoadList, ...Object.keys(require.cache)].join('\\n')";
  writeFileSync(
    hook,
    `process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(list)}, ${report}));`,
  );

  const { stdout } = spawnSync(
    process.execPath,
    ["--require", hook, main, "__complete", "--", "ls", "--"],
    { cwd: workspace.folder, env: { ...workspace.env }, encoding: "utf8" },
  );

  expect(stdout).toContain("--filter");
  const loaded = readFileSync(list, "utf8");
  expect(loaded).toContain("list-loaded.cjs");
  expect(loaded).not.toMatch(
    /better-sqlite3|NativeModule (child_process|crypto|v8|worker_threads)$/m,
  );
});
