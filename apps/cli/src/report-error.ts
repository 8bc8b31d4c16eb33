import { isResealError, type ResealError } from "@reseal/errors";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { signalStatus } from "./signals.ts";
import { harmless } from "./terminal.ts";

/** Where an error came from, and how it is to be shown. */
export interface ErrorReport {
  /** The command that failed, when there is one of that name. */
  readonly command: string | undefined;
  readonly isJson: boolean;
  readonly isDebug: boolean;
}

/** Say what went wrong: words on standard error, or with `--json` one line on standard output. */
export function reportError(
  error: unknown,
  context: CommandContext,
  { command, isJson, isDebug }: ErrorReport,
): number {
  const known = asResealError(error);
  // `run` has its own range: whatever goes wrong with us, not with the child, is 125.
  const exit = command === "run" ? runExit(known) : exitOf(known);
  const { stdout, stderr } = context.host;
  if (isJson) {
    const { code, message, hint, details } = known;
    const schema = `${command ?? "error"}/v1`;
    const line = { schema, ok: false, error: { code, message, hint, exit, details } };
    stdout.write(`${JSON.stringify(line)}\n`);
  } else {
    const { err } = context;
    stderr.write(`${err.red("error:")} ${harmless(known.message)}\n`);
    if (known.hint !== "") stderr.write(`${err.dim("hint:")} ${harmless(known.hint)}\n`);
  }
  if (isDebug) {
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stderr.write(`${known.code}\n${shown}\n`);
    if (error instanceof Error && error.cause instanceof Error)
      stderr.write(`caused by ${error.cause.stack}\n`);
  }
  return exit;
}

/** What is passed on as it is: wrong usage, and what shells say of what cannot be started. */
const runExits: ReadonlySet<number> = new Set([2, 126, 127]);
/** Refusals that the user asked for with `--strict`. */
const strictCodes: ReadonlySet<string> = new Set([
  "RECORD_SECRET_FOUND",
  cliErrors.SECRET_WITHHELD.code,
]);

function runExit({ code, exitCode }: ResealError): number {
  return runExits.has(exitCode) || strictCodes.has(code) ? exitCode : 125;
}

function exitOf({ code, exitCode, details }: ResealError): number {
  const isTerminated = code === cliErrors.INTERRUPTED.code && details.signal === "SIGTERM";
  return isTerminated ? signalStatus("SIGTERM") : exitCode;
}

function asResealError(error: unknown): ResealError {
  if (isResealError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === "AbortError")
    return isResealError(error.cause)
      ? error.cause
      : cliErrors.INTERRUPTED("Interrupted.", { cause: error });
  return cliErrors.INTERNAL(message, { cause: error });
}
