import { expect, test } from "vitest";
import type { BlobBatch, BlobStore } from "./blob-store.ts";
import { collectBytes } from "./byte-source.ts";
import type { Catalog, SealRecord } from "./catalog.ts";
import {
  type BlobStoreHarness,
  type BlobStoreLaw,
  blobStoreCases,
  type CatalogLaw,
  catalogCases,
  type JournalHarness,
  type JournalLaw,
  journalCases,
} from "./conformance.ts";
import type { Journal } from "./journal.ts";
import { createMemoryBlobStore, type MemoryBlobStore } from "./memory-blob-store.ts";
import { createMemoryCatalog } from "./memory-catalog.ts";
import { createMemoryJournal } from "./memory-journal.ts";

/** For each law a store that breaks it and nothing that has to do with the others' machinery. */
const brokenBlobStores: Record<BlobStoreLaw, (good: MemoryBlobStore) => Partial<BlobStore>> = {
  atomic: (good) => ({
    async put(source, options) {
      if (source instanceof Uint8Array) return good.put(source, options);
      const parts: Uint8Array[] = [];
      try {
        for await (const chunk of source) parts.push(new Uint8Array(chunk));
      } catch (error) {
        await good.put(Buffer.concat(parts)); // What there was of it.
        throw error;
      }
      return good.put(Buffer.concat(parts), options);
    },
  }),
  "read after write": (good) => ({
    async put(source, options) {
      const bytes = source instanceof Uint8Array ? source : await collectBytes(source);
      const info = await createMemoryBlobStore().put(bytes, options);
      setTimeout(() => good.put(bytes), 1); // Soon, but not now.
      return info;
    },
  }),
  idempotent: (good) => ({
    async put(source, options) {
      const bytes = source instanceof Uint8Array ? source : await collectBytes(source);
      const info = await createMemoryBlobStore().put(bytes, options);
      await good.delete(info.digest); // Written again, with the right bytes.
      return good.put(bytes);
    },
  }),
  verified: (good) => ({
    async get(digest) {
      const source = await good.get(digest);
      return (async function* () {
        try {
          yield* source;
        } catch {
          // Nobody will notice.
        }
      })();
    },
  }),
  "honest absence": (good) => ({
    stat: async (digest) => good.stat(digest).catch(() => undefined),
  }),
  "expected digest": (good) => ({ put: async (source) => good.put(source) }),
  "ordered list": (good) => ({
    async *list() {
      yield* (await all(good.list())).reverse();
    },
  }),
  delete: (good) => ({
    async delete(digest) {
      await good.delete(digest);
      return true;
    },
  }),
  abort: (good) => ({
    put: async (source) => good.put(source),
  }),
  "batch together": (good) => ({
    openBatch: async (options) =>
      brokenBatch(await good.openBatch(options), { put: (source) => good.put(source) }),
  }),
  "batch leaves nothing": (good) => ({
    async openBatch(options) {
      const batch = await good.openBatch(options);
      return brokenBatch(batch, {
        [Symbol.asyncDispose]: async () => batch.commit().catch(() => undefined),
      });
    },
  }),
  bulk: () => ({ check: async () => [] }),
  form: (good) => ({
    async changeForm(digests, encoding, options) {
      const changes = await good.changeForm(digests, encoding, { ...options, dryRun: true });
      return changes.map((change) => ({ ...change, status: "changed" }));
    },
  }),
  "file unchanged": (good) => ({
    async openBatch(options) {
      const batch = await good.openBatch(options);
      return brokenBatch(batch, {
        putFile: (path) => batch.putFile(path).catch(() => batch.put(Buffer.from("what I had"))),
      });
    },
  }),
};

const brokenJournals: Record<JournalLaw, (good: Journal) => Partial<Journal>> = {
  durable: () => ({ append: async () => ({ from: 0, to: 0 }) }),
  whole: (good) => ({
    append: async (stream, records) => {
      let span = { from: 0, to: 0 };
      for (const record of records) span = await good.append(stream, [record]); // And then fails.
      return span;
    },
  }),
  ordered: (good) => ({
    async *read(stream, options) {
      yield* (await all(good.read(stream, options))).reverse();
    },
  }),
  guarded: (good) => ({
    append: async (stream, records, { guard, signal } = {}) => {
      const span = await good.append(stream, records, { signal });
      await guard?.(); // Too late.
      return span;
    },
  }),
  "honest damage": (good) => ({
    async *read(stream, options) {
      try {
        yield* good.read(stream, options);
      } catch {
        // What can be read was read.
      }
    },
  }),
  abort: (good) => ({ append: async (stream, records) => good.append(stream, records) }),
};

