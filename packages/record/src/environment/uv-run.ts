import { join } from "node:path";
import { type Call, folderOf, variable } from "./call.ts";
import { type CaptureContext, nearestWith } from "./capture-context.ts";
import { inEnvironment, pythonWords, splitOptions } from "./launcher.ts";

/** `uv run`: the project's environment, unless options choose another or a new one. */
export async function uvRun(context: CaptureContext, call: Call): Promise<Call | undefined> {
  const before = splitOptions(call.argv.slice(1), uvValued);
  if (before.rest[0] !== "run") return undefined;
  const after = splitOptions(before.rest.slice(1), uvValued);
  const options = new Map([...before.options, ...after.options]);
  const argv = pythonWords(after.rest, options.get("-m") ?? options.get("--module"));
  const cwd = folderOf(call.cwd, options.get("--directory")) ?? call.cwd;
  if (options.has("--isolated") || (await hasInlineMetadata(context, cwd, argv))) {
    return { ...call, argv, unknown: "uv makes the environment of this script at the start" };
  }
  const project = folderOf(cwd, options.get("--project")) ?? cwd;
  const root = options.has("--no-project")
    ? undefined
    : await nearestWith(context, project, "pyproject.toml");
  const active = folderOf(cwd, variable(call.env, "VIRTUAL_ENV"));
  const beside = await nearestWith(context, root ?? cwd, ".venv");
  const chosen = [
    options.has("--active") ? active : undefined,
    root && folderOf(root, variable(call.env, "UV_PROJECT_ENVIRONMENT")),
    root === undefined ? active : undefined,
    beside && join(beside, ".venv"),
  ];
  if (
    options.has("--with") ||
    options.has("--with-requirements") ||
    options.has("--with-editable")
  ) {
    context.warn(
      "ENVIRONMENT_PACKAGES_INCOMPLETE",
      "Packages that `uv run --with` adds at the start are not listed.",
    );
  }
  return inEnvironment(context, { ...call, argv, cwd }, chosen, "uv");
}

const uvValued = new Set(
  (
    "-p --python --with --with-requirements --with-editable --extra --no-extra --group --no-group " +
    "--only-group --project --directory --env-file --package -m --module --index --default-index -i " +
    "--index-url --extra-index-url -f --find-links --cache-dir --config-file --color --link-mode " +
    "--refresh-package --reinstall-package -P --upgrade-package --resolution --prerelease " +
    "--exclude-newer -C --config-setting --python-platform -w"
  ).split(" "),
);

/** A script with its own dependency block (PEP 723) gets an environment of its own. */
async function hasInlineMetadata(
  context: CaptureContext,
  cwd: string,
  argv: readonly string[],
): Promise<boolean> {
  const script = argv[0] === "python" ? folderOf(cwd, argv[1]) : undefined;
  if (script === undefined || !script.endsWith(".py")) return false;
  const head = (await context.readHead(script, 4096))?.toString("utf8") ?? "";
  return /^# \/\/\/ script\s*$/m.test(head);
}
