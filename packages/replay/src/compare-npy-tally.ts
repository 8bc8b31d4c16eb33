import type { Difference } from "@reseal/schema";
import type { NumberComparison } from "./compare-numbers.ts";
import type { PayloadComparison } from "./payload-comparison.ts";

/** Collects what a walk through two arrays meets. */
export class ArrayTally {
  differingCount = 0;
  maxAbsoluteError = 0;
  maxRelativeError = 0;
  maxUlpError = 0;
  #first: Difference | undefined;
  #firstRank = Number.POSITIVE_INFINITY;
  readonly #rankOf: (place: number) => number;

  /** @param rankOf Tells which of two places in the data has the smaller index, rows first. */
  constructor(rankOf: (place: number) => number = (place) => place) {
    this.#rankOf = rankOf;
  }

  /** Note the errors of two numbers that differ. */
  errors({ absoluteError, relativeError, ulpError }: NumberComparison): void {
    // What is NaN has no size, and is greater than nothing.
    if (absoluteError > this.maxAbsoluteError) this.maxAbsoluteError = absoluteError;
    if (relativeError > this.maxRelativeError) this.maxRelativeError = relativeError;
    if (ulpError > this.maxUlpError) this.maxUlpError = ulpError;
  }

  /**
   * Whether an element that differs by more than is allowed is the first so far; when it is, say
   * with {@link describe} what it is.
   */
  isFirst(place: number): boolean {
    const rank = this.#rankOf(place);
    if (rank >= this.#firstRank) return false;
    this.#firstRank = rank;
    return true;
  }

  describe(first: Difference): void {
    this.#first = first;
  }

  result(): PayloadComparison {
    if (this.differingCount === 0) return { status: "equal" };
    return {
      status: this.#first === undefined ? "within_tolerance" : "different",
      ...(this.#first && { firstDifference: this.#first }),
      ...(this.maxAbsoluteError > 0 && {
        maxAbsoluteError: this.maxAbsoluteError,
        maxRelativeError: this.maxRelativeError,
      }),
      ...(this.maxUlpError > 0 && { maxUlpError: this.maxUlpError }),
      differingCount: this.differingCount,
    };
  }
}
