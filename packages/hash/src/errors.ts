import { defineErrors, type ErrorFactory } from "@reseal/errors";

type HashErrorKey =
  | "DIGEST_INVALID"
  | "NOT_CANONICAL"
  | "JSON_INVALID"
  | "YAML_INVALID"
  | "TREE_INVALID";

/** The error codes of `@reseal/hash`, with their exit and HTTP statuses. */
export const hashErrors: Readonly<Record<HashErrorKey, ErrorFactory>> = defineErrors("HASH", {
  DIGEST_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "A digest is `sha256:` and 64 lower-case hexadecimal digits.",
  },
  NOT_CANONICAL: {
    exitCode: 2,
    httpStatus: 422,
    hint: 'Only plain JSON has a digest. Write NaN and infinities as "NaN", "Infinity", "-Infinity", and integers beyond 2^53-1 as strings.',
  },
  JSON_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "The document must be strict JSON in UTF-8: no repeated keys, no number a double cannot hold, no deep nesting.",
  },
  YAML_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "Only what JSON can say, too: one document, no tags of programs, no repeated keys, no infinities, few aliases.",
  },
  TREE_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "A tree is sorted lines of `<64 hex>  <path>` with portable, relative, unique paths.",
  },
});
