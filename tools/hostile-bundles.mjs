// A bundle of ours made hostile in one way after the other, for `import`: as a folder, as a ZIP file,
// and with each hostile entry of an archive among its own.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cases } from "../packages/bundle/test/hostile-archives.ts";
import { buildZip } from "../packages/bundle/test/zip-builder.ts";

/**
 * @typedef {object} HostileBundle
 * @property {string} kind of archive, of manifest, of files
 * @property {string} name what is wrong
 * @property {"accept" | "refuse"} must
 * @property {(folder: string) => string} make puts it into an empty folder; its path
 */

/** All of them. @param bundle a bundle that `export` wrote, a folder */
export function* hostileBundles(bundle) {
  yield {
    kind: "files",
    name: "as it was exported",
    must: "accept",
    make: copied(() => undefined),
  };
  yield {
    kind: "archive",
    name: "as it was exported",
    must: "accept",
    make: zipped(() => undefined),
  };
  const own = entriesOf(bundle);
  for (const [name, expected, entries, parts] of cases) {
    // What is allowed alone is a file that no manifest lists, but for what adds no file.
    const isHarmless = expected === undefined && entries.every(({ name: entry }) => entry === "a/");
    yield {
      kind: "archive",
      name,
      must: isHarmless ? "accept" : "refuse",
      make: (folder) => written(join(folder, "x.zip"), buildZip([...own, ...entries], parts)),
    };
  }
  for (const [name, change, must = "refuse"] of [...manifestChanges(bundle), ...fileChanges])
    for (const make of [copied(change), zipped(change)])
      yield { kind: change.length > 1 ? "manifest" : "files", name, must, make };
  for (const [name, change] of linkChanges)
    yield { kind: "files", name, must: "refuse", make: copied(change) };

  function copied(change) {
    return (folder) => {
      const path = join(folder, "bundle");
      cpSync(bundle, path, { recursive: true });
      change(path, folder);
      return path;
    };
  }

  function zipped(change) {
    return (folder) => {
      const path = copied(change)(folder);
      const archive = written(join(folder, "x.zip"), buildZip(entriesOf(path)));
      rmSync(path, { recursive: true });
      return archive;
    };
  }
}

function written(path, bytes) {
  writeFileSync(path, bytes);
  return path;
}

function entriesOf(bundle) {
  const files = readdirSync(bundle, { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ name: path.slice(bundle.length + 1), data: readFileSync(path) }));
}

