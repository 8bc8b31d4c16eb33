import { dirname, join } from "node:path";
import { assignment, type Call, nameOf, which } from "./call.ts";
import type { CaptureContext } from "./capture-context.ts";
import { launchers } from "./launchers.ts";
import { kindOf, type ProgramKind } from "./program-kind.ts";
import { resolveShim } from "./shims.ts";

/** The program that will interpret the command, after launchers, scripts and shims. */
export interface Program extends Call {
  readonly kind: ProgramKind;
  /** Base name without folder and extension. */
  readonly name: string;
  /** As the system starts it, links not followed: Python finds its virtual environment so. */
  readonly path: string;
  readonly realPath: string;
}

/** Launchers that call launchers that call …: more is a loop. */
const hopsMax = 12;

/**
 * Find what will interpret a command, from files and variables only; nothing is executed.
 *
 * Follows launchers (`uv run`, `conda run`, `srun`, `env`, …), `#!` lines, pyenv and asdf shims and
 * simple `bash -c` lines. Where the program cannot be found, `path` is missing in the answer.
 */
export async function findProgram(
  context: CaptureContext,
  call: Call,
): Promise<Program | (Call & { readonly path?: undefined })> {
  let current = call;
  for (let hop = 0; hop < hopsMax; hop += 1) {
    const word = current.argv[0];
    if (word === undefined || current.unknown !== undefined) return current;
    const launched = await launchers.get(nameOf(word))?.(context, current);
    if (launched !== undefined) {
      current = launched;
      continue;
    }
    const path = await which(context, current, word);
    if (path === undefined) return current;
    const next = await lookInside(context, current, path);
    if ("kind" in next) return next;
    current = next;
  }
  return current;
}

async function lookInside(
  context: CaptureContext,
  call: Call,
  path: string,
): Promise<Call | Program> {
  const realPath = (await context.realPath(path)) ?? path;
  const program = (kind: ProgramKind, name: string): Program => ({
    ...call,
    kind,
    name,
    path,
    realPath,
  });
  // R is a shell script around the real program; what it is called decides.
  const names = [nameOf(path), nameOf(realPath)];
  if (names.some((name) => name === "R" || name === "Rscript")) return program("r", "R");
  const head = (await context.readHead(realPath, 1024))?.toString("latin1") ?? "";
  if (head.startsWith("#!")) {
    const shim = await resolveShim(context, call, path, head);
    if (shim !== undefined) return { ...call, argv: [shim, ...call.argv.slice(1)] };
    const interpreter = interpreterOf(head, path);
    if (interpreter !== undefined) {
      // The real path of the script: Node.js looks for packages from there.
      return { ...call, argv: [...interpreter, realPath, ...call.argv.slice(1)] };
    }
  }
  for (const name of names) {
    const kind = kindOf(name);
    if (kind === "shell") return (await insideShell(context, call)) ?? program(kind, name);
    if (kind !== undefined) return program(kind, name);
  }
  // The small starters of Windows and of uv: programs beside the python.exe of an environment.
  const inVenv = await context.kind(join(dirname(dirname(path)), "pyvenv.cfg"));
  return program(inVenv === undefined ? "native" : "python", names[0] ?? "");
}

/** The words that a `#!` line starts; `undefined` where the line cannot be read. */
function interpreterOf(head: string, path: string): readonly string[] | undefined {
  const [first = "", second = ""] = head.split("\n");
  // pip and uv write this for interpreters whose path is long or holds a space.
  const long = /^'''exec' (?:"([^"]+)"|(\S+)) "\$0"/.exec(second);
  if (long !== null) return [long[1] ?? long[2] ?? ""];
  if (second.startsWith(`'''exec' "$(dirname`)) return [join(dirname(path), "python")];
  // npm's and pnpm's starters in node_modules/.bin are shell scripts around node.
  if (/[\\/]node_modules[\\/]\.bin[\\/]/.test(path) && /^#!\s*\/\S*sh\b/.test(first))
    return ["node"];
  const [program, ...rest] = first.slice(2).trim().split(/\s+/);
  if (program === undefined || program === "") return undefined;
  return [program, ...rest]; // `env -S …` is a launcher like any other.
}

/** `bash -c "python train.py"` is that command; anything with shell grammar stays the shell's. */
async function insideShell(context: CaptureContext, call: Call): Promise<Call | undefined> {
  const at = call.argv.findIndex((word, index) => index > 0 && /^-[a-z]*c$/.test(word));
  const line = at < 0 ? undefined : call.argv[at + 1];
  if (line === undefined || !/^[\w@%+=:,./ -]+$/.test(line)) return undefined;
  const words = line.trim().split(/ +/);
  if (words[0] === "exec") words.shift();
  const env = { ...call.env };
  for (let match = assignment(words[0]); match !== null; match = assignment(words[0])) {
    env[match[1] ?? ""] = match[2] ?? "";
    words.shift();
  }
  const word = words[0];
  if (word === undefined || (await which(context, { ...call, env }, word)) === undefined)
    return undefined;
  return { ...call, argv: words, env };
}
