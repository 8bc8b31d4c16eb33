import { strict as assert } from "node:assert";
import { type Digest, digestBytes } from "@reseal/hash";
import type { RunRow } from "../catalog.ts";
import type { CatalogCase } from "./catalog-cases.ts";
import { sealRecord } from "./seal-record.ts";

const tenant = "default";

export const lookupCases: readonly CatalogCase[] = [
  {
    name: "resolves run id, artifact id and seal, whole and by prefix",
    law: "resolve",
    needs: [],
    async run(catalog) {
      await catalog.addSeals(Array.from({ length: 30 }, (_, number) => sealRecord(number)));
      const { run_id, artifact_id, seal } = sealRecord(7);
      const names = [run_id, run_id.slice(0, 8), run_id.slice(0, 12), artifact_id, seal];
      for (const digest of [artifact_id, seal]) {
        names.push(digest.slice(7), digest.slice(7, 19), digest.slice(0, 19));
      }

      for (const name of names) {
        assert.deepEqual(sealsOf(await catalog.resolve(name, { tenant })), [seal], name);
      }
    },
  },
  {
    name: "resolves a prefix of four characters, and none shorter",
    law: "resolve",
    needs: [],
    async run(catalog) {
      const record = sealRecord(1, { seal: `sha256:abcd${"0".repeat(60)}` });
      await catalog.addSeals([record]);

      assert.equal((await catalog.resolve("abcd", { tenant })).length, 1);
      assert.equal((await catalog.resolve("sha256:abcd", { tenant })).length, 1);
      for (const name of ["", "abc", "sha256:abc", "sha256:", "sha2"]) {
        assert.deepEqual(await catalog.resolve(name, { tenant }), [], `"${name}"`);
      }
    },
  },
  {
    name: "takes no name for a pattern",
    law: "resolve",
    needs: [],
    async run(catalog) {
      await catalog.addSeals([sealRecord(1)]);

      for (const name of ["%%%%", "____", "****", "....", "' OR 1=1 --", "\0\0\0\0"]) {
        assert.deepEqual(await catalog.resolve(name, { tenant }), [], name);
      }
    },
  },
  {
    name: "gives all that a name stands for, the earliest first",
    law: "resolve",
    needs: [],
    async run(catalog) {
      const artifact_id: Digest = digestBytes("reproduced");
      const records = [5, 3, 4].map((number) => sealRecord(number, { artifact_id }));
      await catalog.addSeals(records);

      const rows = await catalog.resolve(artifact_id.slice(7, 15), { tenant });

      assert.deepEqual(
        sealsOf(rows),
        [3, 4, 5].map((number) => sealRecord(number).seal),
      );
    },
  },
  {
    name: "never shows one tenant what another has",
    law: "apart",
    needs: [],
    async run(catalog) {
      const parents = [{ artifact_id: digestBytes("parent"), relationship: "derived_from" }];
      const metrics = [{ name: "loss", value: 1, context: false }];
      const record = sealRecord(1, { tenant: "theirs", parents, metrics, tags: ["t"] });
      await catalog.addSeals([record]);
      const { seal, run_id, artifact_id } = record;

      for (const name of [run_id, artifact_id, seal, seal.slice(7, 12)]) {
        assert.deepEqual(await catalog.resolve(name, { tenant: "ours" }), []);
      }
      const filters = [{ field: "tag", operator: "=", value: "t" }] as const;
      assert.deepEqual((await catalog.listRuns({ tenant: "ours" })).items, []);
      assert.deepEqual((await catalog.listRuns({ tenant: "ours", filters })).items, []);
      assert.deepEqual(await catalog.metrics(seal, { tenant: "ours" }), []);
      assert.deepEqual(await catalog.children(digestBytes("parent"), { tenant: "ours" }), []);
      assert.equal((await catalog.listRuns({ tenant: "theirs", filters })).items.length, 1);
    },
  },
  {
    name: "keeps one seal once for each tenant",
    law: "apart",
    needs: [],
    async run(catalog) {
      const records = ["a", "b"].map((name) =>
        sealRecord(1, { tenant: name, name, metrics: [{ name, value: 1, context: false }] }),
      );
      await catalog.addSeals(records);

      for (const name of ["a", "b"]) {
        const { items } = await catalog.listRuns({ tenant: name });
        assert.deepEqual(
          items.map((row) => [row.tenant, row.name]),
          [[name, name]],
        );
        const metrics = await catalog.metrics(sealRecord(1).seal, { tenant: name });
        assert.deepEqual(
          metrics.map((metric) => metric.name),
          [name],
        );
      }
    },
  },
  {
    name: "gives the metrics of a seal by name, with values that JSON numbers cannot hold",
    law: "lookup",
    needs: [],
    async run(catalog) {
      const metrics = [
        { name: "b", value: "NaN", context: false },
        { name: "Z", value: 0.1, context: false },
        { name: "c", value: "-Infinity", context: false },
        { name: "a", value: -0.25, context: true },
        { name: "é", value: 1e300, context: false },
        { name: "d", value: "Infinity", context: false },
      ];
      await catalog.addSeals([sealRecord(1, { metrics }), sealRecord(2)]);

      const order = ["Z", "a", "b", "c", "d", "é"];
      const expected = order.map((name) => metrics.find((metric) => metric.name === name));
      assert.deepEqual(await catalog.metrics(sealRecord(1).seal, { tenant }), expected);
      assert.deepEqual(await catalog.metrics(sealRecord(2).seal, { tenant }), []);
      assert.deepEqual(await catalog.metrics(digestBytes("unknown"), { tenant }), []);
    },
  },
  {
    name: "finds the children of an artifact, each once, the earliest first",
    law: "lookup",
    needs: [],
    async run(catalog) {
      const { artifact_id, seal, run_id } = sealRecord(1);
      const original = { artifact_id, seal, run_id, relationship: "original" };
      const other = { artifact_id: sealRecord(2).artifact_id, relationship: "derived_from" };
      await catalog.addSeals([
        sealRecord(5, { parents: [other, original] }),
        sealRecord(4, { parents: [original, { artifact_id, relationship: "candidate" }] }),
        sealRecord(3),
      ]);

      const rows = await catalog.children(artifact_id, { tenant });

      assert.deepEqual(sealsOf(rows), [sealRecord(4).seal, sealRecord(5).seal]);
      assert.deepEqual(rows[1]?.parents, [other, original]);
      assert.deepEqual(await catalog.children(sealRecord(3).artifact_id, { tenant }), []);
    },
  },
  {
    name: "knows the paths that earlier runs of a workspace wrote",
    law: "lookup",
    needs: [],
    async run(catalog) {
      await catalog.addSeals([
        sealRecord(1, { workspace: "w1", output_paths: ["out/a.txt", "b"] }),
        sealRecord(2, { workspace: "w1", output_paths: ["b", "c"] }),
        sealRecord(3, { workspace: "w2", output_paths: ["d"] }),
        sealRecord(4, { workspace: null, output_paths: ["e"] }),
      ]);

      assert.deepEqual(await catalog.outputPaths("w1"), new Set(["out/a.txt", "b", "c"]));
      assert.deepEqual(await catalog.outputPaths("w3"), new Set());
    },
  },
];

function sealsOf(rows: readonly RunRow[]): string[] {
  return rows.map(({ seal }) => seal);
}
