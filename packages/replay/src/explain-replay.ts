import { type BundleReader, bundlePaths, collect, entryOf } from "@reseal/bundle";
import type { Comparison, Explanation } from "@reseal/schema";
import type { OperationOptions } from "@reseal/store";
import { readEnvironment } from "./check-circumstances.ts";
import { isUnreadable } from "./compare-file.ts";
import { compareInputs } from "./compare-inputs.ts";
import { type ExplainFacts, explain } from "./explain.ts";

/** What {@link explainBundles} may be told besides. */
export interface ExplainOptions
  extends OperationOptions,
    Pick<ExplainFacts, "isOffline" | "hasMemoryLimit"> {}

/**
 * Gather what two bundles tell about each other and explain their difference.
 *
 * Opens their environments and events, and some of the original's code; nothing large.
 * @returns `undefined` when there is no difference to explain.
 * @example
 * const comparison = await compareBundles(original, candidate);
 * const explanation = await explainBundles(original, candidate, comparison);
 * for (const { statement, experiment } of explanation?.causes ?? []) console.log(statement, experiment);
 */
export async function explainBundles(
  original: BundleReader,
  candidate: BundleReader,
  comparison: Comparison,
  options: ExplainOptions = {},
): Promise<Explanation | undefined> {
  if (comparison.keys.result_key.equal || comparison.verdict === "not_comparable") return undefined;
  const { signal, ...limits } = options;
  const code = await readCode(original, signal);
  return explain({
    ...limits,
    comparison,
    inputs: await compareInputs(original, candidate, { signal }),
    original: await readEnvironment(original),
    candidate: await readEnvironment(candidate),
    startedMs: startOf(candidate),
    writtenMs: await writtenTimes(original, candidate),
    command: original.manifest.content.inputs.command,
    code,
  });
}

function startOf({ manifest }: BundleReader): number {
  return Date.parse(manifest.context.started_at ?? manifest.context.created_at);
}

/** Sizes up to which code is read for traces. */
const codeFileMax = 256 * 1024;
const codeBytesMax = 2 * 1024 * 1024;

async function readCode(
  reader: BundleReader,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  const { manifest } = reader;
  const { command = [] } = manifest.content.inputs;
  const isNamed = (path: string): boolean => command.includes(path.slice("code/".length));
  const files = manifest.context.files
    .filter(({ path, size }) => path.startsWith("code/") && size <= codeFileMax)
    .toSorted((a, b) => Number(isNamed(b.path)) - Number(isNamed(a.path)));
  const texts = new Map<string, string>();
  let budget = codeBytesMax;
  for (const entry of files) {
    budget -= entry.size;
    if (budget < 0) break;
    const bytes = await unlessUnreadable(async () => collect(await reader.open(entry, { signal })));
    if (bytes !== undefined)
      texts.set(entry.path.slice("code/".length), new TextDecoder().decode(bytes));
  }
  return texts;
}

/** Largest event log that is read for the order of outputs. */
const eventBytesMax = 16 * 1024 * 1024;

async function writtenTimes(...readers: readonly BundleReader[]): Promise<Map<string, number>> {
  for (const reader of readers.toReversed()) {
    const entry = entryOf(reader.manifest, bundlePaths.events);
    if (entry === undefined || entry.size > eventBytesMax) continue;
    const bytes = await unlessUnreadable(async () => collect(await reader.open(entry)));
    const times = timesIn(new TextDecoder().decode(bytes ?? new Uint8Array()));
    if (times.size > 0) return times;
  }
  return new Map();
}

function timesIn(text: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (!line.includes("output.written")) continue;
    const path = writtenPath(line);
    if (path !== undefined) times.set(path.path, path.timeMs);
  }
  return times;
}

function writtenPath(line: string): { path: string; timeMs: number } | undefined {
  try {
    const event = JSON.parse(line) as { event_type?: unknown; time?: unknown; attrs?: unknown };
    const path = (event.attrs as { path?: unknown } | undefined)?.path;
    const timeMs = Date.parse(String(event.time));
    if (event.event_type !== "output.written" || typeof path !== "string") return undefined;
    return Number.isNaN(timeMs) ? undefined : { path, timeMs };
  } catch {
    return undefined; // Events are the child's to write, too.
  }
}

async function unlessUnreadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
