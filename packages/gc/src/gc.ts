import { gcErrors } from "./errors.ts";

/**
 * Take the white space from both ends of a line.
 *
 * @throws `GC_EMPTY` when nothing is left.
 * @example
 * parseGc("  a line  "); // "a line"
 */
export function parseGc(text: string): string {
  const line = text.trim();
  if (line === "") throw gcErrors.EMPTY("The line is empty.");
  return line;
}
