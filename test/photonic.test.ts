// The photonic example: its physics, and all five types of artifact that it makes.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { openStoredBundle, verifyBundle, verifyLineage } from "@reseal/bundle";
import { openStores } from "@reseal/connect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fitOffsets } from "../examples/photonic/calibrate.mjs";
import {
  buildMesh,
  interferometers,
  powersOf,
  programmedPhases,
} from "../examples/photonic/mesh.mjs";
import { countPhotons, createRandom } from "../examples/photonic/random.mjs";

const run = promisify(execFile);
const script = join(dirname(import.meta.dirname), "examples", "photonic", "experiment.mjs");
const angle = fc.double({ min: -10, max: 10, noNaN: true });
const phases = fc.record(
  Object.fromEntries(
    ["m0", "m1", "m2", "m3", "m4", "m5"].map((id) => [id, fc.record({ theta: angle, phi: angle })]),
  ),
);
const input = fc.nat({ max: 3 });

test("one command makes all five types, intact and linked", async () => {
  const folder = mkdtempSync(join(tmpdir(), "photonic-"));
  try {
    const { stdout } = await run(process.execPath, [script, "--store", folder]);

    expect(stdout).toMatch(/^validation .* passed$/m);
    expect(stdout).toMatch(/^replay .* reproduced$/m);
    expect(stdout).toMatch(/^replay .* diverged with seed 1964$/m);
    await using stores = await openStores(folder);
    const { items } = await stores.catalog.listRuns({ tenant: stores.tenant });
    expect([...new Set(items.map(({ type }) => type))].sort()).toEqual([
      "calibration",
      "gradient",
      "replay",
      "run",
      "validation",
    ]);
    for (const { seal } of items) {
      expect((await verifyBundle(await openStoredBundle(stores, seal))).findings).toEqual([]);
      const { findings } = await verifyLineage(stores, seal);
      expect([...findings.values()].flat()).toEqual([]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("whatever the phases, the power that goes in comes out", () => {
  fc.assert(
    fc.property(phases, phases, input, (programmed, errors, mode) => {
      const graph = buildMesh({ phases: programmed, errors, input: mode });
      const powers = powersOf(graph, programmedPhases(graph));
      const total = powers.reduce((sum: number, power: number) => sum + power, 0);
      expect(Math.abs(total - 1)).toBeLessThan(1e-12);
    }),
  );
});

test("a single interferometer splits power as sin² and cos² of θ/2 do", () => {
  for (const theta of [0, 0.3, 1, Math.PI / 2, 2, Math.PI]) {
    // All others are at θ = 0, where they only swap their two modes.
    const graph = buildMesh({ phases: { m0: { theta } }, input: 0 });
    const [first = 0, second = 0, third = 0, fourth = 0] = powersOf(graph, programmedPhases(graph));
    const kept = Math.sin(theta / 2) ** 2;
    const split = [first, second, third, fourth].sort((a, b) => b - a).slice(0, 2);
    expect(split.map((power) => power.toFixed(9)).sort()).toEqual(
      [kept, 1 - kept].map((power) => power.toFixed(9)).sort(),
    );
  }
});

test("the parameter shift is the derivative, in every phase", () => {
  fc.assert(
    fc.property(phases, input, (programmed, mode) => {
      const graph = buildMesh({ phases: programmed, input: mode });
      const all = programmedPhases(graph) as Record<string, number>;
      for (const name of Object.keys(all)) {
        const at = (delta: number) =>
          powersOf(graph, { ...all, [name]: (all[name] ?? 0) + delta })[0] ?? 0;
        const shift = (at(Math.PI / 2) - at(-Math.PI / 2)) / 2;
        expect(Math.abs(shift - (at(1e-5) - at(-1e-5)) / 2e-5)).toBeLessThan(1e-8);
      }
    }),
    { numRuns: 20 },
  );
});

test("calibration finds errors that it sees through powers only, from any seed", () => {
  for (const seed of [1, 2, 3]) {
    const random = createRandom(seed);
    const errors = Object.fromEntries(
      ["m0", "m1", "m2", "m3", "m4", "m5"].map((id) => [
        id,
        { theta: random.around(0.15), phi: random.around(0.15) },
      ]),
    );
    const graph = buildMesh({ errors });
    const options = { random, starts: 3, probes: 16, iterations: 40, onStep: () => undefined };
    const { offsets, cost } = fitOffsets(graph, options) as {
      offsets: Record<string, number>;
      cost: number;
    };

    expect(cost).toBeLessThan(1e-20);
    for (const { id } of interferometers(graph) as { id: string }[])
      expect(offsets[`${id}.theta`]).toBeCloseTo(errors[id]?.theta ?? 0, 6);
  }
});

test("photons are counted by their probabilities, the same for the same seed", () => {
  const count = (seed: number) => countPhotons([0.5, 0.3, 0.2, 0], 100_000, createRandom(seed));
  const counts = count(7);

  expect(count(7)).toEqual(counts);
  expect(count(8)).not.toEqual(counts);
  expect(counts.reduce((sum: number, one: number) => sum + one, 0)).toBe(100_000);
  for (const [mode, expected] of [0.5, 0.3, 0.2, 0].entries())
    expect(Math.abs((counts[mode] ?? 0) / 100_000 - expected)).toBeLessThan(0.01);
});
