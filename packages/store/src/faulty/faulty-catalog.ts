import type { Catalog } from "../catalog.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { inject } from "./inject.ts";

/**
 * Wrap a catalog so that its calls go wrong by a plan. Operations are `catalog.` and the name of
 * the method.
 */
export function faultyCatalog(catalog: Catalog, plan: FaultPlan): Catalog {
  return {
    location: catalog.location,
    addSeals: async (records, options = {}) =>
      inject(plan, "catalog.addSeals", options.signal, (signal) =>
        catalog.addSeals(records, { ...options, signal }),
      ),
    removeSeals: async (seals, options) =>
      inject(plan, "catalog.removeSeals", options.signal, (signal) =>
        catalog.removeSeals(seals, { ...options, signal }),
      ),
    journalOffset: async (options = {}) =>
      inject(plan, "catalog.journalOffset", options.signal, (signal) =>
        catalog.journalOffset({ signal }),
      ),
    resolve: async (name, options) =>
      inject(plan, "catalog.resolve", options.signal, (signal) =>
        catalog.resolve(name, { ...options, signal }),
      ),
    listRuns: async (query) =>
      inject(plan, "catalog.listRuns", query.signal, (signal) =>
        catalog.listRuns({ ...query, signal }),
      ),
    metrics: async (seal, options) =>
      inject(plan, "catalog.metrics", options.signal, (signal) =>
        catalog.metrics(seal, { ...options, signal }),
      ),
    children: async (artifactId, options) =>
      inject(plan, "catalog.children", options.signal, (signal) =>
        catalog.children(artifactId, { ...options, signal }),
      ),
    outputPaths: async (workspace, options = {}) =>
      inject(plan, "catalog.outputPaths", options.signal, (signal) =>
        catalog.outputPaths(workspace, { signal }),
      ),
    [Symbol.asyncDispose]: async () => catalog[Symbol.asyncDispose](),
  };
}
