import { constants } from "node:os";
import { cliErrors } from "./errors.ts";

/**
 * Turn this process's SIGINT and SIGTERM into an abort: the command finishes or undoes the step
 * that it is in, so that nothing half-done stays. The second signal ends the process at once.
 */
export function abortOnSignals(onFirst: (message: string) => void): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(signalStatus(signal));
      onFirst(`${signal}: stopping; once more ends at once`);
      controller.abort(cliErrors.INTERRUPTED(`Stopped by ${signal}.`, { details: { signal } }));
    });
  return controller.signal;
}

/** Exit status of a process that a signal ended, as shells count. */
export function signalStatus(signal: string): number {
  return 128 + ((constants.signals as Readonly<Record<string, number>>)[signal] ?? 0);
}