/** Another manifest, and nothing beside it that would say so. */
function manifestChanges(bundle) {
  const original = readFileSync(join(bundle, "manifest.json"), "utf8");
  const textChange = (change) => (path, _folder) => {
    const bytes = change(original);
    writeFileSync(join(path, "manifest.json"), bytes);
    const [before, after] = [sha256(original), sha256(bytes)];
    for (const name of ["CITATION.bib", "citation.json", "citation.md"]) {
      const text = readFileSync(join(path, name), "utf8");
      writeFileSync(join(path, name), text.replaceAll(before, after));
    }
    const lines = entriesOf(path)
      .filter(({ name }) => name !== "checksums.sha256")
      .map(({ name, data }) => `${sha256(data)}  ${name}\n`);
    writeFileSync(join(path, "checksums.sha256"), lines.join(""));
  };
  const change = (edit) =>
    textChange((text) => {
      const manifest = JSON.parse(text);
      edit(manifest);
      return canonical(manifest);
    });
  const firstOutput = (manifest) =>
    manifest.context.files.find(({ path }) => path === "outputs/one.csv");
  const named = (path) => change((manifest) => Object.assign(firstOutput(manifest), { path }));
  const sized = (size) => change((manifest) => Object.assign(firstOutput(manifest), { size }));
  const repeated = (count) => "[".repeat(count) + "]".repeat(count);
  return [
    ["nothing at all", textChange((text) => text), "accept"],
    ["a byte order mark", textChange((text) => `\ufeff${text}`)],
    [
      "bytes that are no UTF-8",
      textChange((text) => Buffer.from(text.replace("run", "\xff"), "latin1")),
    ],
    ["text behind the manifest", textChange((text) => `${text}{}`)],
    ["half a manifest", textChange((text) => text.slice(0, text.length / 2))],
    ["no manifest", textChange(() => "")],
    ["a comment", textChange((text) => text.replace("{", "{/* */"))],
    ["a key twice", textChange((text) => text.replace('"content":', '"content":{},"content":'))],
    [
      "a key twice, once escaped",
      textChange((text) => text.replace('"content":', '"\\u0063ontent":{},"content":')),
    ],
    ["a key __proto__", textChange((text) => text.replace("{", '{"__proto__":{"polluted":true},'))],
    ["20,000 levels", textChange((text) => text.replace("{", `{"x":${repeated(20_000)},`))],
    ["half a character", textChange((text) => text.replace("{", '{"x":"\\ud800",'))],
    [
      "a number beyond all doubles",
      textChange((text) => text.replace(/"size":\d+/, '"size":1e400')),
    ],
    [
      "an integer that a double rounds",
      textChange((text) => text.replace(/"size":\d+/, '"size":9007199254740993')),
    ],
    ["not a number", textChange((text) => text.replace(/"size":\d+/, '"size":NaN'))],
    ["blanks, which change the seal alone", textChange((text) => text.replace("{", "{ "))],
    ["a property that nobody knows", change((manifest) => Object.assign(manifest, { more: 1 }))],
    [
      "a version that nobody knows",
      change(({ context }) => Object.assign(context, { schema_version: "reseal.manifest/v9" })),
    ],
    [
      "another artifact id",
      change(({ context }) => Object.assign(context, { artifact_id: context.input_key })),
    ],
    [
      "another input key",
      change(({ context }) => Object.assign(context, { input_key: context.artifact_id })),
    ],
    [
      "another result",
      change(({ content }) => Object.assign(content.results, { exit: { code: 7 } })),
    ],
    [
      "another tree",
      change(({ content }) =>
        Object.assign(content.results.outputs, { tree: `sha256:${"0".repeat(64)}` }),
      ),
    ],
    [
      "fewer files in a tree",
      change(({ content }) => Object.assign(content.results.outputs, { files: 0 })),
    ],
    [
      "a digest that is none",
      change((manifest) => Object.assign(firstOutput(manifest), { digest: "sha256:../x" })),
    ],
    [
      "another digest",
      change((manifest) =>
        Object.assign(firstOutput(manifest), { digest: `sha256:${"0".repeat(64)}` }),
      ),
    ],
    ["a file twice", change(({ context }) => context.files.push(context.files[0]))],
    [
      "a file that is not there",
      change(({ context }) => context.files.push({ ...context.files[0], path: "outputs/zzz" })),
    ],
    ["a file that is not listed", change(({ context }) => context.files.pop())],
    ["no files", change((manifest) => Object.assign(manifest.context, { files: [] }))],
    ["another order of the files", change(({ context }) => context.files.reverse())],
    ...[
      "",
      ".",
      "..",
      "../evil",
      "outputs/../../evil",
      "/tmp/evil",
      "//evil",
      "C:/evil",
      "C:evil",
    ].map((path) => [`the path ${JSON.stringify(path)}`, named(path)]),
    ...["outputs\\evil", "..\\evil", "outputs//a", "outputs/", "outputs/a\0b", "outputs/a\nb"].map(
      (path) => [`the path ${JSON.stringify(path)}`, named(path)],
    ),
    ...[
      "outputs/e\u0301",
      "outputs/\u202ea",
      "outputs/aux.txt",
      "outputs/a:b",
      "outputs/a.",
      "outputs/a ",
    ].map((path) => [`the path ${JSON.stringify(path)}`, named(path)]),
    ["a path of 300 bytes a segment", named(`outputs/${"x".repeat(300)}`)],
    ["a path of 200 folders", named(`outputs/${"d/".repeat(200)}x`)],
    ["a path of 5,000 bytes", named(`outputs/${"long/".repeat(1000)}x`)],
    [
      "a path that differs by case",
      change(({ context }) =>
        context.files.push({ ...context.files[0], path: context.files[0].path.toUpperCase() }),
      ),
    ],
    [
      "a file where a folder is",
      change(({ context }) => context.files.push({ ...context.files[0], path: "outputs" })),
    ],
    ["a size below zero", sized(-1)],
    ["a size that is text", sized("1")],
    ["half a byte", sized(0.5)],
    ["a byte less", change((manifest) => Object.assign(firstOutput(manifest), { size: 1 }))],
    ["a petabyte", sized(2 ** 50)],
  ];
}

