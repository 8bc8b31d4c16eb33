// schemas/verify_bundle.py is a second implementation, of the identity rules alone: it must agree
// with ours, find every damage, and be stopped by nothing.
import { execFile, execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { canonicalJson, digestBytes, formatTree } from "../packages/hash/dist/index.js";
import { exportGolden, type GoldenBundle, goldenBundles, goldenFolder } from "./golden-bundles.ts";

const run = promisify(execFile);
const root = dirname(import.meta.dirname);
const script = join(root, "schemas", "verify_bundle.py");
const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };

let folder: string;
let bundle: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verify-bundle-"));
  bundle = join(folder, "bundle");
  cpSync(join(goldenFolder, "everything"), bundle, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.for(Object.keys(goldenBundles))("the bundle %s is intact", async (name) => {
  const { status, output } = await verify(join(goldenFolder, name));

  expect(output).toMatch(/^\d+ checked, 0 wrong$/m);
  expect(output).not.toContain("BAD");
  expect(status).toBe(0);
});

test("a byte more is found in every single file, and a missing file is found", async () => {
  const files = readdirSync(bundle, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

  expect(files.length).toBeGreaterThan(25);
  for (const [index, file] of files.entries()) {
    const bytes = readFileSync(file);
    appendFileSync(file, " ");
    expect(await verify(bundle), `longer: ${file}`).toMatchObject({ status: 1, stderr: "" });
    rmSync(file);
    if (index % 4 === 0)
      expect(await verify(bundle), `without: ${file}`).toMatchObject({ status: 1, stderr: "" });
    writeFileSync(file, bytes);
  }
  expect(await verify(bundle)).toMatchObject({ status: 0 });
});

test.for<[string, (path: string) => void]>([
  ["a file that nothing lists", (path) => writeFileSync(join(path, "outputs", "extra"), "")],
  [
    "a link in the place of a file",
    (path) => {
      renameSync(join(path, "outputs", "a.txt"), join(dirname(path), "a.txt"));
      symlinkSync(join(dirname(path), "a.txt"), join(path, "outputs", "a.txt"));
    },
  ],
  ["text that is no JSON", (path) => writeFileSync(join(path, "manifest.json"), "{")],
  [
    "bytes that are no UTF-8",
    (path) => writeFileSync(join(path, "manifest.json"), "\xff", "latin1"),
  ],
  [
    "brackets without end",
    (path) => writeFileSync(join(path, "manifest.json"), "[".repeat(200_000)),
  ],
  ["a list for a manifest", (path) => writeFileSync(join(path, "manifest.json"), "[]")],
  ["no bundle at all", (path) => rmSync(path, { recursive: true })],
])("%s is found, not stumbled over", async ([, damage]) => {
  damage(bundle);

  const { status, stderr } = await verify(bundle);

  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
});

const wrong = digestBytes("wrong");

test.for<[string, (manifest: GoldenManifest) => void]>([
  ["artifact_id", ({ context }) => Object.assign(context, { artifact_id: wrong })],
  ["input_key", ({ context }) => Object.assign(context, { input_key: wrong })],
  ["result_key", ({ context }) => Object.assign(context, { result_key: wrong })],
  ["result_key null", ({ context }) => Object.assign(context, { result_key: null })],
  ["env_key", ({ context }) => Object.assign(context, { env_key: wrong })],
  ["another seed", ({ content }) => Object.assign(content.inputs, { seed: 1 })],
  ["tree", ({ content }) => Object.assign(content.results.outputs, { tree: wrong })],
  ["files of a tree", ({ content }) => Object.assign(content.inputs.code, { files: 2 })],
  ["bytes of a tree", ({ content }) => Object.assign(content.inputs.data, { bytes: 1 })],
  ["no tree for files that are there", ({ content }) => delete content.results.metric_series],
  ["config", ({ content }) => Object.assign(content.inputs, { config: wrong })],
  ["stdout", ({ content }) => Object.assign(content.results, { stdout: wrong })],
  ["comparison", ({ content }) => Object.assign(content.results, { comparison: wrong })],
  ["digest of a file", ({ context }) => Object.assign(context.files[0] ?? {}, { digest: wrong })],
  ["size of a file", ({ context }) => Object.assign(context.files[0] ?? {}, { size: 0 })],
  ["order of the files", ({ context }) => context.files.reverse()],
  ["a file listed twice", ({ context }) => context.files.unshift({ ...context.files[0] })],
])("a well sealed lie is found: %s", async ([, lie]) => {
  const manifest = JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8"));
  lie(manifest);
  sealAgain(bundle, manifest);

  const { status, output } = await verify(bundle);

  expect(output).toContain("BAD");
  expect(output).toMatch(/^ok {2}seal /m);
  expect(output).toMatch(/^ok {2}checksums.sha256 /m);
  expect(status).toBe(1);
});

test("the same JSON in other bytes is not a manifest", async () => {
  const manifest = JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8"));
  sealAgain(bundle, manifest);
  expect(await verify(bundle)).toMatchObject({ status: 0 });

  sealAgain(bundle, manifest, JSON.stringify(manifest, null, 1));

  expect((await verify(bundle)).output).toMatch(/^BAD canonical form /m);
});

test("what a paper cites is compared", async () => {
  const { artifact_id: artifact, seal } = JSON.parse(
    readFileSync(join(bundle, "citation.json"), "utf8"),
  );

  for (const cited of [artifact, seal, `${artifact};seal=${seal}`])
    expect(await verify(bundle, cited), cited).toMatchObject({ status: 0 });
  for (const cited of [wrong, `${artifact};seal=${wrong}`])
    expect(await verify(bundle, cited), cited).toMatchObject({ status: 1, stderr: "" });
});

test.for<[GoldenBundle["draft"]["results"], string | null]>([
  [{}, null],
  [{ exit: { code: 0 } }, null],
  [{ exit: { code: 1 } }, "sha256:"],
  [{ exit: { signal: "SIGKILL" } }, "sha256:"],
  [{ values: {} }, "sha256:"],
])("results %j have the key %s", async ([results, key]) => {
  const { toss } = goldenBundles;
  if (toss === undefined) throw new Error("There is no toss.");
  const files = toss.draft.files.filter(({ path }) => path.startsWith("logs/"));
  const made = { ...toss, draft: { ...toss.draft, results, files } };

  await exportGolden(made, join(folder, "made"));
  const { status, output } = await verify(join(folder, "made"));

  expect(output).toContain(key === null ? "" : `ok  result key              ${key}`);
  expect(/^ok {2}result key/m.test(output)).toBe(key !== null);
  expect(status).toBe(0);
});

test("the identity vectors hold", () => {
  const cases = globSync("schemas/vectors/identity/*.json", { cwd: root });

  const printed = python(
    "case = json.loads(line, parse_int=float)",
    "print(digest_json(case['content']) == case['artifact_id'] and",
    "      canonical(case['content']) == case['canonical'] if 'content' in case else",
    "      digest_tree({e['path']: e['digest'] for e in case['entries']}) == case['tree_digest'])",
  )(cases.map((path) => JSON.stringify(JSON.parse(readFileSync(join(root, path), "utf8")))));

  expect(cases.length).toBeGreaterThan(8);
  expect(printed).toEqual(cases.map(() => "True"));
});

test("canonical JSON comes out the same for any value", () => {
  const any = fc
    .sample(fc.jsonValue({ noUnicodeString: false, maxDepth: 4 }), 3000)
    // Refused by design, see the tests of canonical JSON.
    .filter((value) => !JSON.stringify(value).includes("__proto__"));
  const doubles = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 20_000);
  const powers = Array.from({ length: 640 }, (_, index) => Number(`1e${index - 330}`));
  const odd = [1e21, 1e-7, -0, 5e-324, 2 ** 53, 123456789012345680000, 999999999999999900000];
  const numbers = [...doubles, ...powers, ...odd].filter(Number.isFinite);
  const values = [...any, numbers, numbers.map((number) => -number)];

  const printed = python("print(canonical(json.loads(line, parse_int=float)))")(
    values.map((value) => JSON.stringify(value)),
  );

  expect(printed).toEqual(values.map((value) => canonicalJson(JSON.parse(JSON.stringify(value)))));
});

interface GoldenManifest {
  readonly content: {
    readonly inputs: { readonly code: object; readonly data: object };
    readonly results: { readonly outputs: object; metric_series?: object };
  };
  readonly context: Record<string, unknown> & { readonly files: Record<string, unknown>[] };
}

/** Give a bundle another manifest, and everything beside it that follows from that. */
function sealAgain(path: string, manifest: GoldenManifest, text = canonicalJson(manifest)): void {
  writeFileSync(join(path, "manifest.json"), text);
  const citation = JSON.parse(readFileSync(join(path, "citation.json"), "utf8"));
  citation.seal = digestBytes(text);
  writeFileSync(join(path, "citation.json"), JSON.stringify(citation));
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "checksums.sha256")
    .map((entry) => join(entry.parentPath, entry.name));
  const entries = files.map((file) => ({
    path: file.slice(path.length + 1),
    digest: digestBytes(readFileSync(file)),
  }));
  writeFileSync(join(path, "checksums.sha256"), formatTree(entries));
}

async function verify(
  path: string,
  ...cited: string[]
): Promise<{ status: number; output: string; stderr: string }> {
  try {
    const { stdout, stderr } = await run("python3", [script, path, ...cited], { env });
    return { status: 0, output: stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, output: stdout, stderr };
  }
}

/** A program that runs for each line of its input, with everything of the script in scope. */
function python(...body: string[]): (lines: readonly string[]) => string[] {
  const program = [
    "import json, sys",
    `sys.path.insert(0, ${JSON.stringify(dirname(script))})`,
    "from verify_bundle import *",
    "for line in sys.stdin:",
    ...body.map((line) => `    ${line}`),
  ].join("\n");
  return (lines) =>
    execFileSync("python3", ["-c", program], {
      env: { ...env, PYTHONUTF8: "1" },
      input: `${lines.join("\n")}\n`,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    })
      .trimEnd()
      .split("\n");
}
