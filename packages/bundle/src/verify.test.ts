import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { digestBytes, parseDigest } from "@reseal/hash";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  exportedBundle,
  type Forgery,
  forge,
  makeStores,
  sealFiles,
} from "../test/sealed-bundle.ts";
import { openBundleFolder, openStoredBundle } from "./reader.ts";
import { type Finding, isIntegrityFinding, verifyBundle } from "./verify.ts";

async function findingsIn(folder: string): Promise<readonly Finding[]> {
  return (await verifyBundle(await openBundleFolder(folder))).findings;
}

const allFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );

test("a bundle is intact, in the store and exported", async () => {
  const stores = makeStores();
  const { seal, manifest } = await sealFiles(stores);

  const report = await verifyBundle(await openStoredBundle(stores, seal));

  expect(report).toMatchObject({
    seal,
    run_id: manifest.context.run_id,
    artifact_id: manifest.context.artifact_id,
    files: manifest.context.files.length,
    findings: [],
  });
  expect(await findingsIn(await exportedBundle())).toEqual([]);
});

test("one changed bit in any file is found, whatever file it is", async () => {
  const folder = await exportedBundle();
  const paths = allFiles(folder).filter((path) => statSync(join(folder, path)).size > 0);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 0, max: 7 }),
      async (path, place, bit) => {
        const file = join(folder, path);
        const bytes = readFileSync(file);
        const damaged = Buffer.from(bytes);
        const offset = Math.floor(place * bytes.byteLength);
        damaged[offset] = (damaged[offset] ?? 0) ^ (1 << bit);
        writeFileSync(file, damaged);
        try {
          const found = await findingsIn(folder).catch((error: unknown) => error);

          if (Array.isArray(found)) expect(found.length).toBeGreaterThan(0);
          else expect(found).toMatchObject({ code: "BUNDLE_MANIFEST_INVALID", exitCode: 4 });
        } finally {
          writeFileSync(file, bytes);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("every missing file is found", async () => {
  const folder = await exportedBundle();
  for (const path of allFiles(folder)) {
    if (path === "manifest.json") continue;
    renameSync(join(folder, path), join(folder, "..", "aside"));

    const findings = await findingsIn(folder);
    renameSync(join(folder, "..", "aside"), join(folder, path));

    expect(findings, path).toContainEqual(expect.objectContaining({ code: "missing_file", path }));
  }
});

test.for([
  "extra.txt",
  "code/extra.py",
  "outputs/.hidden",
  "new/folder/file",
  "trees/other.sha256",
])("an extra file, %s, is found", async (path) => {
  const folder = await exportedBundle();
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), "");

  expect(await findingsIn(folder)).toEqual([
    { code: "extra_file", path, message: expect.any(String) },
  ]);
});

test("links to folders are extra files, and nobody follows them", async () => {
  const folder = await exportedBundle();
  symlinkSync("/", join(folder, "outputs", "root"));
  symlinkSync("..", join(folder, "outputs", "circle"));

  expect(await findingsIn(folder)).toEqual(
    ["outputs/circle", "outputs/root"].map((path) => ({
      code: "extra_file",
      path,
      message: expect.any(String),
    })),
  );
});

test("of what lies beside the manifest no more is read than it may have", async () => {
  for (const path of ["checksums.sha256", "CITATION.bib", "citation.json"]) {
    const folder = await exportedBundle();
    truncateSync(join(folder, path), 2 ** 40); // A terabyte, of holes.

    expect(await findingsIn(folder), path).toContainEqual(expect.objectContaining({ path }));
  }
});

test("a file that is longer or shorter than it says is damaged, without its rest being read", async () => {
  for (const content of ["x\n1\n\n", "x\n1", ""]) {
    const folder = await exportedBundle();
    writeFileSync(join(folder, "outputs/result.csv"), content);

    const findings = await findingsIn(folder);

    expect(findings).toMatchObject([{ code: "digest_mismatch", path: "outputs/result.csv" }]);
    expect(findings.every(isIntegrityFinding)).toBe(true);
  }
});

const digest = digestBytes("something else");
const entryOf = (
  { manifest }: Forgery,
  path: string,
): Forgery["manifest"]["context"]["files"][number] => {
  const entry = manifest.context.files.find((one) => one.path === path);
  if (entry === undefined) throw new Error(path);
  return entry;
};

