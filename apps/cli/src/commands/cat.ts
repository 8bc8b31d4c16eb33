import { type BundleReader, bundlePaths, entryOf, openStoredBundle } from "@reseal/bundle";
import type { FileEntry } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { isTerminal } from "../terminal.ts";

/** `reseal cat ID PATH` */
export function catCommand(context: CommandContext): Command {
  return new Command("cat")
    .description("Print a file of a run, checked against its digest")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .argument("<path>", "its path in the bundle; outputs/ may be left out")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal cat @last summary.json", "an output"],
          ["reseal cat 3f2a environment.json", "a file of the bundle"],
          ["reseal cat 3f2a outputs/figure.svg > figure.svg", "into a file"],
        ],
        { 0: "printed", 3: "no such run or file", 4: "the bytes do not match their digest" },
      ),
    )
    .action(async (id: string, path: string) => {
      await using stores = await context.openStores();
      const reader = await openStoredBundle(stores, await resolveSeal(context, stores, id));
      const { host } = context;
      if (path === bundlePaths.manifest) {
        host.stdout.write(reader.manifestBytes);
        return;
      }
      const entry = findEntry(reader, path);
      if (isTerminal(host.stdout) && isBinaryType(entry))
        throw cliErrors.BINARY_TO_TERMINAL(`${entry.path} is ${entry.media_type}, not text.`);
      if (context.options.json === true) {
        const { digest, size, media_type, role } = entry;
        const chunks: Uint8Array[] = [];
        for await (const chunk of await reader.open(entry)) chunks.push(chunk);
        const content = Buffer.concat(chunks).toString("base64");
        const data = { path: entry.path, digest, size, media_type, role, content_base64: content };
        context.result("cat/v1", data, () => "");
        return;
      }
      await writeAll(await reader.open(entry), host.stdout);
    });
}

function findEntry({ manifest }: BundleReader, path: string): FileEntry {
  const entry = entryOf(manifest, path) ?? entryOf(manifest, `outputs/${path}`);
  if (entry !== undefined) return entry;
  const near = manifest.context.files
    .map((file) => file.path)
    .filter((candidate) => candidate.split("/").at(-1) === path.split("/").at(-1));
  throw cliErrors.PATH_NOT_FOUND(
    `Run ${manifest.context.run_id} has no file ${JSON.stringify(path)}.`,
    near.length > 0 ? { hint: `Did you mean ${near.slice(0, 3).join(" or ")}?` } : {},
  );
}

function isBinaryType({ media_type }: FileEntry): boolean {
  return !/^text\/|json|xml|yaml|toml|javascript|x-sh|x-bibtex/.test(media_type);
}

/** Write a source to a stream, no faster than it takes it. */
export async function writeAll(
  source: AsyncIterable<Uint8Array>,
  stream: NodeJS.WritableStream,
): Promise<void> {
  for await (const chunk of source)
    if (!stream.write(chunk)) await new Promise((resolve) => stream.once("drain", resolve));
}
