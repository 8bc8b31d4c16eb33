// The bundles of schemas/vectors/bundle/, made through the library with a fixed clock and fixed ids.
// `node test/golden-bundles.ts` writes those that are not there yet. One that is there stays: it is
// what the format was when it was written.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BundleDraft,
  exportBundle,
  openStoredBundle,
  sealBundle,
} from "../packages/bundle/dist/index.js";
import { digestBytes } from "../packages/hash/dist/index.js";
import type { Environment, FileEntry } from "../packages/schema/dist/index.js";
import { createMemoryStores } from "../packages/store/dist/index.js";

/** Where the golden bundles lie. */
export const goldenFolder: string = fileURLToPath(
  new URL("../schemas/vectors/bundle", import.meta.url),
);

/** A bundle that is made again and again. */
export interface GoldenBundle {
  readonly createdAt: string;
  readonly tenant: string;
  readonly draft: BundleDraft;
  /** The bytes of the draft's files, by path. */
  readonly texts: Readonly<Record<string, string>>;
}

/** The program of the worked example in docs/identity.md: integers only, so the same everywhere. */
export const tossProgram: string = `import json, os

state = int(os.environ["RESEAL_SEED"])
throws = []
for _ in range(5):
    state = (state * 1103515245 + 12345) % 2**31
    throws.append(1 + (state >> 16) % 6)
print("threw", *throws)

with open("throws.csv", "w", newline="") as file:
    for number, pips in enumerate(throws, 1):
        file.write(f"{number},{pips}\\n")
with open(os.environ["RESEAL_RUN_DIR"] + "/metrics.jsonl", "a") as file:
    file.write(json.dumps({"name": "mean", "value": sum(throws) / 5}) + "\\n")
`;

/** Roles by file or by folder. */
const roles: Readonly<Record<string, FileEntry["role"]>> = {
  code: "code",
  "events.jsonl": "events",
  inputs: "input",
  logs: "log",
  metrics: "metrics",
  outputs: "output",
};

const nothingLeftOut = {
  binary: 0,
  large: 0,
  ignored: 0,
  special: 0,
  over_budget: 0,
  withheld: 0,
  not_portable: 0,
  unreadable: 0,
  earlier_output: 0,
};

/** The golden bundles by the name of their folder. */
export const goldenBundles: Readonly<Record<string, GoldenBundle>> = {
  toss: toss({
    runId: "3f1c2a5e-8d47-4b6a-9c0e-5a7b1d2e3f40",
    startedAt: "2026-11-21T08:30:12.000Z",
    endedAt: "2026-11-21T08:30:12.041Z",
    durationMs: 41,
    user: "josiah",
    host: "lab-07",
    workspace: "9c1f0a2b3d4e5f60",
    python: "3.12.4",
    tags: [],
  }),
  "toss-again": toss({
    runId: "b0a4c7d8-1e2f-4a3b-8c5d-6e7f80912a3b",
    startedAt: "2026-11-24T16:02:45.500Z",
    endedAt: "2026-11-24T16:02:45.538Z",
    durationMs: 38,
    user: "maria",
    host: "laptop",
    workspace: "04d2c6a89b1e7f35",
    python: "3.13.1",
    tags: ["checked"],
  }),
  everything: everything(),
};

/** Make a golden bundle and write it as a folder. */
export async function exportGolden(
  { createdAt, tenant, draft, texts }: GoldenBundle,
  folder: string,
): Promise<void> {
  const stores = createMemoryStores({
    tenant,
    clock: { now: () => Date.parse(createdAt) },
    ids: { runId: () => draft.context.run_id },
  });
  await using batch = await stores.blobs.openBatch();
  for (const text of Object.values(texts)) await batch.put(Buffer.from(text));
  const { seal } = await sealBundle(stores, batch, draft);
  await exportBundle(await openStoredBundle(stores, seal), folder);
}

interface Toss {
  readonly runId: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly durationMs: number;
  readonly user: string;
  readonly host: string;
  readonly workspace: string;
  readonly python: string;
  readonly tags: string[];
}

