import { isResealError } from "@reseal/errors";
import { storeErrors } from "./errors.ts";

const hints: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full. Free some space, then try again. Nothing was changed.",
  EDQUOT: "The disk quota is used up. Free some space, then try again. Nothing was changed.",
  EIO: "The disk reports an error. Check its health and the system log before anything else.",
  EACCES: "Check who owns the store folder and its permissions.",
  EPERM: "Check who owns the store folder and its permissions.",
  EMFILE: "Too many files are open. Raise the limit (ulimit -n), or do less at once.",
};

/** The system's code of an error, for example `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What to throw when writing failed; what is no error of the system comes back as it is. */
export function writeFailure(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || isResealError(error)) return error;
  const options = { details: { path, errno }, cause: error };
  if (errno === "EROFS") {
    return storeErrors.READ_ONLY(`${path} is on a read-only file system.`, options);
  }
  return storeErrors.WRITE_FAILED(`Cannot write ${path}: ${errno}.`, withHint(options, errno));
}

/** What to throw when the store cannot be read; what is no error of the system comes back. */
export function readFailure(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || isResealError(error)) return error;
  const options = { details: { path, errno }, cause: error };
  return storeErrors.READ_FAILED(`Cannot read ${path}: ${errno}.`, withHint(options, errno));
}

function withHint<Options extends object>(options: Options, errno: string): Options {
  const hint = hints[errno];
  return hint === undefined ? options : { ...options, hint };
}
