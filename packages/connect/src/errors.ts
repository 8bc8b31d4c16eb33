import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  STORE_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "`reseal run`, `seal` and `import` create a store; or name one with --store.",
  },
  FORMAT_TOO_NEW: {
    exitCode: 2,
    httpStatus: 409,
    hint: "Install the newest Reseal. The store is left as it is; its blobs and manifests can be read with plain tools.",
  },
  LOCATION_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "A store is a folder path here.",
  },
};

/** Codes of `@reseal/connect`. */
export const connectErrors: ErrorsOf<typeof table> = defineErrors("CONNECT", table);
