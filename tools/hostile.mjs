// Gives our readers what nobody should have written, and prints what came of it.
//   node tools/hostile.mjs [--quick] [--list] [--only zip,json,yaml,npz,import] [FOLDER]
// Without a folder: the samples of this repository, and a bundle made hostile in each way for
// `import`, which must be refused whole, with exit status 4 or 5, and leave nothing behind. With one:
// the samples that its zip/index.json and docs_index.json name. `--list` prints each of them;
// `--quick` imports every fifth bundle.
// Exit status 1 when one ended as it must not.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cases } from "../packages/bundle/test/hostile-archives.ts";
import { buildZip } from "../packages/bundle/test/zip-builder.ts";
import { acceptedYaml, refusedYaml } from "../packages/hash/test/hostile-yaml.ts";
import { hostileBundles } from "./hostile-bundles.mjs";
import {
  gradeArrays,
  gradeFolder,
  gradeJson,
  gradeYaml,
  gradeZip,
  verdictOf,
} from "./hostile-documents.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = join(root, "apps/cli/bin/main.js");
const built = (name) => import(new URL(`../packages/${name}/dist/index.js`, import.meta.url).href);

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const [folder] = positionals;
const rows = folder === undefined ? await gradeOwn() : await gradeFolder(folder);
if (flags.list)
  for (const { kind, name, attack, must, refused, isWrong } of rows)
    process.stdout.write(
      `${isWrong ? "WRONG" : "ok   "} ${kind} · ${name}${attack ? ` (${attack})` : ""}: must ${must}, ${refused ?? "taken"}\n`,
    );
process.stdout.write(`${table(rows)}\n`);
const wrong = rows.filter(({ isWrong }) => isWrong);
for (const { kind, name, must, refused, left } of wrong)
  process.stdout.write(
    `${kind} · ${name}: must ${must}, but ${refused ?? "was taken"}${left ? `; left ${left}` : ""}\n`,
  );
process.exitCode = wrong.length > 0 ? 1 : 0;

async function gradeOwn() {
  const wanted = flags.only?.split(",");
  const all = [];
  const sets = { zip: gradeArchives, json: gradeOwnJson, yaml: gradeOwnYaml, npz: gradeOwnArrays };
  for (const [kind, grade] of Object.entries({ ...sets, import: gradeImport }))
    if (wanted?.includes(kind) ?? true) all.push(...(await grade()));
  return all;
}

async function gradeArchives() {
  const vectors = join(root, "packages/bundle/vectors/hostile-zip");
  const graded = [];
  for (const sample of JSON.parse(readFileSync(join(vectors, "index.json"), "utf8")))
    graded.push({
      kind: "zip, collected",
      ...verdictOf(sample, await gradeZip(join(vectors, sample.file))),
    });
  for (const [file, expected, entries, parts] of cases) {
    const must = expected === undefined ? "accept" : "refuse";
    graded.push({
      kind: "zip, made for it",
      ...verdictOf({ file, must }, await gradeZip(buildZip(entries, parts))),
    });
  }
  return graded;
}

async function gradeOwnJson() {
  const vectors = join(root, "packages/hash/vectors/hostile-json");
  const { outcomes } = JSON.parse(readFileSync(join(vectors, "outcomes.json"), "utf8"));
  const graded = [];
  for (const [file, outcome] of Object.entries(outcomes)) {
    const isLines = file.endsWith(".jsonl");
    const reasons = isLines ? outcome : [outcome];
    // What only a schema refuses counts as refused here: these two name a bad path and a bad size.
    const isBadManifest = /path_abs|size_neg/.test(file);
    const must = isBadManifest || reasons.some((reason) => reason !== null) ? "refuse" : "accept";
    const bytes = readFileSync(join(vectors, file));
    graded.push({ kind: "json", ...verdictOf({ file, must }, await gradeJson(bytes, isLines)) });
  }
  return graded;
}

async function gradeOwnYaml() {
  const graded = [];
  for (const [must, documents] of [
    ["refuse", refusedYaml],
    ["accept", acceptedYaml],
  ])
    for (const [file, document] of documents)
      graded.push({ kind: "yaml", ...verdictOf({ file, must }, await gradeYaml(document)) });
  return graded;
}

