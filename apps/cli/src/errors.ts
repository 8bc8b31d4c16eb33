import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  USAGE: { exitCode: 2, httpStatus: 400, hint: "See `reseal help COMMAND`." },
  NODE_TOO_OLD: {
    exitCode: 2,
    httpStatus: 500,
    hint: "Install Node 22.15 or newer, or use tools/reseal, which brings its own.",
  },
  RUN_NOT_FOUND: { exitCode: 3, httpStatus: 404, hint: "`reseal ls` lists what is there." },
  RUN_AMBIGUOUS: { exitCode: 3, httpStatus: 404, hint: "Give more digits." },
  PATH_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "`reseal show ID --tree` lists the files of a run.",
  },
  SECRET_WITHHELD: {
    exitCode: 5,
    httpStatus: 422,
    hint: "The run is sealed without these files. Remove the secret, or pass --allow-secret PATH.",
  },
  DECLINED: {
    exitCode: 5,
    httpStatus: 409,
    hint: "Answer y to go on, or pass --force.",
  },
  INTERRUPTED: {
    exitCode: 130,
    httpStatus: 499,
    hint: "Nothing half-done was kept. Run the same command again.",
  },
  INTERNAL: {
    exitCode: 70,
    httpStatus: 500,
    hint: "This is a defect of Reseal. Run again with --debug and report what it prints.",
  },
  CODE_NOT_FOUND: {
    exitCode: 3,
    httpStatus: 404,
    hint: "`reseal explain` lists every code.",
  },
  BINARY_TO_TERMINAL: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Redirect it into a file: reseal cat ID PATH > FILE",
  },
};

/** Codes of the command line itself. */
export const cliErrors: ErrorsOf<typeof table> = defineErrors("CLI", table);
