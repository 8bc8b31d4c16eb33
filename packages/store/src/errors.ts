import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  BLOB_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "Check the digest, or run `reseal store check` if the catalog and the store disagree.",
  },
  BLOB_CORRUPT: {
    exitCode: 4,
    httpStatus: 500,
    hint: "Run `verify` to find what else is damaged, and bring the blob back from another store or an exported bundle.",
  },
  ENCODING_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "The compact form is damaged, or something else wrote it. Bring the original back from trash, a backup or an exported bundle.",
  },
  DIGEST_MISMATCH: {
    exitCode: 4,
    httpStatus: 422,
    hint: "The bytes are not the announced ones and were not stored. Fetch or read them again.",
  },
  FILE_CHANGED: {
    exitCode: 4,
    httpStatus: 409,
    hint: "Something still writes to the file. Wait until it is done, then try again.",
  },
  FILE_UNREADABLE: {
    exitCode: 3,
    httpStatus: 422,
    hint: "Check that the path names a regular file that you may read.",
  },
  WRITE_FAILED: {
    exitCode: 7,
    httpStatus: 507,
    hint: "Check free space, quota and health of the disk, then try again. What was being written is not visible.",
  },
  COPY_FAILED: {
    exitCode: 7,
    httpStatus: 507,
    hint: "Check the free space and the permissions of the folder that is written to. The store was not changed.",
  },
  WORKER_FAILED: {
    exitCode: 7,
    httpStatus: 500,
    hint: "A helper thread ended before its work was done, perhaps for lack of memory. Nothing of the work is visible; try again.",
  },
  READ_FAILED: {
    exitCode: 4,
    httpStatus: 500,
    hint: "Check the permissions of the store and the health of its disk. Nothing was changed.",
  },
  UNAVAILABLE: {
    exitCode: 8,
    httpStatus: 503,
    hint: "The place of the store is gone. Check the path, the mount or the connection.",
  },
  READ_ONLY: {
    exitCode: 5,
    httpStatus: 403,
    hint: "The store was opened for reading only. Choose another with --store.",
  },
  FORMAT_TOO_NEW: {
    exitCode: 2,
    httpStatus: 500,
    hint: "A newer Reseal wrote this store. Install that version, or a later one, to open it.",
  },
  BUSY: {
    exitCode: 7,
    httpStatus: 503,
    hint: "Another process is using the store. Try again when it is done.",
  },
  JOURNAL_INVALID: {
    exitCode: 4,
    httpStatus: 500,
    hint: "Keep the journal file as it is and restore it from a backup; blobs are not affected.",
  },
  RECORD_TOO_LARGE: {
    exitCode: 2,
    httpStatus: 413,
    hint: "Keep long content in a blob and name its digest in the record.",
  },
  CURSOR_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Pass `after` exactly as the page before gave it, with the same query, or leave it out.",
  },
  FILTER_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Filter and sort by a column of the list, `tag`, `parent` or `metric.<name>`.",
  },
};

/** What can go wrong with a store, whatever keeps it. */
export const storeErrors: ErrorsOf<typeof table> = defineErrors("STORE", table);
