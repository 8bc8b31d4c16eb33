import { type BundleReader, bundlePaths, readJson } from "@reseal/bundle";
import { canonicalDigest, portablePathProblem, treeDigest } from "@reseal/hash";
import {
  assertValid,
  type ConfigSnapshot,
  type FileEntry,
  type Manifest,
  type TreeRef,
} from "@reseal/schema";
import { isUnreadable } from "./compare-file.ts";
import type { ReplayLog } from "./replay-log.ts";

/**
 * Check what a manifest alone tells about whether its run can be done again: type, command,
 * placeholders, secrets that are gone, trees and names. Reads no file.
 */
export function checkOriginal(
  { content, context }: Manifest,
  seed: number | string | undefined,
  log: ReplayLog,
): void {
  const { inputs } = content;
  if (inputs.spec !== undefined && inputs.command === undefined) {
    const reason =
      "An executor of a program made it, not a command: replay it with that program's engine, " +
      "`engine.replayArtifact(bundle)`.";
    log.check({ name: "executor", status: "missing" }, reason);
    return;
  }
  const isRun = content.type === "run";
  log.check(
    { name: "type", status: isRun ? "ok" : "different", expected: "run", actual: content.type },
    isRun ? undefined : `Only runs can be run again; this is a ${content.type}.`,
  );
  checkCommand(inputs.command, seed, log);
  for (const [name, value] of Object.entries(inputs.variables ?? {}))
    if (isRedacted(value))
      log.check(
        { name: `variable ${name}`, status: "missing" },
        `The variable ${name} was a secret and is redacted: its value is not known.`,
      );
  for (const { path } of context.redaction.withheld) {
    const isInput = path.startsWith("inputs/");
    if (!isInput && !path.startsWith("code/")) continue;
    log.check(
      { name: path, status: "missing" },
      isInput ? `The input ${path} was withheld: it held what looked like a secret.` : undefined,
    );
  }
  checkTree("code_tree", inputs.code, filesBelow(context.files, "code"), log);
  checkTree("input_tree", inputs.data, filesBelow(context.files, "inputs"), log);
  if (inputs.working_directory !== undefined) checkName(inputs.working_directory, log);
  for (const { name } of inputs.external ?? []) checkName(name, log);
}

/**
 * Read the configuration snapshot, so that the candidate has the very same.
 * @returns `undefined` when the original has none, or when a check says that it is not usable.
 */
export async function readConfig(
  original: BundleReader,
  log: ReplayLog,
): Promise<ConfigSnapshot | undefined> {
  const expected = original.manifest.content.inputs.config;
  if (expected === undefined) return undefined;
  const name = bundlePaths.config;
  try {
    const value = await readJson(original, name);
    if (value !== undefined && canonicalDigest(value) === expected) {
      log.check({ name, status: "ok" });
      return await assertValid("config-snapshot", value);
    }
    const status = value === undefined ? "missing" : "different";
    log.check({ name, status, expected }, `${name} is not the recorded one.`);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    log.check({ name, status: "missing", expected }, `${name} cannot be read from the bundle.`);
  }
  return undefined;
}

/** The files of a bundle below a folder, with their paths relative to it. */
export function filesBelow(
  files: readonly FileEntry[],
  folder: "code" | "inputs",
): { readonly path: string; readonly entry: FileEntry }[] {
  const prefix = `${folder}/`;
  return files
    .filter(({ path }) => path.startsWith(prefix))
    .map((entry) => ({ path: entry.path.slice(prefix.length), entry }));
}

function checkCommand(
  command: readonly string[] | undefined,
  seed: number | string | undefined,
  log: ReplayLog,
): void {
  const reason = whyNotRunnable(command, seed);
  if (reason === undefined) log.check({ name: "command", status: "ok" });
  else log.check({ name: "command", status: command ? "different" : "missing" }, reason);
}

function whyNotRunnable(
  command: readonly string[] | undefined,
  seed: number | string | undefined,
): string | undefined {
  if (command === undefined) return "The original holds no command; there is nothing to run.";
  const redacted = command.findIndex(isRedacted);
  if (redacted !== -1)
    return (
      `Argument ${redacted} of the command held a secret and is redacted, so the command cannot ` +
      "be repeated. Hand secrets over in environment variables instead."
    );
  if (seed === undefined && command.some((argument) => argument.includes("{seed}")))
    return "The command needs {seed} and the original has none; give --seed.";
  return undefined;
}

function isRedacted(text: string): boolean {
  return text.includes("[REDACTED:");
}

function checkTree(
  name: string,
  tree: TreeRef | undefined,
  files: ReturnType<typeof filesBelow>,
  log: ReplayLog,
): void {
  if (tree === undefined && files.length === 0) return;
  const bad = files.filter(({ path }) => portablePathProblem(path) !== undefined);
  const actual =
    files.length === 0 || bad.length > 0
      ? undefined
      : treeDigest(files.map(({ path, entry }) => ({ path, digest: entry.digest })));
  if (tree !== undefined && actual === tree.tree) {
    log.check({ name, status: "ok", expected: tree.tree });
    return;
  }
  log.check(
    {
      name,
      status: files.length === 0 ? "missing" : "different",
      ...(tree && { expected: tree.tree }),
      ...(actual && { actual }),
    },
    `The files of the bundle are not those of its ${name.replace("_", " ")}.`,
  );
}

function checkName(name: string, log: ReplayLog): void {
  const problem = portablePathProblem(name);
  if (problem === undefined) return;
  log.check(
    { name: "path", status: "different", actual: name },
    `${JSON.stringify(name)} cannot be laid out in a folder: ${problem}.`,
  );
}
