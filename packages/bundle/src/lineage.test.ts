import { randomUUID } from "node:crypto";
import { type Digest, digestBytes } from "@reseal/hash";
import type { Parent } from "@reseal/schema";
import { createMemoryStores, type RunRow, type Stores } from "@reseal/store";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { walkLineage } from "./lineage.ts";
import { type SealedBundle, sealBundle } from "./seal.ts";
import { verifyLineage } from "./verify-lineage.ts";

let stores: Stores;
beforeEach(() => {
  stores = makeStores();
});

describe("a walk", () => {
  test("goes up to the origins and down to what came of it", async () => {
    const run = await seal("run");
    const gradient = await seal("gradient", [parent(run, "gradient_of")]);
    const calibration = await seal("calibration", [parent(gradient, "calibrates")]);
    const validation = await seal("validation", [
      parent(run, "validates"),
      parent(calibration, "validates"),
    ]);

    const lineage = await walk(gradient);

    expect(lineage.nodes.map(({ type }) => type)).toEqual([
      "gradient",
      "run",
      "calibration",
      "validation",
    ]);
    expect(
      lineage.edges.map(({ child, parent: to, relationship }) => [child, to, relationship]),
    ).toEqual([
      [gradient.seal, run.seal, "gradient_of"],
      [calibration.seal, gradient.seal, "calibrates"],
      [validation.seal, calibration.seal, "validates"],
    ]);
    expect(lineage).toMatchObject({ root: gradient.seal, findings: [], is_cut: false });
  });

  test("a level is a level, and that there is more is said", async () => {
    const chain = [await seal("run")];
    for (let index = 0; index < 4; index += 1)
      chain.push(await seal("run", [parent(chain[index] as SealedBundle, "derived_from")]));
    const middle = chain[2] as SealedBundle;

    const seals = async (up: number, down: number) => {
      const { nodes, is_cut } = await walk(middle, { up, down });
      return [nodes.map(({ seal: own }) => chain.findIndex((one) => one.seal === own)), is_cut];
    };

    expect(await seals(1, 1)).toEqual([[2, 1, 3], true]);
    expect(await seals(2, 0)).toEqual([[2, 1, 0], true]);
    expect(await seals(2, 2)).toEqual([[2, 1, 0, 3, 4], false]);
    expect(await seals(0, 0)).toEqual([[2], true]);
  });

  test("one artifact with two seals is two executions, each with its own children", async () => {
    const first = await seal("run", [], { x: 1 });
    const second = await seal("run", [parent(first, "replay_of")], { x: 1 });
    const child = await seal("gradient", [parent(second, "gradient_of")]);
    const loose = await seal("validation", [
      { artifact_id: first.keys.artifactId, relationship: "validates" },
    ]);

    expect(second.keys.artifactId).toBe(first.keys.artifactId);
    expect(children(await walk(first))).toEqual([second.seal, child.seal, loose.seal].sort());
    expect((await walk(child)).nodes.map((node) => node.seal)).toEqual([
      child.seal,
      second.seal,
      first.seal,
    ]);
    expect((await walk(loose)).nodes.at(-1)?.seal).toBe(first.seal);
  });

  test("a parent that is not there is a finding and an edge into nothing", async () => {
    const elsewhere = makeStores();
    const gone = await seal("run", [], {}, elsewhere);
    const orphan = await seal("gradient", [parent(gone, "gradient_of")]);

    const lineage = await walk(orphan);

    expect(lineage.edges).toEqual([
      {
        child: orphan.seal,
        parent: null,
        artifact_id: gone.keys.artifactId,
        relationship: "gradient_of",
      },
    ]);
    expect(lineage.findings).toMatchObject([{ code: "missing_parent", seal: orphan.seal }]);
  });

  test("a run that names its own artifact is a cycle, found and left", async () => {
    const run = await seal("run", [], { x: 2 });
    const elsewhere = makeStores();
    const loop = await seal(
      "run",
      [{ artifact_id: run.keys.artifactId, relationship: "derived_from" }],
      { x: 2 },
      elsewhere,
    );

    const lineage = await walkLineage(elsewhere, await rowOf(loop, elsewhere));

    expect(lineage.findings).toMatchObject([
      { code: "cycle", message: expect.stringMatching(/itself/) },
    ]);
  });

  test("a limit on nodes ends the walk and is said", async () => {
    const run = await seal("run");
    for (let index = 0; index < 5; index += 1) await seal("gradient", [parent(run, "gradient_of")]);

    const lineage = await walk(run, { nodesMax: 3 });

    expect(lineage).toMatchObject({ is_cut: true });
    expect(lineage.nodes).toHaveLength(3);
  });

  test("in any graph of parents every ancestor is found once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        async (shape) => {
          const own = makeStores();
          const sealed: SealedBundle[] = [];
          const expected: Set<Digest>[] = [];
          for (const [index, picks] of shape.entries()) {
            const parents = index === 0 ? [] : [...new Set(picks.map((pick) => pick % index))];
            const refs = parents.map((at) => parent(sealed[at] as SealedBundle, "derived_from"));
            const bundle = await seal("run", refs, { index }, own);
            const ancestors = parents.flatMap((at) => [...(expected[at] ?? [])]);
            sealed.push(bundle);
            expected.push(new Set([bundle.seal, ...ancestors]));
          }
          const last = sealed.at(-1) as SealedBundle;
          const { nodes, findings } = await walkLineage(own, await rowOf(last, own), { down: 0 });
          expect(nodes.map((node) => node.seal).sort()).toEqual(
            [...(expected.at(-1) ?? [])].sort(),
          );
          expect(findings).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("a check", () => {
  test("an intact chain has no findings, and names all ancestors", async () => {
    const run = await seal("run");
    const gradient = await seal("gradient", [parent(run, "gradient_of")], {}, stores, [
      { artifact_id: run.keys.artifactId, relationship: "gradient_of" },
    ]);
    const validation = await seal("validation", [parent(gradient, "validates")]);

    const { findings, ancestors } = await verifyLineage(stores, validation.seal);

    expect([...findings.values()].flat()).toEqual([]);
    expect(ancestors).toEqual([gradient.seal, run.seal]);
  });

  test.for([
    ["that is not in the store", { seal: digestBytes("x") }, "pointer"],
    ["with another artifact id", { artifact_id: digestBytes("x") }, "key_mismatch"],
    ["with another run id", { run_id: randomUUID() }, "key_mismatch"],
  ] as const)("a parent %s is a finding", async ([, change, code]) => {
    const run = await seal("run");
    const child = await seal("gradient", [{ ...parent(run, "gradient_of"), ...change }]);

    const { findings } = await verifyLineage(stores, child.seal);

    expect(findings.get(child.seal)).toMatchObject([{ code, path: "/context/parents/0" }]);
  });

  test("an artifact that it is about and that is no parent is a finding", async () => {
    const run = await seal("run");
    const about = [{ artifact_id: run.keys.artifactId, relationship: "gradient_of" }];
    const child = await seal("gradient", [], {}, stores, about);

    const { findings } = await verifyLineage(stores, child.seal);

    expect(findings.get(child.seal)).toMatchObject([{ code: "pointer", path: "/content/inputs" }]);
  });

  test("a chain that leads back to itself is a finding", async () => {
    const probe = await seal("run", [], { x: 3 }, makeStores());
    const loop = await seal(
      "run",
      [{ artifact_id: probe.keys.artifactId, relationship: "derived_from" }],
      { x: 3 },
    );

    const { findings } = await verifyLineage(stores, loop.seal);

    expect(findings.get(loop.seal)).toMatchObject([
      { message: expect.stringMatching(/leads back/) },
    ]);
  });

  test("a damaged ancestor is left to whoever verifies bundles, and named", async () => {
    const run = await seal("run");
    const child = await seal("gradient", [parent(run, "gradient_of")]);
    await stores.blobs.delete(run.seal);

    const { findings, ancestors } = await verifyLineage(stores, child.seal);

    expect([...findings.values()].flat()).toEqual([]);
    expect(ancestors).toEqual([run.seal]);
  });
});

function makeStores(): Stores {
  return createMemoryStores({
    clock: { now: () => Date.now() },
    ids: { runId: () => randomUUID() },
  });
}

function parent({ manifest, seal: own }: SealedBundle, relationship: string): Parent {
  const { artifact_id, run_id } = manifest.context;
  return { artifact_id, run_id, seal: own, relationship };
}

let count = 0;

/** Parameters that no other bundle has, and so another artifact. */
function unlike(): Record<string, number> {
  count += 1;
  return { unique: count };
}

async function seal(
  type: string,
  parents: readonly Parent[] = [],
  parameters: Record<string, number> = unlike(),
  into: Stores = stores,
  about: readonly { artifact_id: Digest; relationship: string }[] = [],
): Promise<SealedBundle> {
  await using batch = await into.blobs.openBatch();
  return await sealBundle(into, batch, {
    type,
    inputs: { parameters, ...(about.length > 0 && { about: [...about] }) },
    results: {},
    files: [],
    context: {
      run_id: randomUUID(),
      status: "finished",
      tool: { name: "reseal", version: "0.0.0" },
      provision: { hardware: {}, software: {} },
      tags: [],
      authors: [],
      parents: [...parents],
      context_metrics: {},
      redaction: { counts: {}, withheld: [] },
      not_captured: {},
      warnings: [],
    },
  });
}

async function rowOf({ seal: own }: SealedBundle, from: Stores = stores): Promise<RunRow> {
  const [row] = await from.catalog.resolve(own, { tenant: "local" });
  if (row === undefined) throw new Error(`${own} is not there`);
  return row;
}

async function walk(bundle: SealedBundle, options: Parameters<typeof walkLineage>[2] = {}) {
  return await walkLineage(stores, await rowOf(bundle), options);
}

function children({ root, nodes }: Awaited<ReturnType<typeof walk>>): Digest[] {
  return nodes
    .map((node) => node.seal)
    .filter((own) => own !== root)
    .sort();
}
