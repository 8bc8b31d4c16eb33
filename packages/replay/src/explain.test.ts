import type { Comparison, Environment } from "@reseal/schema";
import { expect, test } from "vitest";
import { type ExplainFacts, explain, orderOutputs } from "./explain.ts";

const digest = (character: string): `sha256:${string}` => `sha256:${character.repeat(64)}`;
const pair = (equal: boolean) => ({
  original: digest("a"),
  candidate: equal ? digest("a") : digest("b"),
  equal,
});

function comparison(more: Partial<Comparison> = {}): Comparison {
  return {
    schema_version: "reseal.comparison/v1",
    original: { artifact_id: digest("a") },
    candidate: { artifact_id: digest("b") },
    keys: {
      artifact_id: pair(false),
      input_key: pair(true),
      env_key: pair(true),
      result_key: pair(false),
      seal: pair(false),
    },
    verdict: "diverged",
    explained: "unexplained",
    tolerance: { absolute: 0, relative: 0 },
    files: [
      { path: "a.json", status: "different", first_difference: { pointer: "/x" } },
      { path: "b.json", status: "different", first_difference: { pointer: "/y" } },
      { path: "c.json", status: "equal" },
    ],
    metrics: [],
    exit: { original: null, candidate: null, equal: true },
    config: [],
    environment: [],
    first_difference: { path: "a.json", pointer: "/x" },
    ...more,
  };
}

const environment: Environment = {
  schema_version: "reseal.environment/v1",
  comparable: {
    runtime: { name: "node", version: "20.20.2" },
    packages: { numpy: "1.26.4" },
    os: { name: "Debian", version: "12", arch: "x64" },
    cpu: { model: "Old CPU", features: ["avx", "sse2"] },
  },
  timezone: "UTC",
  threads: { OMP_NUM_THREADS: "1" },
};

function facts(more: Partial<ExplainFacts> = {}): ExplainFacts {
  return {
    comparison: comparison(),
    inputs: { values: [], files: [] },
    original: environment,
    candidate: environment,
    writtenMs: new Map(),
    ...more,
  };
}

test("equal results need no explanation", () => {
  const { keys } = comparison();
  const equal = comparison({ keys: { ...keys, result_key: pair(true) } });

  expect(explain(facts({ comparison: equal }))).toBeUndefined();
});

test("the first output to be written is the first to look at", () => {
  const writtenMs = new Map([
    ["b.json", 1],
    ["a.json", 2],
  ]);

  expect(explain(facts({ writtenMs }))).toMatchObject({
    order: "produced",
    divergent: ["b.json", "a.json"],
    first_difference: { path: "b.json", pointer: "/y" },
  });
});

test("without all times the order is that of paths, and is called so", () => {
  const { files } = comparison();

  expect(orderOutputs(files, new Map([["b.json", 1]]))).toEqual({
    order: "path",
    divergent: ["a.json", "b.json"],
  });
});

test("another processor, runtime and package are named in words, not as digests", () => {
  const { comparable } = environment;
  const candidate: Environment = {
    ...environment,
    comparable: {
      ...comparable,
      runtime: { name: "node", version: "24.21.0" },
      packages: { numpy: "2.0.0" },
      cpu: { model: "New CPU", features: ["avx", "avx512f", "sse2"] },
    },
  };
  const result = explain(facts({ candidate, comparison: comparison({ explained: "explained" }) }));

  expect(result?.causes.map(({ aspect }) => aspect)).toEqual(["packages", "runtime", "hardware"]);
  const evidence = result?.causes.flatMap((cause) => cause.evidence);
  expect(evidence).toEqual([
    "package numpy 1.26.4 -> 2.0.0",
    "runtime node 20.20.2 -> node 24.21.0",
    "processor Old CPU -> New CPU",
    "processor features (absent) -> avx512f",
  ]);
  expect(result?.summary).toContain("numpy 1.26.4 -> 2.0.0");
});

test("a difference of the question comes before one of the circumstances", () => {
  const result = explain(
    facts({
      candidate: { ...environment, timezone: "Asia/Tokyo" },
      inputs: { values: [{ pointer: "/seed", original: 1, candidate: 2 }], files: [] },
    }),
  );

  expect(result?.causes).toMatchObject([
    { aspect: "seed", likelihood: "certain", evidence: ["/seed: 1 -> 2"] },
    { aspect: "timezone", likelihood: "likely" },
  ]);
});

test("a changed file of package versions is named as such, other code as code", () => {
  const result = explain(
    facts({
      inputs: {
        values: [],
        files: [
          { path: "code/requirements.txt", status: "different", first_difference: { line: 1 } },
          { path: "code/train.py", status: "added" },
        ],
      },
    }),
  );

  expect(result?.causes).toMatchObject([
    { aspect: "packages", statement: expect.stringContaining("code/requirements.txt") },
    { aspect: "code", evidence: ["code/train.py was added"] },
  ]);
});

test("what nobody recorded but may matter is named: threads, locale, time zone", () => {
  const candidate: Environment = {
    ...environment,
    threads: { OMP_NUM_THREADS: "8" },
    locale: "de_DE.UTF-8",
    timezone: "Europe/Berlin",
  };

  const aspects = explain(facts({ candidate }))?.causes.map(({ aspect }) => aspect);

  expect(aspects).toEqual(["threads", "locale", "timezone"]);
});

test("a source of chance counts for more when the differing values look like it", () => {
  const first = {
    path: "a.json",
    original: "2026-01-01T10:00:00Z",
    candidate: "2026-01-01T10:00:09Z",
  };
  const code = new Map([
    ["main.py", "import time, random\nx = random.random()\nt = datetime.now()\n"],
  ]);
  const files = [{ status: "different" as const, path: "a.json", first_difference: first }];
  const { path: _, ...place } = first;
  files[0] = { status: "different", path: "a.json", first_difference: place } as never;

  const result = explain(facts({ code, comparison: comparison({ files }) }));

  expect(result?.causes).toMatchObject([
    { aspect: "clock", likelihood: "likely" },
    {
      aspect: "randomness",
      likelihood: "possible",
      evidence: ["main.py line 2: x = random.random()"],
    },
  ]);
  expect(result?.verdict).toBe("unexplained");
  for (const { experiment } of result?.causes ?? []) expect(experiment.length).toBeGreaterThan(20);
});

test("a replay without network is a cause only where the network or the exit speaks for it", () => {
  const code = new Map([["a.sh", "curl https://example.org/data\n"]]);

  expect(explain(facts({ isOffline: true }))?.causes).toEqual([]);
  expect(explain(facts({ isOffline: true, code }))?.causes[0]).toMatchObject({
    aspect: "network",
    likelihood: "likely",
  });
  const exit = { original: { code: 0 }, candidate: { code: 1 }, equal: false };
  const failed = comparison({ exit });
  expect(explain(facts({ isOffline: true, comparison: failed }))?.causes[0]).toMatchObject({
    aspect: "network",
    likelihood: "possible",
  });
});
