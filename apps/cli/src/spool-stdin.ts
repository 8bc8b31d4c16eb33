import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { bundleErrors } from "@reseal/bundle";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { formatBytes, isTerminal } from "./terminal.ts";

/** A file that goes away with the command. */
export interface SpooledFile extends AsyncDisposable {
  readonly path: string;
}

/** Write standard input to a file that nobody else can read, for what must be read at any place. */
export async function spoolStdin(context: CommandContext, bytesMax: number): Promise<SpooledFile> {
  const { stdin } = context.host;
  if (isTerminal(stdin)) throw cliErrors.USAGE("Standard input is a terminal.");
  const folder = await mkdtemp(join(tmpdir(), "reseal-stdin-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, "stdin.zip");
  async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    let byteCount = 0;
    for await (const chunk of chunks) {
      byteCount += chunk.byteLength;
      if (byteCount > bytesMax)
        throw bundleErrors.ZIP_LIMIT(
          `Standard input has more than ${formatBytes(bytesMax)}; --max-size allows more.`,
          { details: { reason: "limit", bytes_max: bytesMax } },
        );
      yield chunk;
    }
  }
  try {
    const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
    await pipeline(stdin, bounded, file, { signal: context.signal });
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: remove };
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `500MiB`, `64GiB`, `1000`: bytes. */
export function parseSize(text: string): number {
  const [, digits = "", unit = "B"] = /^(\d{1,15})(B|KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  if (digits === "")
    throw cliErrors.USAGE(`${JSON.stringify(text)} is not a size such as 500MiB or 64GiB.`);
  return Number(digits) * 1024 ** units.indexOf(unit as (typeof units)[number]);
}
