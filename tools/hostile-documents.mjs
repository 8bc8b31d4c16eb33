// Grades documents on our readers: archives, JSON, YAML, arrays. Each answers with the reason of its
// refusal; nothing means that it took the document.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const built = (name) => import(new URL(`../packages/${name}/dist/index.js`, import.meta.url).href);
const { checkZip, collect, openZip } = await built("bundle");
const { parseStrictJson, parseStrictYaml } = await built("hash");
const { readNpy } = await built("replay");
const { schemaNames, validate } = await built("schema");

const digest = `sha256:${"0".repeat(64)}`;
/** A manifest that is valid: what is foreign is put into it. */
const manifest = JSON.parse(
  readFileSync(new URL("../schemas/examples/manifest/run.json", import.meta.url), "utf8"),
);

/** Code and reason of a refusal. Any other error is a defect, and thrown. */
async function refusal(work) {
  try {
    return { value: await work() };
  } catch (error) {
    if (typeof error.code !== "string" || ![4, 5].includes(error.exitCode)) throw error;
    return { refused: `${error.code} ${error.details?.reason ?? ""}`.trim() };
  }
}

/** An archive; `files` holds the digest of each file when it was taken. */
export async function gradeZip(source) {
  const { refused, value } = await refusal(() => checkZip(source));
  return {
    refused,
    files: value && Object.fromEntries(value.map(({ path, digest }) => [path, digest.slice(7)])),
  };
}

/** A JSON document, or each line of one; a list of files must be one that a manifest can hold. */
export async function gradeJson(bytes, isLines = false) {
  const documents = isLines ? linesOf(bytes) : [bytes];
  for (const document of documents) {
    const { refused, value } = await refusal(() => parseStrictJson(document));
    if (refused !== undefined) return { refused };
    const finding = Array.isArray(value?.files) ? await fileFinding(value.files) : undefined;
    if (finding !== undefined) return { refused: `SCHEMA_INVALID ${finding}` };
  }
  return {};
}

async function fileFinding(files) {
  const own = { digest, size: 0, media_type: "text/plain", role: "output" };
  const entries = files.map(({ sha256: _, ...file }) => ({ ...own, ...file }));
  const context = { ...manifest.context, files: entries };
  const [finding] = await validate("manifest", { ...manifest, context });
  return finding?.pointer;
}

/** A YAML document; one that says what to retain must be one that the retention takes. */
export async function gradeYaml(bytes) {
  const { refused, value } = await refusal(() => parseStrictYaml(bytes));
  if (refused !== undefined) return { refused };
  if (value?.retention === undefined || !schemaNames.includes("artifacts-config")) return {};
  const [finding] = await validate("artifacts-config", { retention: value.retention });
  return { refused: finding && `SCHEMA_INVALID ${finding.pointer}` };
}

/** An array, or an archive of arrays of which every one must be readable. */
export async function gradeArrays(path) {
  if (!path.endsWith(".npz")) return await refusal(() => readNpy(readFileSync(path)));
  return await refusal(async () => {
    await using archive = await openZip(path);
    for (const entry of archive.entries)
      if (entry.path.endsWith(".npy")) await readNpy(await collect(archive.open(entry)));
  });
}

/** Grade a folder of samples: `zip/index.json` and `docs_index.json` say what must come of each. */
export async function gradeFolder(folder) {
  const rows = [];
  const add = (kind, sample, graded) => rows.push({ kind, ...verdictOf(sample, graded) });
  for (const sample of readIndex(join(folder, "zip", "index.json")))
    add("zip", sample, await gradeZip(join(folder, "zip", sample.file)));
  const documents = readIndex(join(folder, "docs_index.json"));
  for (const sample of documents.json ?? []) {
    const bytes = readFileSync(join(folder, "json", sample.file));
    add("json", sample, await gradeJson(bytes, sample.file.endsWith(".jsonl")));
  }
  for (const sample of documents.yaml ?? [])
    add("yaml", sample, await gradeYaml(readFileSync(join(folder, "yaml", sample.file))));
  for (const sample of documents.npz ?? [])
    add("npz", sample, await gradeArrays(join(folder, "npz", sample.file)));
  return rows;
}

function readIndex(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** What came of a sample beside what must: `accept`, `refuse`, or neither as long as we survive it. */
export function verdictOf({ file, attack, must, expect }, { refused, files }) {
  const isRefused = refused !== undefined;
  const isRight = must === "accept" ? !isRefused : must === "refuse" ? isRefused : true;
  const isSame =
    expect === undefined ||
    files === undefined ||
    JSON.stringify(sorted(files)) === JSON.stringify(sorted(expect));
  return { name: file, attack, must, refused, isWrong: !isRight || !isSame || "polluted" in {} };
}

function sorted(object) {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}

function linesOf(bytes) {
  const lines = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf("\n", start);
    const stop = end === -1 ? bytes.length : end;
    lines.push(bytes.subarray(start, stop));
    start = stop + 1;
  }
  return lines;
}