/** What `reseal run --seed 7 -- python3 toss.py` records, at one time on one machine. */
function toss(facts: Toss): GoldenBundle {
  const { runId, startedAt, endedAt, durationMs, user, host, workspace, python, tags } = facts;
  const command = ["python3", "toss.py"];
  const texts = {
    "code/toss.py": tossProgram,
    "events.jsonl": eventLog(runId, [
      [startedAt, "run.started", { command }],
      [endedAt, "run.finished", { status: "finished", code: 0 }],
    ]),
    "logs/stderr.log": "",
    "logs/stdout.log": "threw 5 3 3 1 6\n",
    "outputs/throws.csv": "1,5\n2,3\n3,3\n4,1\n5,6\n",
  };
  return {
    createdAt: new Date(Date.parse(endedAt) + 10).toISOString(),
    tenant: "local",
    texts,
    draft: {
      type: "run",
      inputs: { command, seed: 7 },
      results: { exit: { code: 0 }, metrics: { mean: 3.6 } },
      files: draftFiles(texts, { "outputs/throws.csv": { origin: "workspace" } }),
      environment: environment(python, host),
      context: {
        run_id: runId,
        status: "finished",
        started_at: startedAt,
        ended_at: endedAt,
        duration_ms: durationMs,
        user,
        host,
        workspace: { id: workspace },
        provision: {
          hardware: { arch: "x64", cpu: "AMD EPYC 7543", cpu_count: 8, memory_bytes: 33554432000 },
          software: { python, "Debian GNU/Linux": "12" },
        },
        tool: { name: "reseal", version: "0.1.0" },
        title: "Five throws of a die",
        tags,
        authors: [{ name: "Josiah Carberry", orcid: "https://orcid.org/0000-0002-1825-0097" }],
        institution: "Brown University",
        parents: [],
        context_metrics: {},
        capture: { context_metrics: ["*elapsed*", "*wall_time*"] },
        redaction: { counts: {}, withheld: [] },
        not_captured: { code: { ...nothingLeftOut, paths: [] } },
        warnings: [],
      },
    },
  };
}

function environment(python: string, hostname: string): Environment {
  return {
    schema_version: "reseal.environment/v1",
    comparable: {
      runtime: { name: "python", version: python, implementation: "CPython" },
      packages: { glibc: "2.36" },
      os: { name: "Debian GNU/Linux", version: "12", arch: "x64" },
      cpu: { model: "AMD EPYC 7543", features: ["avx", "avx2", "fma"] },
    },
    hostname,
    cpu_count: 8,
    memory_bytes: 33554432000,
    python_version: python,
    tools: { reseal: "0.1.0" },
    lock_files: [],
  };
}

