import { existsSync } from "node:fs";
import { createMemoryJournal, type Journal } from "@reseal/store";
import { openFsJournal } from "@reseal/store-fs";

/**
 * Open the journal of a folder that is no store, such as the trash of a pool.
 *
 * Read-only, a folder that is not there is an empty journal.
 */
export async function openFolderJournal(
  folder: string,
  { readOnly = false }: { readonly readOnly?: boolean | undefined } = {},
): Promise<Journal> {
  if (readOnly && !existsSync(folder)) return createMemoryJournal();
  return openFsJournal(folder, { readOnly });
}