const forgeries: readonly [string, (forgery: Forgery) => void, Finding["code"], string][] = [
  [
    "another artifact id",
    (f) => {
      f.manifest.context.artifact_id = digest;
    },
    "key_mismatch",
    "/context/artifact_id",
  ],
  [
    "another input key",
    (f) => {
      f.manifest.context.input_key = digest;
    },
    "key_mismatch",
    "/context/input_key",
  ],
  [
    "another result key",
    (f) => {
      f.manifest.context.result_key = digest;
    },
    "key_mismatch",
    "/context/result_key",
  ],
  [
    "no result key",
    (f) => {
      f.manifest.context.result_key = null;
    },
    "key_mismatch",
    "/context/result_key",
  ],
  [
    "another environment key",
    (f) => {
      f.manifest.context.env_key = digest;
    },
    "key_mismatch",
    "/context/env_key",
  ],
  [
    "no environment key",
    (f) => {
      f.manifest.context.env_key = null;
    },
    "key_mismatch",
    "/context/env_key",
  ],
  [
    "another run id",
    (f) => {
      f.manifest.context.run_id = "00000000-0000-4000-8000-000000000000";
    },
    "pointer",
    "run.json",
  ],
  [
    "a file twice",
    (f) => {
      f.manifest.context.files.push(entryOf(f, "logs/stdout.log"));
      f.manifest.context.files.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    "schema",
    "logs/stdout.log",
  ],
  [
    "an unsorted index",
    (f) => {
      f.manifest.context.files.reverse();
    },
    "schema",
    "trees/metrics.sha256",
  ],
  [
    "another tree",
    (f) => {
      (f.manifest.content.results.outputs as { tree: string }).tree = digest;
    },
    "tree_mismatch",
    "trees/outputs.sha256",
  ],
  [
    "another number of files",
    (f) => {
      (f.manifest.content.results.outputs as { files: number }).files = 3;
    },
    "tree_mismatch",
    "trees/outputs.sha256",
  ],
  [
    "another number of bytes",
    (f) => {
      (f.manifest.content.inputs.code as { bytes: number }).bytes = 1;
    },
    "tree_mismatch",
    "trees/code.sha256",
  ],
  [
    "a result that its tree does not name",
    (f) => f.replace("outputs/result.csv", "x\n2\n"),
    "tree_mismatch",
    "outputs/result.csv",
  ],
  [
    "code that its tree does not name",
    (f) => f.replace("code/train.py", "print(2)\n"),
    "tree_mismatch",
    "code/train.py",
  ],
  [
    "no tree in the content",
    (f) => {
      delete (f.manifest.content.results as { outputs?: unknown }).outputs;
    },
    "tree_mismatch",
    "outputs/",
  ],
  [
    "a tree that is called a log",
    (f) => {
      entryOf(f, "trees/outputs.sha256").role = "log";
      f.replace("outputs/result.csv", "x\n2\n");
    },
    "tree_mismatch",
    "outputs/result.csv",
  ],
  [
    "a tree that is no tree",
    (f) => {
      f.replace("trees/outputs.sha256", "nonsense\n");
      (f.manifest.content.results.outputs as { tree: string }).tree = entryOf(
        f,
        "trees/outputs.sha256",
      ).digest;
    },
    "tree_mismatch",
    "trees/outputs.sha256",
  ],
  [
    "another configuration",
    (f) => {
      f.manifest.content.inputs.config = digest;
    },
    "pointer",
    "/content/inputs/config",
  ],
  ["a run.json that is null", (f) => f.replace("run.json", "null"), "schema", "run.json"],
  ["a run.json that is a list", (f) => f.replace("run.json", "[]"), "schema", "run.json"],
  [
    "a run.json with paths that are no text",
    (f) => f.replace("run.json", '{"paths":{"events":5}}'),
    "schema",
    "run.json",
  ],
  [
    "an environment without its heart",
    (f) => f.replace("environment.json", '{"schema_version":"reseal.environment/v1"}'),
    "schema",
    "environment.json",
  ],
  [
    "an environment that is null",
    (f) => f.replace("environment.json", "null"),
    "schema",
    "environment.json",
  ],
  [
    "a provenance with more than it may have",
    (f) => f.replace("provenance.json", "{}"),
    "schema",
    "provenance.json",
  ],
  ["metrics that are no JSON", (f) => f.replace("metrics.json", "{"), "schema", "metrics.json"],
  [
    "metrics that name a file that is not there",
    (f) =>
      f.replace(
        "metrics.json",
        '{"context":{},"final":{},"schema_version":"reseal.metrics/v1","series":[{"name":"x","path":"metrics/x.csv"}]}',
      ),
    "pointer",
    "metrics.json",
  ],
  [
    "events that are none",
    (f) => f.replace("events.jsonl", '{"event_type":"a.b"}\n'),
    "schema",
    "events.jsonl",
  ],
  [
    "events that are no JSON",
    (f) => f.replace("events.jsonl", "nonsense\n"),
    "schema",
    "events.jsonl",
  ],
  [
    "a name that only an export may use",
    (f) => {
      f.manifest.context.files.push({ ...entryOf(f, "logs/stdout.log"), path: "CITATION.bib" });
      f.manifest.context.files.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    "schema",
    "CITATION.bib",
  ],
];

test.for(forgeries)("a forger's %s is found", async ([, change, code, path]) => {
  const folder = await exportedBundle();
  forge(folder, change);

  expect(await findingsIn(folder)).toContainEqual(expect.objectContaining({ code, path }));
});

test("a manifest that says the same in other bytes is found", async () => {
  const folder = await exportedBundle();
  forge(
    folder,
    () => undefined,
    (manifest) => JSON.stringify(manifest, null, 1),
  );

  expect(await findingsIn(folder)).toContainEqual(
    expect.objectContaining({ code: "not_canonical" }),
  );
});

test("a link that leads out of the bundle is not followed", async () => {
  const folder = await exportedBundle();
  const outside = join(folder, "..", "outside");
  writeFileSync(outside, readFileSync(join(folder, "outputs/result.csv")));
  rmSync(join(folder, "outputs/result.csv"));
  symlinkSync(outside, join(folder, "outputs/result.csv"));

  expect(await findingsIn(folder)).toMatchObject([
    { code: "unreadable", path: "outputs/result.csv" },
  ]);
});

test("a folder that is a link out of the bundle is not followed", async () => {
  const folder = await exportedBundle();
  renameSync(join(folder, "outputs"), join(folder, "..", "elsewhere"));
  symlinkSync("../elsewhere", join(folder, "outputs"));

  const findings = await findingsIn(folder);

  expect(findings.map(({ path }) => path)).toContain("outputs/result.csv");
});

test("pipes and devices in the place of files do not stop the reading", async () => {
  const folder = await exportedBundle();
  for (const path of ["outputs/result.csv", "logs/stdout.log", "checksums.sha256", "citation.json"])
    rmSync(join(folder, path));
  execFileSync("mkfifo", [join(folder, "outputs/result.csv"), join(folder, "logs/stdout.log")]);
  symlinkSync("/dev/zero", join(folder, "checksums.sha256"));
  execFileSync("mkfifo", [join(folder, "citation.json")]);

  const findings = await findingsIn(folder);

  expect(new Set(findings.map(({ path }) => path))).toEqual(
    new Set(["outputs/result.csv", "logs/stdout.log", "checksums.sha256"]),
  );
});

test.for([
  ["a pipe", (file: string) => execFileSync("mkfifo", [file])],
  ["a link to no end", (file: string) => symlinkSync("/dev/zero", file)],
  ["a folder", (file: string) => mkdirSync(file)],
  ["nothing", () => undefined],
  ["larger than any", (file: string) => execFileSync("truncate", ["-s", "300M", file])],
] as const)("a manifest that is %s is refused", async ([, make]) => {
  const folder = await exportedBundle();
  rmSync(join(folder, "manifest.json"));
  make(join(folder, "manifest.json"));

  await expect(openBundleFolder(folder)).rejects.toMatchObject({
    code: expect.stringMatching(/^BUNDLE_(NOT_A_BUNDLE|MANIFEST_INVALID)$/),
  });
});

test.for(["../outside", "/etc/passwd", "a/../../b", "a\\b", "", "a\nb"])(
  "a manifest that lists the path %j is refused",
  async (path) => {
    const folder = await exportedBundle();
    const file = join(folder, "manifest.json");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace('"outputs/result.csv"', JSON.stringify(path)));

    await expect(openBundleFolder(folder)).rejects.toMatchObject({
      code: "BUNDLE_MANIFEST_INVALID",
    });
  },
);

test("a blob of the store that was damaged, or is gone, is found", async () => {
  for (const [code, damage] of [
    ["digest_mismatch", (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from("x")])],
    ["missing_file", undefined],
  ] as const) {
    const stores = makeStores();
    const { seal, manifest } = await sealFiles(stores);
    const entry = manifest.context.files.find(({ path }) => path === "outputs/result.csv");
    const target = parseDigest(entry?.digest ?? "");
    if (damage === undefined) await stores.blobs.delete(target);
    else stores.blobs.damage(target, damage);

    const { findings } = await verifyBundle(await openStoredBundle(stores, seal));

    expect(findings).toMatchObject([{ code, path: "outputs/result.csv" }]);
  }
});

test("an abort stops the reading", async () => {
  const stores = makeStores();
  const { seal } = await sealFiles(stores);
  const reader = await openStoredBundle(stores, seal);
  const controller = new AbortController();

  const verified = verifyBundle(reader, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });

  await expect(verified).rejects.toThrow();
});

test("an unreadable file is a finding", async ({ skip }) => {
  if (process.getuid?.() === 0) skip("root may read every file");
  const folder = await exportedBundle();
  chmodSync(join(folder, "outputs/result.csv"), 0);

  expect(await findingsIn(folder)).toMatchObject([{ code: "unreadable" }]);
});
