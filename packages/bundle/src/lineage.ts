import { type Digest, parseDigest } from "@reseal/hash";
import {
  type OperationOptions,
  type ParentRef,
  type RunRow,
  readRemovedSeals,
  type SealRemoval,
  type Stores,
} from "@reseal/store";

/** One sealed execution in a lineage. */
export interface LineageNode {
  readonly seal: Digest;
  readonly artifact_id: Digest;
  readonly run_id: string;
  readonly type: string;
  readonly status: string;
  readonly name: string | null;
  readonly created_at: string;
}

/** That one execution derives from another. */
export interface LineageEdge {
  /** Seal of the one that derives. */
  readonly child: Digest;
  /** Seal of the one that it derives from; `null` when the store does not hold it. */
  readonly parent: Digest | null;
  /** The parent as the child names it. */
  readonly artifact_id: Digest;
  readonly relationship: string;
}

/** Something wrong with a lineage. */
export interface LineageFinding {
  readonly code: "missing_parent" | "cycle";
  /** The execution that names the parent. */
  readonly seal: Digest;
  /** The artifact that it names. */
  readonly artifact_id: Digest;
  readonly message: string;
}

/** Where an artifact comes from and what came of it. */
export interface Lineage {
  /** The seal that was asked about. */
  readonly root: Digest;
  /** The root first, then ancestors, then descendants, each level in the order of its parents. */
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  readonly findings: readonly LineageFinding[];
  /** Whether levels or nodes were left out because of a limit. */
  readonly is_cut: boolean;
}

/** How far a lineage is followed. */
export interface LineageOptions extends OperationOptions {
  /** Levels of ancestors; all unless given. */
  readonly up?: number | undefined;
  /** Levels of descendants; all unless given. */
  readonly down?: number | undefined;
  /** Most nodes; 10,000 unless given. */
  readonly nodesMax?: number | undefined;
}

/** With the journal, a parent that was deleted on purpose is told from one that was never there. */
type LineageStores = Pick<Stores, "catalog" | "tenant"> & Partial<Pick<Stores, "journal">>;

/**
 * Follow the parents and the children of a sealed run through the catalog.
 *
 * A parent that is named with its seal is that execution; one named by its artifact id alone is the
 * earliest of that artifact. A run is a child of the execution that it names, and, when it names
 * none, of all of that artifact. A parent that is not in the store and a chain that leads back to
 * itself are findings, never an endless walk.
 */
export async function walkLineage(
  stores: LineageStores,
  root: RunRow,
  { up = Infinity, down = Infinity, nodesMax = 10_000, signal }: LineageOptions = {},
): Promise<Lineage> {
  const walk = new Walk(stores, nodesMax, signal);
  walk.addNode(root);
  await walk.follow(root, up, (row) => walk.parentsOf(row));
  await walk.follow(root, down, (row) => walk.childrenOf(row));
  return walk.result(root.seal);
}

class Walk {
  readonly #stores: LineageStores;
  readonly #nodesMax: number;
  readonly #signal: AbortSignal | undefined;
  readonly #nodes = new Map<Digest, LineageNode>();
  readonly #edges = new Map<string, LineageEdge>();
  readonly #missing: LineageFinding[] = [];
  #isCut = false;

  constructor(stores: LineageStores, nodesMax: number, signal: AbortSignal | undefined) {
    this.#stores = stores;
    this.#nodesMax = nodesMax;
    this.#signal = signal;
  }

  /** Breadth first, level by level. */
  async follow(
    root: RunRow,
    levels: number,
    next: (row: RunRow) => Promise<readonly RunRow[]>,
  ): Promise<void> {
    const seen = new Set<Digest>([root.seal]);
    let level: RunRow[] = [root];
    for (let depth = 0; level.length > 0; depth += 1) {
      if (depth >= levels) {
        this.#isCut ||= await this.#anyLeft(level, next);
        return;
      }
      const below: RunRow[] = [];
      for (const row of level) {
        this.#signal?.throwIfAborted();
        for (const other of await next(row)) {
          if (seen.has(other.seal)) continue;
          seen.add(other.seal);
          if (this.addNode(other)) below.push(other);
        }
      }
      level = below;
    }
  }

