import { recordErrors } from "./errors.ts";

/** What the placeholders of a command stand for in one execution. */
export interface PlaceholderValues {
  readonly out: string;
  readonly in: string;
  readonly seed?: string | undefined;
}

/**
 * Replace `{out}`, `{in}` and `{seed}` in the arguments; other braces stay as they are.
 * @throws `RECORD_COMMAND_INVALID` for an empty command, and for `{seed}` without a seed.
 */
export function expandCommand(argv: readonly string[], values: PlaceholderValues): string[] {
  if (argv.length === 0 || argv[0] === "")
    throw recordErrors.COMMAND_INVALID("No command was given.", {
      hint: "Put it after two dashes: reseal run -- python3 train.py",
    });
  return argv.map((argument) =>
    argument.replaceAll(/\{(out|in|seed)\}/g, (_, name: keyof PlaceholderValues) => {
      const value = values[name];
      if (value === undefined)
        throw recordErrors.COMMAND_INVALID(`${argument} needs a seed and none was given.`);
      return value;
    }),
  );
}

/** The seed as the manifest keeps it. @throws `RECORD_COMMAND_INVALID` */
export function parseSeed(text: string): number | string {
  if (!/^(0|[1-9]\d{0,19})$/.test(text) || BigInt(text) >= 1n << 64n)
    throw recordErrors.COMMAND_INVALID(`The seed ${JSON.stringify(text)} is not a whole number.`, {
      hint: "A seed is an integer from 0 to 18446744073709551615.",
    });
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}
