import { type Call, nameOf } from "./call.ts";
import type { CaptureContext } from "./capture-context.ts";
import { juliaFacts } from "./julia.ts";
import { nativeFacts } from "./native.ts";
import { nodeFacts } from "./node.ts";
import { findProgram, type Program } from "./program.ts";
import { pythonFacts, pythonInPath } from "./python.ts";
import { findInstallation, pythonVersion } from "./python-installation.ts";
import { rFacts } from "./r.ts";
import type { RuntimeFacts } from "./runtime-facts.ts";

/** The runtime of a command, and the Python that it would find. */
export interface CommandFacts {
  readonly runtime: RuntimeFacts;
  readonly pythonVersion: string | undefined;
}

/** Describe what will execute a command. */
export async function commandFacts(context: CaptureContext, call: Call): Promise<CommandFacts> {
  const program = await findProgram(context, call);
  if (!("kind" in program)) {
    const word = program.argv[0] ?? call.argv[0] ?? "unknown";
    const reason = program.unknown ?? `${nameOf(word)} is not on PATH`;
    context.warn(
      "ENVIRONMENT_RUNTIME_UNKNOWN",
      `What will run the command is unknown: ${reason}. Its version and packages are not recorded.`,
    );
    const runtime = { name: nameOf(word) || "unknown", version: "unknown", packages: new Map() };
    return { runtime, pythonVersion: undefined };
  }
  const facts = await readers[program.kind](context, program);
  if (facts.name === "python") return { runtime: facts, pythonVersion: known(facts.version) };
  // What a script calls is not known; Python's packages are what such scripts mostly lean on.
  const python = await pythonInPath(context, program);
  if (python === undefined) return { runtime: facts, pythonVersion: undefined };
  if (program.kind !== "shell") {
    const version = await pythonVersion(context, await findInstallation(context, python));
    return { runtime: facts, pythonVersion: version };
  }
  const { version, packages, tools } = await pythonFacts(context, python);
  const runtime = {
    ...facts,
    packages: new Map([...packages, ["python", version], ...facts.packages]),
    ...(tools === undefined ? {} : { tools }),
  };
  return { runtime, pythonVersion: known(version) };
}

const readers: Readonly<
  Record<Program["kind"], (context: CaptureContext, program: Program) => Promise<RuntimeFacts>>
> = {
  python: pythonFacts,
  node: nodeFacts,
  r: rFacts,
  julia: juliaFacts,
  shell: nativeFacts,
  native: nativeFacts,
};

function known(version: string): string | undefined {
  return version === "unknown" ? undefined : version;
}
