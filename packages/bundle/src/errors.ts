import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  NOT_A_BUNDLE: {
    exitCode: 3,
    httpStatus: 404,
    hint: "A bundle is a folder or a ZIP file with a manifest.json; `reseal export` writes one.",
  },
  MANIFEST_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "The manifest is damaged or was not written by Reseal. Get the bundle again.",
  },
  CORRUPT: {
    exitCode: 4,
    httpStatus: 422,
    hint: "Nothing was imported. Get the bundle again from where it came.",
  },
  TOO_LARGE: {
    exitCode: 5,
    httpStatus: 413,
    hint: "Put many small files into one archive, or name those that matter with --out.",
  },
  FILE_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "List the files of a run with `reseal show ID --tree`.",
  },
  TARGET_EXISTS: {
    exitCode: 2,
    httpStatus: 409,
    hint: "Choose a name that does not exist yet.",
  },
  UNSAFE_NAME: {
    exitCode: 5,
    httpStatus: 422,
    hint: "The bundle holds a name that is unsafe on some system. It is refused whole.",
  },
  ZIP_CORRUPT: {
    exitCode: 4,
    httpStatus: 422,
    hint: "The archive is damaged, or readers could see different files in it. Get it again from where it came.",
  },
  ZIP_UNSAFE: {
    exitCode: 5,
    httpStatus: 422,
    hint: "The archive holds a name, a link or a special file that is unsafe on some system. It is refused whole.",
  },
  ZIP_UNSUPPORTED: {
    exitCode: 5,
    httpStatus: 422,
    hint: "Only archives in one part, with stored or deflated files and no password, are read. `zip -r` writes such.",
  },
  ZIP_LIMIT: {
    exitCode: 5,
    httpStatus: 413,
    hint: "If you trust the archive, unpack it with another tool and use the folder.",
  },
  SOURCE_CHANGED: {
    exitCode: 4,
    httpStatus: 409,
    hint: "Nothing was written. Run `reseal verify` on the run, then try again.",
  },
};

/** Codes of `@reseal/bundle`. */
export const bundleErrors: ErrorsOf<typeof table> = defineErrors("BUNDLE", table);
