import { defineErrors, type ErrorFactory } from "@reseal/errors";

/** The errors of `@reseal/schema`: a document that breaks its schema, a schema that is not there. */
export const schemaErrors: Readonly<Record<"INVALID" | "NOT_FOUND", ErrorFactory>> = defineErrors(
  "SCHEMA",
  {
    INVALID: {
      exitCode: 4,
      httpStatus: 422,
      hint: "Each finding names the place as a JSON Pointer. A newer Reseal may have written it: compare schema_version.",
    },
    NOT_FOUND: {
      exitCode: 3,
      httpStatus: 404,
      hint: "Pass one of the names in schemaNames.",
    },
  },
);
