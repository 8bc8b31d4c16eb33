import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  TOLERANCE_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "A tolerance is a finite number that is not negative: --atol 1e-9 --rtol 1e-6 --ulp 4",
  },
  POLICY_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "A policy is strict, warn or ignore, or ASPECT=strict: --policy strict --policy hardware=warn",
  },
  GATE_INVALID: {
    exitCode: 2,
    httpStatus: 400,
    hint: "See `reseal schema show gate-rules` for what a gate file may say.",
  },
  STORE_READ_ONLY: {
    exitCode: 5,
    httpStatus: 403,
    hint: "A replay is sealed. Choose a store that can be written with --store.",
  },
  NPY_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "Write the array again with numpy.save(..., allow_pickle=False).",
  },
  NPZ_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "Write the archive again with numpy.savez.",
  },
  PNG_INVALID: {
    exitCode: 4,
    httpStatus: 422,
    hint: "Open the image in a viewer; it may be damaged or too large to compare by pixels.",
  },
};

/** Codes of `@reseal/replay`. */
export const replayErrors: ErrorsOf<typeof table> = defineErrors("REPLAY", table);
