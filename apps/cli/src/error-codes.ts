import type { ErrorFactory } from "@reseal/errors";
import { cliErrors } from "./errors.ts";

/** One error code, as its package declares it. */
export interface ErrorCode {
  readonly code: string;
  readonly exit: number;
  readonly http_status: number;
  readonly hint: string;
}

type ErrorTable = Readonly<Record<string, ErrorFactory>>;

/** The tables of all packages; loading them loads the packages, so only `explain` does. */
const tables: readonly (() => Promise<ErrorTable>)[] = [
  () => Promise.resolve(cliErrors),
  async () => (await import("@reseal/bundle")).bundleErrors,
  async () => (await import("@reseal/connect")).catalogErrors,
  async () => (await import("@reseal/cite")).citeErrors,
  async () => (await import("@reseal/connect")).connectErrors,
  async () => (await import("@reseal/gc")).gcErrors,
  async () => (await import("@reseal/hash")).hashErrors,
  async () => (await import("@reseal/record")).recordErrors,
  async () => (await import("@reseal/redact")).redactErrors,
  async () => (await import("@reseal/replay")).replayErrors,
  async () => (await import("@reseal/schema")).schemaErrors,
  async () => (await import("@reseal/store")).storeErrors,
];

/** Every error code that a command can end with, sorted. */
export async function errorCodes(): Promise<ErrorCode[]> {
  const loaded = await Promise.all(tables.map((load) => load()));
  return loaded
    .flatMap((table) => Object.values(table))
    .map(({ code, exitCode, httpStatus, hint }) => ({
      code,
      exit: exitCode,
      http_status: httpStatus,
      hint,
    }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}
