import { isAbsolute, relative, resolve } from "node:path";
import type { PoolFile } from "@reseal/gc";
import { Command } from "commander";
import { findPool, type PoolFlags, withPoolFlags } from "../../artifacts-pool.ts";
import { lookAtPool } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { cliErrors } from "../../errors.ts";
import { commandHelp } from "../../help.ts";
import { harmless } from "../../terminal.ts";
import { writeAll } from "../cat.ts";

/** `reseal artifacts cat` */
export function artifactsCatCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("cat"))
    .description("Print a file as it was before it was compacted")
    .argument("<file>", "its path in the folder, by its own name or the compacted one, or an id")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts cat bench/20250905_142515.jsonl", "compacted or not"],
          ["reseal artifacts cat a1b2c3d4", "the file of an entry that has one"],
        ],
        {
          0: "printed",
          2: "wrong usage",
          3: "no such folder, file or entry",
          4: "the compacted file does not give back the original",
        },
      ),
    )
    .action(async (name: string, flags: PoolFlags) => {
      const file = await openFile(context, name, flags);
      if (file.isForeign)
        context.note(
          "CryptoRun compacted this file. These are its records; keys may have stood in another order.",
        );
      if (context.options.json !== true) {
        await writeAll(file.bytes(), context.host.stdout);
        return;
      }
      const { createDigester } = await import("@reseal/hash");
      const digester = createDigester();
      const chunks: Uint8Array[] = [];
      for await (const chunk of file.bytes()) {
        digester.update(chunk);
        chunks.push(chunk);
      }
      const data = {
        path: file.path,
        compacted: file.isCompact,
        size: digester.size,
        digest: digester.digest(),
        content_base64: Buffer.concat(chunks).toString("base64"),
      };
      context.result("artifacts-cat/v1", data, () => "");
    });
}

async function openFile(
  context: CommandContext,
  name: string,
  flags: PoolFlags,
): Promise<PoolFile> {
  const gc = await import("@reseal/gc");
  const { places } = await findPool(context, flags);
  if (!/[./]/.test(name)) {
    await using looked = await lookAtPool(context, flags);
    const { scan } = looked;
    const { id, paths } = gc.entryNamed(scan.manifest.entries, name);
    const [path] = paths;
    if (path !== undefined && paths.length === 1) return gc.openPoolFile(places.folder, path);
    throw cliErrors.USAGE(`Entry ${id} has ${paths.length} files. Name one of them.`, {
      hint: `Files: ${paths.map(harmless).join(", ")}`,
    });
  }
  // As it is listed, or as a shell completes it.
  for (const path of [resolve(places.folder, name), resolve(context.host.cwd, name)]) {
    const inside = relative(places.folder, path);
    if (inside.startsWith("..") || isAbsolute(inside)) continue;
    try {
      return gc.openPoolFile(places.folder, inside);
    } catch (error) {
      if ((error as { readonly code?: string }).code !== "GC_FILE_NOT_FOUND") throw error;
    }
  }
  throw gc.gcErrors.FILE_NOT_FOUND(`There is no file ${harmless(name)} in ${places.folder}.`, {
    details: { path: name },
  });
}
