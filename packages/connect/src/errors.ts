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
  SOURCE_INVALID: {
    exitCode: 3,
    httpStatus: 404,
    hint: "Name a store, a backup or an exported bundle: its folder, or its ZIP file.",
  },
  BACKUP_TARGET: {
    exitCode: 2,
    httpStatus: 409,
    hint: "Choose a folder that is empty, not there yet, or an earlier backup of the same store.",
  },
  BACKUP_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "Nothing was restored. `reseal store check --read-data --store BACKUP` says what is wrong; restore from another backup, or repair this one with `store repair`.",
  },
  NOT_A_BACKUP: {
    exitCode: 3,
    httpStatus: 404,
    hint: "`reseal store backup DIR` writes one.",
  },
  RESTORE_TARGET: {
    exitCode: 2,
    httpStatus: 409,
    hint: "A store that holds something is never overwritten. Choose another folder with --to.",
  },
  LINK_ACROSS: {
    exitCode: 2,
    httpStatus: 409,
    hint: "Hard links cannot lead to another file system. Leave --link out, and the blobs are copied.",
  },
};

/** Codes of `@reseal/connect`. */
export const connectErrors: ErrorsOf<typeof table> = defineErrors("CONNECT", table);
