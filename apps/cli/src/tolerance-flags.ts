import { type Command, InvalidArgumentError } from "commander";

/** Flags of commands that compare numbers. */
export interface ToleranceFlags {
  readonly atol?: number;
  readonly rtol?: number;
  readonly ulp?: number;
}

/** Add `--atol`, `--rtol` and `--ulp`. */
export function toleranceOptions(command: Command): Command {
  return command
    .option("--atol <number>", "numbers may differ by this much", parseTolerance)
    .option("--rtol <number>", "and by this share of the original", parseTolerance)
    .option("--ulp <n>", "or by so many units in the last place", parseUlp);
}

/** The tolerance that the flags ask for: |a - b| <= atol + rtol * |a|, or at most ulp apart. */
export function toleranceOf({ atol = 0, rtol = 0, ulp = 0 }: ToleranceFlags): {
  absolute: number;
  relative: number;
  ulp: number;
} {
  return { absolute: atol, relative: rtol, ulp };
}

function parseUlp(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("It is a whole number, zero or more, for example 4.");
  return value;
}

function parseTolerance(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("It is a number, zero or more, for example 1e-9.");
  return value;
}