const brokenCatalogs: Record<CatalogLaw, (good: Catalog) => Partial<Catalog>> = {
  "one transaction": (good) => ({
    async addSeals(records, options) {
      let count = 0;
      for (const record of records) count += await good.addSeals([record], options);
      return count;
    },
  }),
  durable: () => ({ journalOffset: async () => 0 }),
  idempotent: (good) => {
    const versions = new Map<string, SealRecord>();
    return {
      async addSeals(records) {
        for (const record of records) versions.set(record.seal, record); // The last one wins.
        return good.addSeals([...records]);
      },
      async listRuns(query) {
        const page = await good.listRuns(query);
        return { ...page, items: page.items.map((row) => versions.get(row.seal) ?? row) };
      },
    };
  },
  apart: (good) => {
    const tenants = new Set<string>();
    return {
      async addSeals(records, options) {
        for (const { tenant } of records) tenants.add(tenant);
        return good.addSeals(records, options);
      },
      async resolve(name) {
        const found = await Promise.all(
          [...tenants].map((tenant) => good.resolve(name, { tenant })),
        );
        return found.flat();
      },
    };
  },
  ordered: (good) => ({
    async listRuns(query) {
      const page = await good.listRuns(query);
      return { ...page, items: page.items.slice(0, query.after === undefined ? undefined : -1) };
    },
  }),
  resolve: (good) => ({
    async resolve(name, options) {
      const [first] = await good.resolve(name, options);
      return first === undefined ? [] : [first];
    },
  }),
  filter: (good) => ({
    listRuns: async (query) => good.listRuns({ ...query, filters: query.filters?.slice(0, 1) }),
  }),
  sort: (good) => ({
    async listRuns(query) {
      const { items, next } = await good.listRuns(query);
      return { items: items.toSorted((a, b) => (String(a.seed) < String(b.seed) ? -1 : 1)), next };
    },
  }),
  lookup: () => ({ outputPaths: async () => new Set<string>() }),
  remove: (good) => ({
    removeSeals: async (seals, options) =>
      good.removeSeals(seals, { ...options, evenParents: true }),
  }),
  abort: (good) => ({ addSeals: async (records) => good.addSeals(records) }),
};

test.for(entries(brokenBlobStores))(
  "a blob store that breaks “%s” fails",
  async ([law, change]) => {
    const failures = await failing(
      blobStoreCases.filter((one) => one.law === law),
      async ({ run }) => {
        const good = createMemoryBlobStore();
        const broken = replaced(good, change(good), blobMethods);
        const harness: BlobStoreHarness = {
          reopen: async () => broken,
          damage: (digest, damage) => good.damage(digest, damage),
          obstruct: (digest) => good.obstruct(digest),
          leftovers: () => [],
        };
        await run(broken, harness);
      },
    );

    expect(failures).not.toEqual([]);
  },
);

test.for(entries(brokenJournals))("a journal that breaks “%s” fails", async ([law, change]) => {
  const failures = await failing(
    journalCases.filter((one) => one.law === law),
    async ({ run }) => {
      const good = createMemoryJournal();
      const broken = replaced(good, change(good), ["append", "read", "size"] as const);
      const harness: JournalHarness = {
        reopen: async () => broken,
        appendRaw: (stream, bytes) => good.appendRaw(stream, bytes),
      };
      await run(broken, harness);
    },
  );

  expect(failures).not.toEqual([]);
});

test.for(entries(brokenCatalogs))("a catalog that breaks “%s” fails", async ([law, change]) => {
  const failures = await failing(
    catalogCases.filter((one) => one.law === law),
    async ({ run }) => {
      const good = createMemoryCatalog();
      const broken = replaced(good, change(good), catalogMethods);
      await run(broken, { reopen: async () => broken });
    },
  );

  expect(failures).not.toEqual([]);
});

test("every case has a name of its own", () => {
  for (const cases of [blobStoreCases, journalCases, catalogCases]) {
    const names = cases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});

test("every law has a case that a live store can run", () => {
  for (const [cases, laws] of [
    [blobStoreCases, Object.keys(brokenBlobStores)],
    [journalCases, Object.keys(brokenJournals)],
    [catalogCases, Object.keys(brokenCatalogs)],
  ] as const) {
    const withoutHarness = cases.filter(({ needs }) => needs.length === 0).map(({ law }) => law);
    const missing = laws.filter((law) => !(withoutHarness as readonly string[]).includes(law));
    // Damage cannot be done through the interface.
    expect(missing.filter((law) => law !== "verified")).toEqual([]);
  }
});

const blobMethods = [
  "put",
  "openBatch",
  "get",
  "check",
  "copyOut",
  "stat",
  "formOf",
  "changeForm",
  "list",
  "delete",
] as const;
const catalogMethods = [
  "addSeals",
  "journalOffset",
  "resolve",
  "listRuns",
  "metrics",
  "children",
  "outputPaths",
] as const;

/** The good one with some methods replaced. Its own methods keep their `this`. */
function replaced<Store extends AsyncDisposable, Method extends keyof Store>(
  good: Store,
  changes: Partial<Store>,
  methods: readonly Method[],
): Store {
  const result: Record<PropertyKey, unknown> = {
    location: "broken",
    [Symbol.asyncDispose]: async () => undefined,
  };
  for (const method of methods) {
    const own = good[method];
    if (typeof own === "function") result[method] = own.bind(good);
  }
  return Object.assign(result, changes) as unknown as Store;
}

function brokenBatch(good: BlobBatch, changes: Partial<BlobBatch>): BlobBatch {
  return {
    put: (source, options) => good.put(source, options),
    putFile: (path, options) => good.putFile(path, options),
    putFiles: (files, options) => good.putFiles(files, options),
    keep: (blobs, options) => good.keep(blobs, options),
    commit: (options) => good.commit(options),
    [Symbol.asyncDispose]: () => good[Symbol.asyncDispose](),
    ...changes,
  };
}

/** Names of the cases that fail; one that hangs fails too. */
async function failing<Case extends { readonly name: string }>(
  cases: readonly Case[],
  run: (one: Case) => Promise<void>,
): Promise<string[]> {
  expect(cases).not.toEqual([]);
  const names: string[] = [];
  for (const one of cases) {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error("It hangs.")), 2000);
    try {
      await Promise.race([run(one), timeout.promise]);
    } catch {
      names.push(one.name);
    } finally {
      clearTimeout(timer);
    }
  }
  return names;
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function entries<Key extends string, Value>(record: Record<Key, Value>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}
