import { type BundleReader, bundlePaths, entryOf, openStoredBundle } from "@reseal/bundle";
import { didYouMean, nearest } from "@reseal/errors";
import type { FileEntry } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { isTerminal } from "../terminal.ts";
import { terminalText } from "../terminal-text.ts";

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
      const { host, signal } = context;
      const isManifest = path === bundlePaths.manifest;
      const { open, ...about } = isManifest ? manifestOf(reader) : fileOf(reader, path, signal);
      if (context.options.json === true) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of await open()) chunks.push(chunk);
        const content_base64 = Buffer.concat(chunks).toString("base64");
        context.result("cat/v1", { ...about, content_base64 }, () => "");
        return;
      }
      if (isTerminal(host.stdout) && isBinaryType(about))
        throw cliErrors.BINARY_TO_TERMINAL(`${about.path} is ${about.media_type}, not text.`);
      await writeAll(await open(), host.stdout);
    });
}

/** A file that can be printed; the manifest is one although no list of files names it. */
interface Printable extends Pick<FileEntry, "path" | "digest" | "size" | "media_type"> {
  readonly role: string;
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
}

function manifestOf({ manifestBytes, seal }: BundleReader): Printable {
  return {
    path: bundlePaths.manifest,
    digest: seal,
    size: manifestBytes.byteLength,
    media_type: "application/json",
    role: "manifest",
    open: () => Promise.resolve(oneChunk(manifestBytes)),
  };
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function fileOf(reader: BundleReader, wanted: string, signal: AbortSignal): Printable {
  const { manifest } = reader;
  const entry = entryOf(manifest, wanted) ?? entryOf(manifest, `outputs/${wanted}`);
  if (entry === undefined) throw pathNotFound(reader, wanted);
  const { path, digest, size, media_type, role } = entry;
  return { path, digest, size, media_type, role, open: () => reader.open(entry, { signal }) };
}

function pathNotFound({ manifest }: BundleReader, wanted: string): Error {
  const paths = manifest.context.files.map(({ path }) => path);
  const sameName = paths.filter((path) => path.split("/").at(-1) === wanted.split("/").at(-1));
  const shortened = paths.map((path) => path.replace(/^outputs\//, ""));
  const near = sameName.length > 0 ? sameName.slice(0, 3) : nearest(wanted, shortened);
  return cliErrors.PATH_NOT_FOUND(
    `Run ${manifest.context.run_id} has no file ${JSON.stringify(wanted)}.`,
    near.length > 0 ? { hint: didYouMean(near, "") } : {},
  );
}

function isBinaryType({ media_type }: Pick<Printable, "media_type">): boolean {
  return !/^text\/|json|xml|yaml|toml|javascript|x-sh|x-bibtex/.test(media_type);
}

/** Write a text to a stream, no faster than it takes it: as it is, unless a person reads it. */
export async function writeAll(
  source: AsyncIterable<Uint8Array>,
  stream: NodeJS.WritableStream,
): Promise<void> {
  for await (const chunk of isTerminal(stream) ? terminalText(source) : source)
    if (!stream.write(chunk)) await new Promise((resolve) => stream.once("drain", resolve));
}
