// The public API of each package as a committed page, etc/api.md, so that no change goes unnoticed.
// `--check` compares instead of writing. An export without a doc comment fails either way.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { scanSource } from "./scan-source.mjs";

/**
 * Describe the public API of one package from its built types.
 *
 * @returns {{ text: string, undocumented: string[], exportCount: number }}
 */
export function describeApi(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const sections = [];
  const undocumented = [];
  let exportCount = 0;
  for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target?.types !== "string" || target.types.includes("*")) continue;
    const entry = manifest.name + subpath.slice(1);
    const items = exportsOf(join(folder, target.types)).sort((a, b) => (a.name < b.name ? -1 : 1));
    exportCount += items.length;
    for (const item of items)
      if (item.sentence === "") undocumented.push(`${entry}: ${item.name} (${item.file})`);
    sections.push(`## \`${entry}\`\n`, ...items.map(renderItem));
  }
  const banner =
    "Written by `tools/api-report.mjs` from the built types; a change here is a change for users.";
  const text = [`# API of \`${manifest.name}\`\n`, `${banner}\n`, ...sections].join("\n");
  return { text, undocumented, exportCount };
}

function renderItem({ name, sentence, signature }) {
  const code = signature === "" ? "" : `\n\`\`\`ts\n${signature}\n\`\`\`\n`;
  return `### ${name}\n\n${sentence}\n${code}`;
}

/** Every name that a declaration file exports, with its declaration, through re-exports. */
function exportsOf(path, wanted) {
  const text = readFileSync(path, "utf8");
  const source = { path, text, ...scanSource(text) };
  const items = [];
  for (const match of source.code.matchAll(/^export (?:type )?\{([^}]*)\}(?: from (?="))?/gm)) {
    const specifier = source.strings.get(match.index + match[0].length);
    for (const { local, name } of namesIn(match[1])) {
      if (wanted !== undefined && name !== wanted) continue;
      items.push({ ...resolveExport(source, specifier, local), name });
    }
  }
  for (const match of source.code.matchAll(declaration("[\\w$]+", "export (?:declare )?"))) {
    const name = match.groups.name;
    const isOverload = items.some((item) => item.name === name && item.file === path);
    if ((wanted === undefined || name === wanted) && !isOverload)
      items.push({ ...declared(source, name), name });
  }
  return items;
}

function resolveExport(source, specifier, name) {
  if (specifier === undefined) return declared(source, name);
  if (!specifier.startsWith("."))
    return { sentence: `See \`${specifier}\`.`, signature: "", file: source.path };
  const path = join(dirname(source.path), specifier.replace(/\.[jt]s$/, ".d.ts"));
  return exportsOf(path, name)[0] ?? { sentence: "", signature: "", file: path };
}

/** What is declared under a name: all its overloads, the first doc comment, its first sentence. */
function declared({ path, text, code, comments }, name) {
  const escaped = name.replaceAll("$", "\\$");
  const found = [...code.matchAll(declaration(escaped, "(?:export )?(?:declare )?"))];
  const docs = found.map((match) => docBefore(code, comments, match.index));
  const isGenerated = path.includes(".generated.");
  const signature = isGenerated
    ? `${(found[0]?.[0] ?? name).replace(/^export /, "")} // from its JSON Schema`
    : found
        .map((match) => withoutComments(text, comments, match.index, endOf(code, match.index)))
        .join("\n");
  return { sentence: firstSentence(docs.find((doc) => doc !== "") ?? ""), signature, file: path };
}

function declaration(name, prefix) {
  const kinds = "(?:abstract class|class|function|const|let|interface|type|enum|namespace)";
  return new RegExp(`^${prefix}${kinds} (?<name>${name})(?![\\w$])`, "gm");
}

function docBefore(code, comments, start) {
  const before = comments.findLast(({ end }) => end <= start);
  if (before === undefined || !before.text.startsWith("/**")) return "";
  return code.slice(before.end, start).trim() === "" ? before.text : "";
}

function endOf(code, start) {
  let depth = 0;
  const isBlock =
    /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|enum|namespace) /.test(
      code.slice(start),
    );
  for (let at = start; at < code.length; at++) {
    if ("([{".includes(code[at])) depth += 1;
    if (")]}".includes(code[at])) depth -= 1;
    if (depth === 0 && (code[at] === ";" || (isBlock && code[at] === "}"))) return at + 1;
  }
  return code.length;
}

function withoutComments(text, comments, start, end) {
  let result = "";
  let at = start;
  for (const comment of comments.filter((each) => each.start >= start && each.end <= end)) {
    result += text.slice(at, comment.start);
    at = comment.end;
  }
  return (result + text.slice(at, end))
    .replace(/^export /, "")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .join("\n");
}

function firstSentence(doc) {
  const lines = doc
    .slice(3, -2)
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd());
  const prose = lines
    .join("\n")
    .trim()
    .split(/\n\s*\n|^@|\n@/)[0]
    .replaceAll(/\s+/g, " ")
    .trim();
  const plain = prose.replaceAll(/\{@link ([^}]+)\}/g, "`$1`");
  return /^.*?[.!?](?=\s|$)/.exec(plain)?.[0] ?? plain;
}

function namesIn(list) {
  return list
    .split(",")
    .map((entry) => entry.trim().replace(/^type /, ""))
    .filter((entry) => entry !== "")
    .map((entry) => entry.split(" as "))
    .map(([local, name = local]) => ({ local, name }));
}

function main(root, isCheck) {
  let failed = false;
  for (const folder of globSync("{packages,apps}/*/package.json", { cwd: root })
    .map(dirname)
    .sort()) {
    const { text, undocumented, exportCount } = describeApi(join(root, folder));
    const path = join(root, folder, "etc", "api.md");
    for (const item of undocumented)
      process.stdout.write(`no doc comment: ${item.replace(`${root}/`, "")}\n`);
    failed ||= undocumented.length > 0;
    const present = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (exportCount === 0 || present === text) continue;
    if (isCheck) {
      failed = true;
      process.stdout.write(`${folder}/etc/api.md is not the API: run node tools/api-report.mjs\n`);
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  process.exitCode = failed ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  main(dirname(dirname(fileURLToPath(import.meta.url))), process.argv.includes("--check"));
