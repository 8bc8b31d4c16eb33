import { strict as assert } from "node:assert";
import { isResealError } from "@reseal/errors";
import type { BlobInfo, BlobStore, ByteSource } from "../blob-store.ts";
import { collectBytes } from "../byte-source.ts";

/** Expect a Reseal error by the end of its code, as each backend has a prefix of its own. */
export async function rejectsWith(promise: Promise<unknown>, codeEnd: string): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert(isResealError(error), `Expected …_${codeEnd}, got ${String(error)}`);
    assert.match(error.code, new RegExp(`_${codeEnd}$`));
    return true;
  });
}

/** Expect exactly this error. */
export async function rejectsExactly(promise: Promise<unknown>, reason: unknown): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal(error, reason);
    return true;
  });
}

/** What a store lists. */
export async function listed(store: BlobStore): Promise<BlobInfo[]> {
  return toList(store.list());
}

/** All that an iterable gives. */
export async function toList<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** A part of a harness that a case cannot do without. */
export function needed<Part>(part: Part | undefined): Part {
  assert(part !== undefined, "The harness lacks what this case needs.");
  return part;
}

/** A blob's bytes as text. */
export async function readText(source: Promise<ByteSource>): Promise<string> {
  return Buffer.from(await collectBytes(await source)).toString();
}

/** The same bytes for the same seed and length: incompressible, cheap, no two alike. */
export function seededBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let index = 0; index < length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** A source that gives these pieces. */
export async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** A source that breaks after some pieces. */
export async function* failing(error: Error, ...texts: readonly string[]): ByteSourceGenerator {
  yield* pieces(...texts);
  throw error;
}

/** A source that gives some bytes, aborts, and then waits for ever. */
export async function* hanging(
  controller: AbortController,
  bytes: Uint8Array,
): ByteSourceGenerator {
  yield bytes;
  controller.abort();
  await new Promise<never>(() => undefined);
}

type ByteSourceGenerator = AsyncGenerator<Uint8Array, void, undefined>;
