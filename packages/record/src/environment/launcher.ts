import { delimiter, join } from "node:path";
import { type Call, variable } from "./call.ts";
import type { CaptureContext, Variables } from "./capture-context.ts";

/** What a launcher will start; `undefined` where this call starts nothing we can follow. */
export type Launcher = (context: CaptureContext, call: Call) => Promise<Call | undefined>;

/** Go on inside the first of the folders that is an environment. */
export async function inEnvironment(
  context: CaptureContext,
  call: Call,
  candidates: readonly (string | undefined)[],
  tool: string,
): Promise<Call> {
  for (const prefix of candidates) {
    if (prefix === undefined) continue;
    const conda = (await context.kind(join(prefix, "conda-meta"))) === "folder";
    if (!conda && (await context.kind(join(prefix, "pyvenv.cfg"))) === undefined) continue;
    return { ...call, env: activated(context, call.env, prefix, conda) };
  }
  return { ...call, unknown: `${tool} has no environment yet that the capture could find` };
}

function activated(
  context: CaptureContext,
  env: Variables,
  prefix: string,
  conda: boolean,
): Variables {
  const windows = context.system.platform === "win32";
  const folders = windows
    ? [prefix, join(prefix, "Scripts"), join(prefix, "Library", "bin")]
    : [join(prefix, "bin")];
  const path = [...folders, variable(env, "PATH") ?? ""].join(delimiter);
  return { ...env, PATH: path, [conda ? "CONDA_PREFIX" : "VIRTUAL_ENV"]: prefix };
}

/** Take options off the front: `--name value` for the valued ones, `--name=value` for all. */
export function splitOptions(
  words: readonly string[],
  valued: ReadonlySet<string>,
): { readonly options: ReadonlyMap<string, string>; readonly rest: readonly string[] } {
  const options = new Map<string, string>();
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "--") return { options, rest: words.slice(index + 1) };
    if (!word.startsWith("-") || word === "-") break;
    const equals = word.indexOf("=");
    if (equals > 0) options.set(word.slice(0, equals), word.slice(equals + 1));
    else if (valued.has(word)) {
      index += 1;
      options.set(word, words[index] ?? "");
    } else options.set(word, "");
  }
  return { options, rest: words.slice(index) };
}

/** `uv run train.py` and `uv run -m train` mean Python. */
export function pythonWords(
  words: readonly string[],
  module: string | undefined,
): readonly string[] {
  if (module !== undefined) return ["python", "-m", module, ...words];
  if (words.length === 0) return ["python"];
  return /\.pyw?$/.test(words[0] ?? "") ? ["python", ...words] : words;
}
