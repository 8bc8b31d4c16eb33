import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  NOT_A_BUNDLE: {
    exitCode: 3,
    httpStatus: 404,
    hint: "A bundle is a folder with a manifest.json; `reseal export` writes one.",
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
  FILE_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "List the files of a run with `reseal show ID --tree`.",
  },
  TARGET_EXISTS: {
    exitCode: 2,
    httpStatus: 409,
    hint: "Choose a folder that does not exist yet.",
  },
  UNSAFE_NAME: {
    exitCode: 5,
    httpStatus: 422,
    hint: "The bundle holds a name that is unsafe on some system. It is refused whole.",
  },
};

/** Codes of `@reseal/bundle`. */
export const bundleErrors: ErrorsOf<typeof table> = defineErrors("BUNDLE", table);