async function gradeOwnArrays() {
  const vectors = join(root, "packages/replay/vectors/npz/hostile");
  const graded = [];
  for (const sample of JSON.parse(readFileSync(join(vectors, "index.json"), "utf8")))
    graded.push({
      kind: "npy, npz",
      ...verdictOf(sample, await gradeArrays(join(vectors, sample.file))),
    });
  return graded;
}

/** Import each hostile bundle into a store that is not there; a few through the program itself. */
async function gradeImport() {
  const { importBundle, openBundleFolder, openBundleZip } = await built("bundle");
  const { withFirstStore } = await built("connect");
  const top = mkdtempSync(join(tmpdir(), "reseal-hostile-"));
  const graded = [];
  try {
    const bundle = exportOne(top);
    const bundles = [...hostileBundles(bundle)];
    const chosen = bundles.filter((_, index) => !flags.quick || index % 5 === 0);
    for (const { kind, name, must, make } of chosen) {
      const given = join(top, "given");
      const place = join(top, "place");
      for (const path of [given, place]) mkdirSync(path);
      const path = make(given);
      const isZip = path.endsWith(".zip");
      const take = async () => {
        await using reader = isZip
          ? await openBundleZip(path)
          : await disposable(openBundleFolder(path));
        await withFirstStore(join(place, ".reseal"), {}, (stores) => importBundle(stores, reader));
      };
      let refused;
      let status;
      let why;
      try {
        // Some through the program: what it says and how it ends.
        if (graded.length % 12 === 0) [status, refused] = runImport(path, place);
        else await take();
      } catch (error) {
        refused = `${error.code} ${error.details?.reason ?? ""}`.trim();
        why = error.message.replace(path, "…");
        status = error.exitCode;
      }
      const left = refused === undefined ? [] : readdirSync(place);
      const verdict = verdictOf({ file: name, must }, { refused });
      const isOdd = refused !== undefined && ![3, 4, 5].includes(status);
      graded.push({
        kind: `import, ${isZip ? "ZIP" : "folder"}, ${kind}`,
        ...verdict,
        attack: why,
        isWrong: verdict.isWrong || isOdd || left.length > 0,
        left: left.join(),
      });
      for (const used of [given, place]) rmSync(used, { recursive: true });
    }
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
  return graded;
}

async function disposable(opened) {
  return { ...(await opened), async [Symbol.asyncDispose]() {} };
}

/** Record a run with some files, and export it. */
function exportOne(top) {
  const work = join(top, "work");
  mkdirSync(work);
  for (const name of ["a.py", "b.py"]) writeFileSync(join(work, name), `# ${name}\n`);
  const script =
    "echo 1 > one.csv; mkdir d; echo 2 > d/two.csv; head -c 100000 /dev/zero > zeros.bin";
  const bundle = join(top, "bundle");
  for (const args of [
    ["init"],
    ["run", "--", "sh", "-c", script],
    ["export", "@last", "-o", bundle],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: work,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`reseal ${args[0]} ended with ${status}: ${stderr}`);
  }
  return bundle;
}

function runImport(path, place) {
  const args = [main, "import", path, "--store", join(place, ".reseal"), "--json"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: place, encoding: "utf8" });
  const { ok, error } = JSON.parse(stdout.trim().split("\n").at(-1));
  return [status, ok ? undefined : error.code];
}

function table(graded) {
  const kinds = [...new Set(graded.map(({ kind }) => kind))];
  const lines = kinds.map((kind) => {
    const own = graded.filter((row) => row.kind === kind);
    const refused = own.filter((row) => row.refused !== undefined).length;
    const bad = own.filter(({ isWrong }) => isWrong).length;
    return [kind, own.length, refused, own.length - refused, bad].map(String);
  });
  const head = ["input", "samples", "refused", "taken", "wrong"];
  const widths = head.map((title, index) =>
    Math.max(title.length, ...lines.map((line) => line[index].length)),
  );
  const format = (line) =>
    `| ${line.map((cell, index) => cell.padEnd(widths[index])).join(" | ")} |`;
  return [head, widths.map((width) => "-".repeat(width)), ...lines].map(format).join("\n");
}