  /** @returns `false` when there is no room for it. */
  addNode({ seal, artifact_id, run_id, type, status, name, created_at }: RunRow): boolean {
    if (this.#nodes.has(seal)) return true;
    if (this.#nodes.size >= this.#nodesMax) {
      this.#isCut = true;
      return false;
    }
    this.#nodes.set(seal, { seal, artifact_id, run_id, type, status, name, created_at });
    return true;
  }

  async parentsOf(row: RunRow): Promise<readonly RunRow[]> {
    const parents: RunRow[] = [];
    for (const ref of row.parents) {
      const parent = await this.#find(ref);
      this.#addEdge(row, ref, parent?.seal ?? null);
      if (parent !== undefined) parents.push(parent);
      else await this.#noteMissing(row, ref);
    }
    return parents;
  }

  async childrenOf(row: RunRow): Promise<readonly RunRow[]> {
    const { catalog, tenant } = this.#stores;
    const children = await catalog.children(row.artifact_id, { tenant, signal: this.#signal });
    return children.filter((child) => {
      const refs = child.parents.filter(
        ({ artifact_id, seal = row.seal }) => artifact_id === row.artifact_id && seal === row.seal,
      );
      // One that names only its own artifact is not a child of itself; upward it is a finding.
      const named = child.seal === row.seal ? [] : refs;
      for (const ref of named) this.#addEdge(child, ref, row.seal);
      return named.length > 0;
    });
  }

  result(root: Digest): Lineage {
    const edges = [...this.#edges.values()].filter(({ child }) => this.#nodes.has(child));
    return {
      root,
      nodes: [...this.#nodes.values()],
      edges,
      findings: [...this.#missing, ...findCycles(edges)],
      is_cut: this.#isCut,
    };
  }

  async #anyLeft(
    rows: readonly RunRow[],
    next: (row: RunRow) => Promise<readonly RunRow[]>,
  ): Promise<boolean> {
    const edges = new Map(this.#edges);
    const missing = this.#missing.length;
    let isLeft = false;
    for (const row of rows) isLeft ||= (await next(row)).length > 0;
    // Looking was not following: what it found on the way is beyond the limit.
    this.#edges.clear();
    for (const [key, edge] of edges) this.#edges.set(key, edge);
    this.#missing.length = missing;
    return isLeft;
  }

  async #find({ artifact_id, seal }: ParentRef): Promise<RunRow | undefined> {
    const { catalog, tenant } = this.#stores;
    const found = await catalog.resolve(seal ?? artifact_id, { tenant, signal: this.#signal });
    return found.find((row) => (seal === undefined ? true : row.seal === seal));
  }

  #addEdge({ seal }: RunRow, { artifact_id, relationship }: ParentRef, parent: Digest | null) {
    const edge = { child: seal, parent, artifact_id, relationship };
    this.#edges.set([seal, parent, artifact_id, relationship].join(" "), edge);
  }

  async #noteMissing(
    { seal }: RunRow,
    { artifact_id, seal: named, relationship }: ParentRef,
  ): Promise<void> {
    const what = (await howRemoved(this.#stores, named)) ?? "is not in this store";
    this.#missing.push({
      code: "missing_parent",
      seal,
      artifact_id,
      message: `Its parent (${relationship}) ${named ?? artifact_id} ${what}.`,
    });
  }
}

/** How a seal that something names was deleted on purpose, as the end of a sentence. */
export async function howRemoved(
  { journal }: Partial<Pick<Stores, "journal">>,
  seal: Digest | undefined,
): Promise<string | undefined> {
  if (seal === undefined || journal === undefined) return undefined;
  const removal = (await readRemovedSeals(journal)).get(seal);
  return removal && removalText[removal];
}

const removalText: Readonly<Record<SealRemoval, string>> = {
  trash: "was deleted from this store and is in its trash",
  purged: "was purged from this store; the audit log says why",
};

/** Edges that close a circle, found by depth-first search with a stack of our own. */
function findCycles(edges: readonly LineageEdge[]): LineageFinding[] {
  const byChild = new Map<Digest, LineageEdge[]>();
  for (const edge of edges) byChild.set(edge.child, [...(byChild.get(edge.child) ?? []), edge]);
  const findings: LineageFinding[] = [];
  const state = new Map<Digest, "open" | "done">();
  for (const start of byChild.keys()) {
    if (state.has(start)) continue;
    const stack = [{ seal: start, next: 0 }];
    state.set(start, "open");
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = byChild.get(top.seal)?.[top.next];
      top.next += 1;
      if (edge === undefined) {
        state.set(top.seal, "done");
        stack.pop();
      } else if (edge.parent !== null && state.get(edge.parent) === "open") {
        findings.push(cycleOf(edge, parseDigest(edge.parent)));
      } else if (edge.parent !== null && !state.has(edge.parent)) {
        state.set(edge.parent, "open");
        stack.push({ seal: edge.parent, next: 0 });
      }
    }
  }
  return findings;
}

function cycleOf(
  { child, artifact_id, relationship }: LineageEdge,
  parent: Digest,
): LineageFinding {
  const message =
    child === parent
      ? `It names itself as its parent (${relationship}).`
      : `Its parent (${relationship}) ${parent} derives from it in turn.`;
  return { code: "cycle", seal: child, artifact_id, message };
}
