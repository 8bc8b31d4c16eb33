import type { MetricTolerance, Tolerance } from "@reseal/schema";
import { replayErrors } from "./errors.ts";

/** How far a number may be from the original's: |a - b| <= absolute + relative * |a|. */
export type NumberTolerance = Readonly<MetricTolerance>;

/** What a caller may say about tolerance; what is absent is 0. */
export type ToleranceOptions = {
  readonly absolute?: number | undefined;
  readonly relative?: number | undefined;
  /** Tolerances of single metrics by name, in place of the two above. */
  readonly metrics?: Readonly<Record<string, NumberTolerance>> | undefined;
};

/** No difference at all. */
export const exact: NumberTolerance = { absolute: 0, relative: 0 };

/** How two numbers relate. */
export interface NumberComparison {
  readonly isEqual: boolean;
  /** Also true for equal numbers. */
  readonly isWithin: boolean;
  /** |a - b|; NaN when only one of the two is NaN. */
  readonly absoluteError: number;
  /** |a - b| / |a|; Infinity when only the original is 0. */
  readonly relativeError: number;
}

/**
 * Hold a candidate's number against the original's.
 *
 * NaN equals NaN, an infinity only itself, -0 equals 0.
 */
export function compareNumbers(
  original: number,
  candidate: number,
  tolerance: NumberTolerance,
): NumberComparison {
  if (original === candidate || (Number.isNaN(original) && Number.isNaN(candidate)))
    return { isEqual: true, isWithin: true, absoluteError: 0, relativeError: 0 };
  const absoluteError = Math.abs(original - candidate);
  return judge(absoluteError, Math.abs(original), tolerance, [original, candidate]);
}

/** The same for integers of any size, without rounding them first. */
export function compareIntegers(
  original: bigint,
  candidate: bigint,
  tolerance: NumberTolerance,
): NumberComparison {
  if (original === candidate)
    return { isEqual: true, isWithin: true, absoluteError: 0, relativeError: 0 };
  const difference = original - candidate;
  const absoluteError = Number(difference < 0n ? -difference : difference);
  return judge(absoluteError, Math.abs(Number(original)), tolerance, []);
}

function judge(
  absoluteError: number,
  size: number,
  { absolute, relative }: NumberTolerance,
  values: readonly number[],
): NumberComparison {
  const areFinite = values.every(Number.isFinite);
  return {
    isEqual: false,
    isWithin: areFinite && absoluteError <= absolute + relative * size,
    absoluteError,
    relativeError: size === 0 ? Number.POSITIVE_INFINITY : absoluteError / size,
  };
}

/**
 * A tolerance with nothing left open.
 * @throws `REPLAY_TOLERANCE_INVALID` for what is negative, NaN or infinite.
 */
export function completeTolerance(options: ToleranceOptions = {}): Tolerance {
  const { absolute = 0, relative = 0, metrics } = options;
  const named = Object.entries(metrics ?? {}).flatMap(([name, metric]) => [
    [`absolute tolerance of ${name}`, metric.absolute] as const,
    [`relative tolerance of ${name}`, metric.relative] as const,
  ]);
  for (const [what, value] of [
    ["absolute tolerance", absolute] as const,
    ["relative tolerance", relative] as const,
    ...named,
  ])
    if (!Number.isFinite(value) || value < 0)
      throw replayErrors.TOLERANCE_INVALID(`The ${what} cannot be ${value}.`);
  return {
    absolute,
    relative,
    ...(named.length > 0 && { metrics: structuredClone(metrics) as NonNullable<typeof metrics> }),
  };
}
