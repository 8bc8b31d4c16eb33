import type { ErrorDetails, ResealError } from "@reseal/errors";
import { bundleErrors } from "../errors.ts";

/** Why an archive is refused, as a word for programs; messages are for people. */
export type ZipReason =
  | "attributes"
  | "changed"
  | "crc"
  | "data"
  | "descriptor"
  | "directory"
  | "encrypted"
  | "end_record"
  | "extra_field"
  | "flags"
  | "folder"
  | "limit"
  | "local_header"
  | "method"
  | "multi_disk"
  | "name"
  | "ratio"
  | "tiling"
  | "zip64";

type Kind = "ZIP_CORRUPT" | "ZIP_UNSAFE" | "ZIP_UNSUPPORTED" | "ZIP_LIMIT";

/** An error about an archive; `path` names the entry it is about. */
export function zipError(
  kind: Kind,
  reason: ZipReason,
  message: string,
  { cause, ...details }: ErrorDetails & { readonly cause?: unknown } = {},
): ResealError {
  return bundleErrors[kind](message, { details: { reason, ...details }, cause });
}

/** The bytes contradict themselves or what they claim. */
export function corrupt(reason: ZipReason, message: string, details?: ErrorDetails): ResealError {
  return zipError("ZIP_CORRUPT", reason, message, details);
}
