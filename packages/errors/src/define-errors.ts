import { type ErrorDefinition, type ErrorOptions, ResealError } from "./reseal-error.ts";

/** Make one error of a code; throw what it returns. Its own definition hangs on it as data. */
export interface ErrorFactory extends ErrorDefinition {
  (message: string, options?: ErrorOptions): ResealError;
  /** The full, stable code, for example `STORE_BLOB_NOT_FOUND`. */
  readonly code: string;
}

/** What {@link defineErrors} makes of a table; names the type where it must be written out. */
export type ErrorsOf<Table> = { readonly [Key in keyof Table]: ErrorFactory };

/**
 * Declare a package's error codes in one table.
 *
 * The prefix and the key make the code: `defineErrors("STORE", { BLOB_NOT_FOUND: … })` gives
 * `STORE_BLOB_NOT_FOUND`.
 *
 * @example
 * const table = {
 *   BLOB_NOT_FOUND: { exitCode: 3, httpStatus: 404, hint: "Check the digest." },
 * };
 * export const storeErrors: ErrorsOf<typeof table> = defineErrors("STORE", table);
 * throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} is not in ${location}.`);
 */
export function defineErrors<const Key extends string>(
  prefix: string,
  table: Readonly<Record<Key, ErrorDefinition>>,
): Readonly<Record<Key, ErrorFactory>> {
  const factories: Partial<Record<Key, ErrorFactory>> = {};
  for (const key of Object.keys(table) as Key[]) {
    const code = `${prefix}_${key}`;
    const definition = table[key];
    const make = (message: string, options?: ErrorOptions): ResealError =>
      new ResealError(code, message, definition, options);
    factories[key] = Object.assign(make, { code, ...definition });
  }
  return Object.freeze(factories as Record<Key, ErrorFactory>);
}
