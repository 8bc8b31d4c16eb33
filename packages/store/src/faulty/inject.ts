import type { ByteSource } from "../blob-store.ts";
import type { FaultPlan } from "./fault-plan.ts";

/** Run one call under a plan. The call gets the signal that it must obey. */
export async function inject<Result>(
  plan: FaultPlan,
  operation: string,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal | undefined) => Promise<Result>,
): Promise<Result> {
  const kind = plan.next(operation);
  switch (kind) {
    case undefined:
      return call(signal);
    case "abort": {
      const controller = new AbortController();
      const pending = call(either(signal, controller.signal));
      controller.abort();
      return pending;
    }
    case "error_after":
      await call(signal);
      throw plan.error(operation);
    default:
      throw plan.error(operation);
  }
}

/** Like {@link inject}, for a call that gives bytes. */
export async function injectBytes(
  plan: FaultPlan,
  operation: string,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal | undefined) => Promise<ByteSource>,
): Promise<ByteSource> {
  const kind = plan.next(operation);
  switch (kind) {
    case undefined:
      return call(signal);
    case "error_before":
      throw plan.error(operation);
    case "abort": {
      const controller = new AbortController();
      const source = await call(either(signal, controller.signal));
      return abortAtFirst(source, () => controller.abort());
    }
    case "error_after":
      return thenThrow(await call(signal), () => plan.error(operation));
    case "short_read":
      return withoutLastByte(await call(signal));
    case "flipped_byte":
      return withFlippedByte(await call(signal));
  }
}

/** Like {@link inject}, for a call that gives a list. */
export async function* injectItems<Item>(
  plan: FaultPlan,
  operation: string,
  signal: AbortSignal | undefined,
  call: (signal: AbortSignal | undefined) => AsyncIterable<Item>,
): AsyncGenerator<Item> {
  const kind = plan.next(operation);
  switch (kind) {
    case undefined:
      yield* call(signal);
      return;
    case "abort": {
      const controller = new AbortController();
      yield* abortAtFirst(call(either(signal, controller.signal)), () => controller.abort());
      return;
    }
    case "error_after":
      yield* thenThrow(call(signal), () => plan.error(operation));
      return;
    case "short_read":
      yield* allButLast(call(signal));
      return;
    default:
      throw plan.error(operation);
  }
}

function either(signal: AbortSignal | undefined, other: AbortSignal): AbortSignal {
  return signal === undefined ? other : AbortSignal.any([signal, other]);
}

/** Abort at the first item, and let the source notice. */
async function* abortAtFirst<Item>(
  items: AsyncIterable<Item>,
  abort: () => void,
): AsyncGenerator<Item> {
  for await (const item of items) {
    abort();
    yield item;
  }
}

async function* thenThrow<Item>(
  items: AsyncIterable<Item>,
  error: () => Error,
): AsyncGenerator<Item> {
  yield* items;
  throw error();
}

async function* allButLast<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let held: { readonly item: Item } | undefined;
  for await (const item of items) {
    if (held !== undefined) yield held.item;
    held = { item };
  }
}

async function* withoutLastByte(source: ByteSource): ByteGenerator {
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    if (chunk.byteLength === 0) continue;
    if (held !== undefined) yield held;
    held = new Uint8Array(chunk);
  }
  if (held !== undefined) yield held.subarray(0, -1);
}

async function* withFlippedByte(source: ByteSource): ByteGenerator {
  let isFlipped = false;
  for await (const chunk of source) {
    const copy = new Uint8Array(chunk);
    const [first] = copy;
    if (!isFlipped && first !== undefined) {
      copy[0] = first ^ 0x01;
      isFlipped = true;
    }
    yield copy;
  }
}

type ByteGenerator = AsyncGenerator<Uint8Array, void, undefined>;
