/**
 * What goes wrong with one call.
 * - `error_before`: it throws and has done nothing.
 * - `error_after`: it was done, and throws all the same, as when the answer is lost.
 * - `abort`: its signal aborts after it has begun.
 * - `short_read`: what it gives ends early, without an error.
 * - `flipped_byte`: one byte that it gives is another.
 *
 * The last two are lies that no lawful store tells: they are for those who must check again what
 * they read. A call that gives no bytes and no list fails with `error_before` instead.
 */
export type FaultKind = "error_before" | "error_after" | "abort" | "short_read" | "flipped_byte";

/** A fault that was injected. */
export interface Fault {
  readonly kind: FaultKind;
  /** The operation, for example `blobs.put`. */
  readonly operation: string;
  /** Which call of the plan it was; the first is 1. */
  readonly call: number;
}

/** Decides which calls go wrong. One plan may stand behind several wrapped stores. */
export interface FaultPlan {
  /** Calls so far. */
  readonly calls: number;
  /** Faults injected so far, in order; empty when the plan was never reached. */
  readonly faults: readonly Fault[];
  /** Count a call, and say what goes wrong with it. */
  next(operation: string): FaultKind | undefined;
  /** The error of a call that goes wrong. */
  error(operation: string): Error;
}

/** What both kinds of plan take. */
interface FaultPlanOptions {
  /** Count only these operations, for example `/^blobs\.put/`; default all. */
  readonly operations?: RegExp | undefined;
  /** The error that a faulty call throws; default a plain one that names the operation. */
  readonly error?: ((operation: string) => Error) | undefined;
}

/**
 * Let the n-th call go wrong, once, or with `sticky` that one and all after it.
 * @example
 * for (let n = 1; ; n += 1) {
 *   const plan = failNth(n, "error_before");
 *   await ingest(faultyBlobStore(createMemoryBlobStore(), plan)).catch(() => undefined);
 *   if (plan.faults.length === 0) break; // Every call has failed once.
 * }
 */
export function failNth(
  n: number,
  kind: FaultKind,
  { sticky = false, ...options }: FaultPlanOptions & { readonly sticky?: boolean | undefined } = {},
): FaultPlan {
  return new Plan((call) => (call === n || (sticky && call > n) ? kind : undefined), options);
}

/**
 * Let calls go wrong at random, the same ones for the same seed.
 * @param options.probability How often, from 0 to 1; default 0.1.
 * @param options.kinds What may go wrong; default errors and aborts, no lies.
 */
export function failBySeed(
  seed: number,
  {
    probability = 0.1,
    kinds = ["error_before", "error_after", "abort"],
    ...options
  }: FaultPlanOptions & {
    readonly probability?: number | undefined;
    readonly kinds?: readonly FaultKind[] | undefined;
  } = {},
): FaultPlan {
  const random = mulberry32(seed);
  return new Plan(() => {
    const [chance, choice] = [random(), random()];
    return chance < probability ? kinds[Math.floor(choice * kinds.length)] : undefined;
  }, options);
}

class Plan implements FaultPlan {
  readonly faults: Fault[] = [];
  readonly #decide: (call: number) => FaultKind | undefined;
  readonly #options: FaultPlanOptions;
  #calls = 0;

  constructor(decide: (call: number) => FaultKind | undefined, options: FaultPlanOptions) {
    this.#decide = decide;
    this.#options = options;
  }

  get calls(): number {
    return this.#calls;
  }

  next(operation: string): FaultKind | undefined {
    if (this.#options.operations?.test(operation) === false) return undefined;
    this.#calls += 1;
    const kind = this.#decide(this.#calls);
    if (kind !== undefined) this.faults.push({ kind, operation, call: this.#calls });
    return kind;
  }

  error(operation: string): Error {
    return this.#options.error?.(operation) ?? new Error(`Injected fault in ${operation}.`);
  }
}

/** A small generator of even quality; the seed is all its state. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