/** Every optional part of a run at once, with the names and numbers that readers get wrong. */
function everything(): GoldenBundle {
  const runId = "d1e5f0a7-62b4-4c9d-8e13-7f0a9b2c4d68";
  const startedAt = "2026-12-01T23:59:59.001Z";
  const endedAt = "2026-12-02T00:00:01.250Z";
  const lock = 'version = 1\n[[package]]\nname = "numpy"\nversion = "2.1.0"\n';
  const command = ["./fit.sh", "--seed", "{seed}", "--from", "{in}/données/α.csv", "--to", "{out}"];
  const texts = {
    "code/analysis/fit.sh": "#!/bin/sh\nexec python3 ../fit.py\n",
    "code/fit.py": 'print("fit")\n',
    "code/uv.lock": lock,
    "events.jsonl": eventLog(runId, [
      [startedAt, "run.started", { command }],
      [startedAt, "fit.epoch", { epoch: 1, loss: 1e-7 }],
      [endedAt, "run.failed", { status: "failed", code: 3 }],
    ]),
    "inputs/données/α.csv": "x,y\n1,2\n",
    "inputs/数据.csv": "一,二\n",
    "logs/stderr.log": "token=[REDACTED:github-token:1]\n",
    "logs/stdout.log": "fitted\n",
    "metrics/loss.csv": "step,value\n0,0.5\n1,1e-7\n",
    "metrics/train/accuracy%20%25.csv": "step,value\n0,0\n1,NaN\n",
    "outputs/#1 'quoted'.txt": "quotes\n",
    "outputs/-n": "a name that looks like a flag\n",
    "outputs/a/b.txt": "in a folder\n",
    "outputs/a.txt": "sorts before the folder: '.' is 0x2e, '/' is 0x2f\n",
    "outputs/empty": "",
    "outputs/ﬀ.txt": "U+FB00: sorts before the next by bytes, after it by UTF-16\n",
    "outputs/😀.txt": "U+1F600\n",
  };
  return {
    createdAt: "2026-12-02T00:00:01.300Z",
    tenant: "analysis group",
    texts,
    draft: {
      type: "run",
      inputs: {
        command,
        seed: "18446744073709551615",
        parameters: {
          numbers: [
            1e21, 1e-7, -0, 5e-324, 0.1, 100, 1.7976931348623157e308, 123456789012345680000,
          ],
          "\u20ac": "Euro",
          "\ufb33": "Hebrew dalet with dagesh: last by UTF-16",
          "\u{1f600}": "emoji: before it by UTF-16, after it by code point",
          "\u0080": 'controls \u0000\u001f\u007f, quotes " and \\, tab \t, line\n',
          nested: { b: null, a: [true, false, {}, []] },
        },
        working_directory: "analysis",
        variables: { OMP_NUM_THREADS: "1" },
        external: [
          { name: "archive/large.bin", size: 9007199254740991, digest: digestBytes("large") },
        ],
        lock_files: [{ path: "uv.lock", digest: digestBytes(lock) }],
      },
      results: {
        exit: { code: 3 },
        values: { converged: false, steps: "36893488147419103232" },
        metrics: { accuracy: "NaN", best: "-Infinity", loss: 1e-7, worst: "Infinity" },
        stdout: digestBytes(texts["logs/stdout.log"]),
      },
      files: draftFiles(texts, {
        "code/analysis/fit.sh": { isExecutable: true },
        "outputs/a.txt": { origin: "workspace" },
        "outputs/-n": { origin: "output_folder" },
        "metrics/loss.csv": { metric: "loss" },
        "metrics/train/accuracy%20%25.csv": { metric: "train/accuracy %" },
      }),
      config: {
        schema_version: "reseal.config-snapshot/v1",
        format: "toml",
        path: "fit.toml",
        values: { tolerance: 1e-12, api_key: "[REDACTED:key-name:1]" },
      },
      environment: environment("3.12.4", "lab-07"),
      context: {
        run_id: runId,
        request_id: "req-81732",
        status: "failed",
        error: { type: "ExitStatus", message: "The command ended with exit status 3." },
        pass_fail: "fail",
        started_at: startedAt,
        ended_at: endedAt,
        duration_ms: 2249,
        user: "josiah",
        host: "lab-07",
        workspace: {
          id: "9c1f0a2b3d4e5f60",
          git: { commit: "8f14e45fceea167a5a36dedd4bea2543c1d2e3f4", branch: "main", dirty: true },
        },
        provision: { hardware: { cpu_count: 8 }, software: { python: "3.12.4" } },
        tool: { name: "reseal", version: "0.1.0" },
        project: "décay",
        family: "baseline",
        name: "fit-1",
        tags: ["paper", "α"],
        notes: "A note of\ntwo lines.",
        title: "Fit with 50 % of the data & {braces}",
        description: "Table 2.",
        authors: [
          {
            name: "Josiah Carberry",
            orcid: "https://orcid.org/0000-0002-1825-0097",
            email: "josiah@example.org",
            affiliation: "Brown University",
          },
          { name: "Zoë Ångström" },
        ],
        institution: "Brown University",
        licence: "CC-BY-4.0",
        url: "https://example.org/fit-1",
        doi: "10.5555/12345678",
        version: "1.2",
        parents: [
          {
            artifact_id: digestBytes("parent"),
            seal: digestBytes("seal of the parent"),
            run_id: "b0a4c7d8-1e2f-4a3b-8c5d-6e7f80912a3b",
            relationship: "derived_from",
          },
        ],
        supersedes: digestBytes("superseded"),
        context_metrics: { elapsed_seconds: 2.25 },
        capture: { output_patterns: ["analysis/*.txt"], context_metrics: ["elapsed*"] },
        redaction: {
          counts: { "github-token": 1, "key-name": 1 },
          withheld: [
            {
              path: "code/.env",
              size: 83,
              keyed_digest: `hmac-sha256:${digestBytes("mac").slice("sha256:".length)}`,
              rules: ["github-token"],
            },
          ],
        },
        not_captured: {
          code: {
            ...nothingLeftOut,
            binary: 1,
            withheld: 1,
            earlier_output: 1,
            paths: [{ path: "weights.bin", reason: "binary" }],
          },
          outputs: { paths: [{ path: "back\\slash", reason: "has_a_backslash" }] },
        },
        warnings: [{ code: "SECRET_WITHHELD", message: "code/.env was not stored." }],
      },
    },
  };
}

function eventLog(
  run_id: string,
  events: readonly (readonly [time: string, event_type: string, attrs: object])[],
): string {
  return events
    .map(([time, event_type, attrs]) => {
      const severity = event_type === "run.failed" ? "error" : "info";
      return `${JSON.stringify({ time, run_id, event_type, severity, actor: "engine", attrs })}\n`;
    })
    .join("");
}

type Extra = Partial<Pick<BundleDraft["files"][number], "isExecutable" | "metric" | "origin">>;

function draftFiles(
  texts: Readonly<Record<string, string>>,
  extras: Readonly<Record<string, Extra>>,
): BundleDraft["files"] {
  return Object.entries(texts).map(([path, text]) => ({
    path,
    digest: digestBytes(text),
    size: Buffer.byteLength(text),
    role: roles[path.split("/")[0] ?? ""] ?? "other",
    ...extras[path],
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, bundle] of Object.entries(goldenBundles))
    if (!existsSync(join(goldenFolder, name))) await exportGolden(bundle, join(goldenFolder, name));
