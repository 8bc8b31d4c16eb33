import { compareUtf8, type Digest } from "@reseal/hash";
import type { OperationOptions } from "./blob-store.ts";
import type {
  AddSealsOptions,
  Catalog,
  MetricValue,
  RemoveSealsOptions,
  RunPage,
  RunQuery,
  RunRow,
  SealRecord,
} from "./catalog.ts";
import { hexOf } from "./run-field.ts";
import { planRuns } from "./run-query.ts";

/** A catalog that lives as long as the process: the double for tests. */
export function createMemoryCatalog(): Catalog {
  return new MemoryCatalog();
}

const nameLengthMin = 4;

class MemoryCatalog implements Catalog {
  readonly location = "memory";
  #journalOffset = 0;
  /** By tenant and seal. Replaced as a whole, so that a failed call leaves nothing. */
  #records: ReadonlyMap<string, SealRecord> = new Map();

  async addSeals(
    records: readonly SealRecord[],
    { applied, signal }: AddSealsOptions = {},
  ): Promise<number> {
    signal?.throwIfAborted();
    const next = new Map(this.#records);
    for (const record of records) {
      const key = JSON.stringify([record.tenant, record.seal]);
      if (!next.has(key)) next.set(key, structuredClone(record));
    }
    const count = next.size - this.#records.size;
    this.#records = next;
    if (applied !== undefined && applied.from <= this.#journalOffset)
      this.#journalOffset = Math.max(this.#journalOffset, applied.to);
    return count;
  }

  async removeSeals(
    seals: readonly Digest[],
    { tenant, evenParents = false, signal }: RemoveSealsOptions,
  ): Promise<readonly Digest[]> {
    signal?.throwIfAborted();
    const records = [...this.#records.values()].filter((record) => record.tenant === tenant);
    const going = new Set(seals);
    for (let isStable = evenParents; !isStable; ) {
      isStable = true;
      const needed = records
        .filter(({ seal }) => !going.has(seal))
        .flatMap(({ parents }) => parents);
      for (const { seal, artifact_id } of records)
        if (needed.some((link) => link.artifact_id === artifact_id && (link.seal ?? seal) === seal))
          if (going.delete(seal)) isStable = false;
    }
    this.#records = new Map(
      [...this.#records].filter(([, one]) => one.tenant !== tenant || !going.has(one.seal)),
    );
    return seals.filter((seal) => going.has(seal));
  }

  async journalOffset({ signal }: OperationOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    return this.#journalOffset;
  }

  async resolve(
    name: string,
    { tenant, signal }: OperationOptions & { readonly tenant: string },
  ): Promise<readonly RunRow[]> {
    signal?.throwIfAborted();
    const prefix = hexOf(name).toLowerCase();
    if (prefix.length < nameLengthMin) return [];
    const isRunId = !name.startsWith("sha256:");
    return this.#rows((record) => {
      if (record.tenant !== tenant) return false;
      if (isRunId && [name, prefix].some((text) => record.run_id.startsWith(text))) return true;
      return hexOf(record.artifact_id).startsWith(prefix) || hexOf(record.seal).startsWith(prefix);
    });
  }

  async listRuns(query: RunQuery): Promise<RunPage> {
    query.signal?.throwIfAborted();
    const plan = planRuns(query);
    const found = [...this.#records.values()]
      .filter((record) => plan.matches(record) && plan.isPast(record))
      .sort(plan.compare);
    const page = found.slice(0, plan.limit);
    const last = page.at(-1);
    return {
      items: page.map(toRow),
      next: found.length > page.length && last !== undefined ? plan.cursorOf(last) : null,
    };
  }

  async metrics(
    seal: Digest,
    { tenant, signal }: OperationOptions & { readonly tenant: string },
  ): Promise<readonly MetricValue[]> {
    signal?.throwIfAborted();
    const metrics = this.#records.get(JSON.stringify([tenant, seal]))?.metrics ?? [];
    return structuredClone(metrics).toSorted((a, b) => compareUtf8(a.name, b.name));
  }

  async children(
    artifactId: Digest,
    { tenant, signal }: OperationOptions & { readonly tenant: string },
  ): Promise<readonly RunRow[]> {
    signal?.throwIfAborted();
    return this.#rows(
      (record) =>
        record.tenant === tenant &&
        record.parents.some((parent) => parent.artifact_id === artifactId),
    );
  }

  async outputPaths(
    workspace: string,
    { signal }: OperationOptions = {},
  ): Promise<ReadonlySet<string>> {
    signal?.throwIfAborted();
    const runs = [...this.#records.values()].filter((record) => record.workspace === workspace);
    return new Set(runs.flatMap((record) => record.output_paths));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #rows(isWanted: (record: SealRecord) => boolean): RunRow[] {
    return [...this.#records.values()]
      .filter(isWanted)
      .sort((a, b) => compareUtf8(a.created_at, b.created_at) || compareUtf8(a.seal, b.seal))
      .map(toRow);
  }
}

/** The row of a list: the record without what only the catalog needs, and the caller's own. */
function toRow(record: SealRecord): RunRow {
  const { workspace, output_paths, metrics, manifest_size, ...row } = record;
  return structuredClone(row);
}
