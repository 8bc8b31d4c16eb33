import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  EMPTY: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Give at least one character that is not white space.",
  },
};

/** What can go wrong in `@reseal/gc`. */
export const gcErrors: ErrorsOf<typeof table> = defineErrors("GC", table);
