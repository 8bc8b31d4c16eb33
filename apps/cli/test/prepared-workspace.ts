// A workspace as the examples of the help assume it, and a way to run the built program in it.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** The built program. */
export const main: string = join(import.meta.dirname, "..", "bin", "main.js");

/** A folder with runs, a colleague's bundle and what the examples name. */
export interface PreparedWorkspace extends Disposable {
  /** Where commands stand. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Two runs of the same experiment that differ, and an artifact that was sealed twice. */
  readonly runs: readonly [string, string];
  reseal(args: readonly string[], options?: { env?: Record<string, string> }): Result;
  shell(command: string): Result;
  /** The same once more, in a folder of its own. */
  copy(): PreparedWorkspace;
}

/** How a command ended. */
export type Result = Pick<SpawnSyncReturns<string>, "status" | "stdout" | "stderr" | "signal">;

/** Make the workspace; it takes about a second. */
export function prepareWorkspace(): PreparedWorkspace {
  if (!existsSync(main)) throw new Error(`${main} is not there: build the package first.`);
  const root = mkdtempSync(join(tmpdir(), "reseal-cli-"));
  const bare = workspaceAt(root, ["", ""]);
  const must = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = bare.reseal(args);
    if (status !== 0) throw new Error(`reseal ${args.join(" ")} ended with ${status}: ${stderr}`);
    return stdout;
  };
  writePrograms(join(root, "bin"));
  writeFiles(bare.folder);
  const record = (epochs: string): string => {
    const name = ["--project", "butterfly", "--name", `take-${epochs}`];
    const line = must("run", "--json", ...name, "--", "node", "train.mjs", epochs);
    return (lastLine(line) as { data: { run_id: string } }).data.run_id;
  };
  const runs = [record("1"), record("2")] as const;
  must("export", "@last", "-o", "../colleague/bundle");
  must("export", "@last", "-o", "../colleague/run.zip");
  return workspaceAt(root, runs);
}

function workspaceAt(root: string, runs: readonly [string, string]): PreparedWorkspace {
  const folder = join(root, "work");
  const env = environment(root);
  const run = (program: string, args: readonly string[], extra = {}): Result =>
    spawnSync(program, args, {
      cwd: folder,
      env: { ...env, ...extra },
      encoding: "utf8",
      input: "",
      timeout: 60_000,
      maxBuffer: 64 * 1024 ** 2,
    });
  return {
    folder,
    env,
    runs,
    reseal: (args, options = {}) => run(process.execPath, [main, ...args], options.env),
    shell: (command) => run("bash", ["-c", command]),
    copy: () => {
      const other = mkdtempSync(join(tmpdir(), "reseal-cli-"));
      cpSync(root, other, { recursive: true, verbatimSymlinks: true });
      return workspaceAt(other, runs);
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

function environment(root: string): Record<string, string> {
  return {
    PATH: [join(root, "bin"), process.env.PATH].join(delimiter),
    HOME: root,
    TMPDIR: tmpdir(),
    LANG: "C.UTF-8",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CEILING_DIRECTORIES: root,
  };
}

function writePrograms(bin: string): void {
  mkdirSync(bin);
  writeFileSync(join(bin, "reseal"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(join(bin, "reseal"), 0o755);
  symlinkSync(process.execPath, join(bin, "node"));
  // Other machines, as far as the examples need them.
  writeFileSync(join(bin, "ssh"), '#!/bin/sh\nshift\nexec "$@"\n');
  writeFileSync(join(bin, "curl"), "#!/bin/sh\nexec cat ../colleague/run.zip\n");
  writeFileSync(join(bin, "dot"), "#!/bin/sh\nexec cat\n");
  for (const name of ["ssh", "curl", "dot"]) chmodSync(join(bin, name), 0o755);
}

function writeFiles(folder: string): void {
  const files: Readonly<Record<string, string>> = {
    "train.mjs": `import { appendFileSync, writeFileSync } from "node:fs";
const [epochs] = process.argv.slice(2);
const rmse = 1 / (1 + Number(epochs));
writeFileSync("summary.json", JSON.stringify({ rmse }));
writeFileSync("figure.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl", JSON.stringify({ name: "rmse", value: rmse }) + "\\n");
console.log("rmse", rmse);
`,
    "train.py": "open('trained.txt', 'w').write('3 epochs')\n",
    simulate: '#!/bin/sh\necho "$RESEAL_SEED" > "$2/table.csv"\n',
    Makefile: "figures:\n\ttouch figure.svg\n",
    "data/a.txt": "b\na\n",
    "results/2026-05-04/table.csv": "x,y\n1,2\n",
    "out/table.csv": "x,y\n3,4\n",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  chmodSync(join(folder, "simulate"), 0o755);
}

/** Loose runs, one of them `a1b2c3d4`, and settings by which gc has something to do. */
export function writeArtifacts(folder: string): void {
  const files: Record<string, string> = {
    "config/artifacts.yaml": "retention:\n  proofs: {keep: 2, pin: []}\n",
    "artifacts/bench/20250905_142515.jsonl": '{"p99_ms": 7}\n',
    "artifacts/greenwall/verification_20250906_142000_pass.json": "{}\n",
  };
  for (const stamp of [
    `20250901_120000_run_${namedRun}`,
    "20250902_120000",
    "20250903_120000",
    "20250904_120000",
  ])
    files[`artifacts/microstructure/proofs/${stamp}_fail.jsonl`] = '{"bps": 1}\n';
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** A run of `proofs` whose id is the one that help and handbook name, a1b2c3d4: found by trying. */
const namedRun = "1cb140ba3";

/** The last line of standard output, as JSON. */
export function lastLine(stdout: string): unknown {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

/** A JSON file of the repository. */
export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8"));
}
