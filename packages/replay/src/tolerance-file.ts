import { type JsonValue, parseStrictJson, parseStrictYaml } from "@reseal/hash";
import { assertValid, type ToleranceFile } from "@reseal/schema";
import { replayErrors } from "./errors.ts";
import type { ToleranceOptions } from "./tolerance.ts";

/** Longest tolerance file that is read, in UTF-16 code units. */
const lengthMax = 1024 * 1024;

/**
 * Read the text of a tolerance file, JSON or YAML; see the schema `tolerance`. JSON is YAML, too,
 * but is read strictly when it starts with a brace.
 * @throws `REPLAY_TOLERANCE_INVALID` with what is wrong.
 * @example
 * const tolerance = await parseTolerance("relative: 1e-6\nulp: 4\n");
 */
export async function parseTolerance(text: string): Promise<ToleranceOptions> {
  if (text.length > lengthMax)
    throw replayErrors.TOLERANCE_INVALID(`A tolerance file has at most ${lengthMax} characters.`);
  try {
    const file: ToleranceFile = await assertValid("tolerance", await parse(text));
    const { schema_version: _, ...tolerance } = file;
    return tolerance;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw replayErrors.TOLERANCE_INVALID(`The tolerance file is not valid: ${reason}`, {
      cause,
      hint: "See `reseal schema show tolerance` for what it may hold.",
    });
  }
}

async function parse(text: string): Promise<JsonValue> {
  if (/^\s*\{/.test(text)) return parseStrictJson(text);
  return (await parseStrictYaml(text)) ?? {};
}