const output = (path) => join(path, "outputs", "one.csv");

const fileChanges = [
  ["a byte more", (path) => appendFileSync(output(path), "x")],
  ["a byte less", (path) => truncateSync(output(path), readFileSync(output(path)).length - 1)],
  ["another byte", (path) => writeFileSync(output(path), flipped(readFileSync(output(path))))],
  ["a file less", (path) => rmSync(output(path))],
  ["a file more", (path) => writeFileSync(join(path, "outputs/more"), "")],
  ["a hidden file more", (path) => writeFileSync(join(path, ".more"), "")],
  ["a file by another name", (path) => renameSync(output(path), join(path, "outputs/renamed"))],
  ["two files swapped", (path) => swap(join(path, "run.json"), join(path, "environment.json"))],
  [
    "another byte in a tree",
    (path) =>
      writeFileSync(
        join(path, "trees/outputs.sha256"),
        flipped(readFileSync(join(path, "trees/outputs.sha256"))),
      ),
  ],
  [
    "wrong checksums",
    (path) => appendFileSync(join(path, "checksums.sha256"), `${"0".repeat(64)}  more\n`),
  ],
  [
    "a checksum of a path outside",
    (path) => appendFileSync(join(path, "checksums.sha256"), `${"0".repeat(64)}  ../evil\n`),
  ],
  [
    "another seal in the citation",
    (path) =>
      writeFileSync(
        join(path, "citation.json"),
        readFileSync(join(path, "citation.json"), "utf8").replace(
          /"sha256:[0-9a-f]{4}/,
          '"sha256:0000',
        ),
      ),
  ],
  ["no manifest", (path) => rmSync(join(path, "manifest.json"))],
];

const linkChanges = [
  [
    "a link in the place of a file",
    (path, folder) => linkInstead(output(path), join(folder, "elsewhere")),
  ],
  [
    "a link in the place of a folder",
    (path, folder) => linkInstead(join(path, "outputs"), join(folder, "elsewhere")),
  ],
  [
    "a link in the place of the manifest",
    (path, folder) => linkInstead(join(path, "manifest.json"), join(folder, "elsewhere")),
  ],
  ["a link more", (path) => symlinkSync("/etc/passwd", join(path, "outputs/link"))],
  ["a link to a folder more", (path) => symlinkSync("/", join(path, "outputs/link"))],
  [
    "a folder in the place of a file",
    (path) => {
      const file = output(path);
      rmSync(file);
      mkdirSync(file);
    },
  ],
  [
    "a pipe in the place of a file",
    (path) => {
      const file = output(path);
      rmSync(file);
      execFileSync("mkfifo", [file]);
    },
  ],
  ["a pipe more", (path) => execFileSync("mkfifo", [join(path, "outputs/pipe")])],
];

function linkInstead(path, elsewhere) {
  renameSync(path, elsewhere);
  symlinkSync(elsewhere, path);
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function swap(a, b) {
  const bytes = readFileSync(a);
  cpSync(b, a);
  writeFileSync(b, bytes);
}

function flipped(bytes) {
  const copy = Buffer.from(bytes);
  copy[0] ^= 1;
  return copy;
}

/** Canonical enough for what these manifests hold: keys sorted, no blanks. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}
