import { replayErrors } from "./errors.ts";

/** Why an array is not read, as a word for programs. */
export type NpyReason =
  | "magic"
  | "version"
  | "header"
  | "dtype"
  | "object"
  | "shape"
  | "limit"
  | "truncated"
  | "trailing";

/** An error about an array; messages are for people. */
export function npyInvalid(reason: NpyReason, message: string): Error {
  return replayErrors.NPY_INVALID(message, { details: { reason } });
}
