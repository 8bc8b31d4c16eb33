import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  CONFIG_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Correct the file; `reseal artifacts policy test FILE` says what it would do.",
  },
  RULE_REQUIRED: {
    exitCode: 2,
    httpStatus: 400,
    hint: "last_pass, last_run and pinned always hold. List all three in gc.always_keep, or leave the key out.",
  },
  POOL_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "Run this where ./artifacts is, or name the folder with --pool.",
  },
  ENTRY_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "`reseal artifacts list` shows the ids; `reseal artifacts trash list` those in the trash.",
  },
  ENTRY_AMBIGUOUS: { exitCode: 3, httpStatus: 404, hint: "Give more digits." },
  TOO_MANY_FILES: {
    exitCode: 5,
    httpStatus: 422,
    hint: "Raise indexing.max_files_per_scan in config/artifacts.yaml, or name a smaller folder with --pool.",
  },
  MANIFEST_CORRUPT: {
    exitCode: 4,
    httpStatus: 500,
    hint: "Copy .manifest.backup.json over it, or rebuild it with `reseal artifacts scan --force`.",
  },
  PINS_CORRUPT: {
    exitCode: 4,
    httpStatus: 500,
    hint: "Nothing is deleted while pins cannot be read. Repair the file, or remove it and pin again.",
  },
  BUSY: {
    exitCode: 7,
    httpStatus: 409,
    hint: "Another process is changing this folder; try again when it is done.",
  },
  PLAN_INVALID: {
    exitCode: 5,
    httpStatus: 422,
    hint: "This usually is an attempt to delete something protected. Check what is pinned.",
  },
  PLAN_STALE: {
    exitCode: 5,
    httpStatus: 409,
    hint: "Something changed since the plan was made. Look again: reseal artifacts gc (with --out FILE to keep the plan)",
  },
  ENTRY_PROTECTED: {
    exitCode: 5,
    httpStatus: 403,
    hint: "`reseal artifacts why ID` names the rules that keep it.",
  },
  FILE_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "`reseal artifacts list --verbose` shows the paths, relative to the folder.",
  },
  COMPACTION_UNSUPPORTED: {
    exitCode: 2,
    httpStatus: 422,
    hint: "Compaction of blobs works on a store in a folder.",
  },
  COMPACTION_WRONG: {
    exitCode: 4,
    httpStatus: 500,
    hint: "The original was left as it is. This is a defect of Reseal or of the disk; please report it.",
  },
  FILE_CHANGED: {
    exitCode: 5,
    httpStatus: 409,
    hint: "It was left where it is. Scan again, and look who writes to it.",
  },
  RESTORE_CONFLICT: {
    exitCode: 5,
    httpStatus: 409,
    hint: "Move the file that is in the way; nothing is overwritten.",
  },
  TRASH_DAMAGED: {
    exitCode: 4,
    httpStatus: 500,
    hint: "The files in the trash are not those that were moved there; look at them before you use them.",
  },
  AUDIT_BROKEN: {
    exitCode: 4,
    httpStatus: 500,
    hint: "Somebody changed the audit log. Compare it with a backup.",
  },
  REPORT_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Name a gc_report_….json or .md of this pool's trash.",
  },
  STORE_UNSUPPORTED: {
    exitCode: 2,
    httpStatus: 501,
    hint: "Retention works on a store in a folder.",
  },
  READ_FAILED: { exitCode: 8, httpStatus: 503, hint: "Check the permissions of the folder." },
  WRITE_FAILED: {
    exitCode: 8,
    httpStatus: 503,
    hint: "Check the permissions and the room of the folder. What was begun is put back by the next command.",
  },
};

/** What can go wrong in `@reseal/gc`. */
export const gcErrors: ErrorsOf<typeof table> = defineErrors("GC", table);
