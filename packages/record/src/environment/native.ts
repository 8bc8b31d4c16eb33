import { dirname, sep } from "node:path";
import type { CaptureContext } from "./capture-context.ts";
import { condaPackages } from "./conda.ts";
import type { Program } from "./program.ts";
import { type RuntimeFacts, versionInPath } from "./runtime-facts.ts";

/**
 * Describe a compiled program, or a shell.
 *
 * The version is what its path says (`gromacs-2023.3/bin/gmx`), else the build id that the linker
 * wrote into it. A program of the workspace has neither: it is part of the recorded code, and its
 * build id may depend on the folder that it was built in.
 */
export async function nativeFacts(
  context: CaptureContext,
  program: Program,
): Promise<RuntimeFacts> {
  const inside = program.realPath.startsWith(context.workspace + sep);
  const version = inside
    ? undefined
    : (versionInPath(program.realPath) ?? (await buildId(context, program.realPath)));
  const conda = await condaPackages(context, [dirname(dirname(program.path))]);
  return {
    name: program.name,
    version: version ?? "unknown",
    packages: new Map([...conda].map(([name, value]) => [`conda:${name}`, value])),
  };
}

/**
 * The build id of an ELF file, as `build-id:<hex>`; the note lies near the start.
 *
 * @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html (note section)
 */
async function buildId(context: CaptureContext, path: string): Promise<string | undefined> {
  const head = await context.readHead(path, 8192);
  if (head?.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
  // Name size 4, description size 20 or 16, type NT_GNU_BUILD_ID, name "GNU".
  for (const size of [20, 16]) {
    const note = Buffer.from([4, 0, 0, 0, size, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0]);
    const at = head.indexOf(note);
    if (at >= 0) return `build-id:${head.toString("hex", at + 16, at + 16 + size)}`;
  }
  return undefined;
}
