import { defineErrors, type ErrorFactory } from "@reseal/errors";

/** Error codes of `@reseal/cite`. */
export const citeErrors: Readonly<Record<"MANIFEST_INVALID" | "FORMAT_UNKNOWN", ErrorFactory>> =
  defineErrors("CITE", {
    MANIFEST_INVALID: {
      exitCode: 4,
      httpStatus: 422,
      hint: "Verify the bundle: a sealed manifest always has its ids and its time of creation.",
    },
    FORMAT_UNKNOWN: {
      exitCode: 2,
      httpStatus: 400,
      hint: "Use bibtex, json or markdown.",
    },
  });
