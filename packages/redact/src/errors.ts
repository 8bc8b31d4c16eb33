import { defineErrors, type ErrorFactory } from "@reseal/errors";

/** Error codes of `@reseal/redact`. No message or detail ever holds text that was being redacted. */
export const redactErrors: Readonly<
  Record<"FAILED" | "CLOSED" | "NOT_JSON" | "TOO_DEEP", ErrorFactory>
> = defineErrors("REDACT", {
  FAILED: {
    exitCode: 5,
    httpStatus: 500,
    hint: "Nothing was written. Report this with the version; leave the text itself out.",
  },
  CLOSED: {
    exitCode: 2,
    httpStatus: 500,
    hint: "Open a new stream: one that ended or failed takes no more bytes.",
  },
  NOT_JSON: {
    exitCode: 2,
    httpStatus: 422,
    hint: "Pass plain objects, arrays, strings, numbers, booleans and null only.",
  },
  TOO_DEEP: {
    exitCode: 5,
    httpStatus: 422,
    hint: "Flatten the value, or check it for a cycle.",
  },
});

/** Run a step that touches secrets; what goes wrong inside is told without its words. */
export function failClosed<T>(step: () => T): T {
  try {
    return step();
  } catch {
    // The cause is dropped on purpose: its message may quote the text.
    throw redactErrors.FAILED("The redactor failed, so the text is refused.");
  }
}
