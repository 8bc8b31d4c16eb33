import type { CompiledQuery, Expression, RawBuilder, SqlBool } from "kysely";

/** What each dialect says or does in its own way. All other queries are the same for all. */
export interface SqlFlavour {
  /** Whether `text` contains `part`, letter for letter. */
  contains(text: RawBuilder<string>, part: string): Expression<SqlBool>;
  /**
   * Run an insert of one row for each list of parameters, inside the open transaction.
   * @returns the new row's `id` for each, `undefined` where its key was there already
   */
  insertEach(
    insert: CompiledQuery,
    rows: readonly (readonly unknown[])[],
  ): Promise<readonly (number | undefined)[]>;
}
