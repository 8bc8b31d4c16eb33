import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  BUSY: {
    exitCode: 7,
    httpStatus: 503,
    hint: "Another process is writing to this store. Try again when it is done.",
  },
  CORRUPT: {
    exitCode: 4,
    httpStatus: 500,
    hint: "The catalog is only an index: move the file aside and it is rebuilt from the journal.",
  },
  CURSOR_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Pass `after` exactly as the page before gave it, with the same filters, sort and order; or start again without it.",
  },
  FILTER_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Filter and sort by a column of the list, `tag`, `parent` or `metric.<name>`.",
  },
  FOREIGN: {
    exitCode: 2,
    httpStatus: 500,
    hint: "This is an SQLite file of another program. It was left as it is; choose another store folder.",
  },
  FORMAT_TOO_NEW: {
    exitCode: 2,
    httpStatus: 500,
    hint: "The store was written by a newer Reseal. Install that version, or a later one, to open it.",
  },
  FORMAT_TOO_OLD: {
    exitCode: 2,
    httpStatus: 500,
    hint: "Open the store once with permission to write, so that its catalog is brought up to date.",
  },
  IO_FAILED: {
    exitCode: 4,
    httpStatus: 507,
    hint: "Check free space, quota and health of the disk that holds the store, then try again. What was being written was undone.",
  },
  NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "Check the path of the store and that you may read it.",
  },
  READ_ONLY: {
    exitCode: 5,
    httpStatus: 403,
    hint: "Check the permissions of the store folder and of `store.db`.",
  },
};

/** What can go wrong with a catalog. */
export const catalogErrors: ErrorsOf<typeof table> = defineErrors("CATALOG", table);
