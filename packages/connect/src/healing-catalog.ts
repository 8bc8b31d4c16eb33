import { isResealError } from "@reseal/errors";
import type { Catalog } from "@reseal/store";

/** Whether a catalog's file is damaged, and not only out of reach for now. */
export function isDamagedCatalog(error: unknown): boolean {
  return isResealError(error) && error.code === "CATALOG_CORRUPT";
}

/**
 * A catalog that is made again when a call finds it damaged; the call is then done on the new one.
 *
 * Opening reads only the first pages: damage further on shows when a query comes there.
 * @param heal Put another catalog in the place of the damaged one.
 */
export function healingCatalog(
  opened: Catalog,
  heal: (damaged: Catalog) => Promise<Catalog>,
): Catalog {
  let current = Promise.resolve(opened);
  const call = async <Result>(work: (catalog: Catalog) => Promise<Result>): Promise<Result> => {
    const used = current;
    try {
      return await work(await used);
    } catch (error) {
      if (!isDamagedCatalog(error)) throw error;
      // Of several calls that come upon it the first one heals, and the others wait for that.
      if (current === used) current = used.then(heal);
      return work(await current);
    }
  };
  return {
    location: opened.location,
    addSeals: (records, options) => call((catalog) => catalog.addSeals(records, options)),
    removeSeals: (seals, options) => call((catalog) => catalog.removeSeals(seals, options)),
    journalOffset: (options) => call((catalog) => catalog.journalOffset(options)),
    resolve: (name, options) => call((catalog) => catalog.resolve(name, options)),
    listRuns: (query) => call((catalog) => catalog.listRuns(query)),
    metrics: (seal, options) => call((catalog) => catalog.metrics(seal, options)),
    children: (artifactId, options) => call((catalog) => catalog.children(artifactId, options)),
    outputPaths: (workspace, options) => call((catalog) => catalog.outputPaths(workspace, options)),
    [Symbol.asyncDispose]: async () => (await current)[Symbol.asyncDispose](),
  };
}
