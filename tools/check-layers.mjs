// The architecture as a check: who may import whom (layers.json), and what only apps may touch.
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { lineAt, scanSource } from "./scan-source.mjs";

const SCOPE = "@reseal/";

/**
 * Check every package and app below `root` against its `layers.json`.
 *
 * @returns {{ file: string, line: number, rule: string, message: string }[]} findings, empty when all is well
 */
export function checkLayers(root) {
  const layers = JSON.parse(readFileSync(join(root, "layers.json"), "utf8"));
  const shared = readJson(join(root, "package.json"));
  const findings = checkDrawing(layers);
  for (const folder of globSync("{packages,apps}/*", { cwd: root }).sort()) {
    if (!existsSync(join(root, folder, "package.json"))) continue;
    const name = basename(folder);
    const rules = layers.packages[name];
    if (rules === undefined) {
      findings.push(
        finding("layers.json", 1, "unknown-package", `${folder} is not in layers.json`),
      );
      continue;
    }
    findings.push(...checkPackage({ root, folder, name, rules, layers, shared }));
  }
  return findings;
}

/** An arrow must point to a lower layer: sideways and upward ones cannot even be drawn. */
function checkDrawing({ layers, packages }) {
  const findings = [];
  for (const [name, { layer, imports }] of Object.entries(packages))
    for (const target of imports)
      if (!(layers.indexOf(packages[target]?.layer) < layers.indexOf(layer)))
        findings.push(
          finding(
            "layers.json",
            1,
            "arrow",
            `${name} -> ${target} does not point to a lower layer`,
          ),
        );
  return findings;
}

function checkPackage({ root, folder, name, rules, layers, shared }) {
  const manifest = readJson(join(root, folder, "package.json"));
  const runtime = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const development = [
    ...runtime,
    ...Object.keys({ ...manifest.devDependencies, ...shared.devDependencies }),
  ];
  const findings = checkDeclared({ folder, name, rules, manifest });
  for (const path of globSync("{src,test,scripts}/**/*.{ts,mts,mjs,js}", {
    cwd: join(root, folder),
  })) {
    const file = `${folder}/${path}`;
    const text = readFileSync(join(root, file), "utf8");
    const isTest = !path.startsWith("src/") || /\.test\.ts$/.test(path);
    const context = { root, folder, name, rules, file, text, isTest, layers };
    const declared = isTest ? development : runtime;
    const source = scanSource(text);
    findings.push(...checkImports({ ...context, source, declared }));
    findings.push(...checkStyle({ ...context, source }));
    if (!isTest && rules.layer !== "apps") findings.push(...checkProcess({ ...context, source }));
  }
  return findings;
}

function checkDeclared({ folder, name, rules, manifest }) {
  const findings = [];
  const check = (section, allowed) => {
    for (const dependency of Object.keys(manifest[section] ?? {}).filter(isOurs))
      if (!allowed.includes(dependency.slice(SCOPE.length)))
        findings.push(
          finding(`${folder}/package.json`, 1, "arrow", `${name} may not depend on ${dependency}`),
        );
  };
  check("dependencies", rules.imports);
  check("devDependencies", [...rules.imports, ...(rules.testImports ?? [])]);
  return findings;
}

function checkImports({ root, folder, name, rules, file, text, isTest, source, declared }) {
  const allowed = isTest ? [...rules.imports, ...(rules.testImports ?? [])] : rules.imports;
  const findings = [];
  const report = (at, rule, message) =>
    findings.push(finding(file, lineAt(text, at), rule, message));
  for (const { specifier, at } of importsOf(source)) {
    if (specifier.startsWith(".")) {
      const inside = !relative(
        join(root, folder),
        resolve(dirname(join(root, file)), specifier),
      ).startsWith("..");
      if (!inside) report(at, "deep-import", `${specifier} leaves the package`);
      continue;
    }
    if (specifier.startsWith("node:")) continue;
    const packageName = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    const isSelf = packageName === `${SCOPE}${name}`;
    if (!isSelf && !declared.includes(packageName))
      report(at, "undeclared", `${packageName} is not declared in package.json`);
    if (!isOurs(packageName)) continue;
    const target = packageName.slice(SCOPE.length);
    if (!isSelf && !allowed.includes(target))
      report(at, "arrow", `${name} may not import ${packageName} (layers.json)`);
    if (!isExported(root, target, `.${specifier.slice(packageName.length)}`))
      report(at, "deep-import", `${specifier} is not a public subpath of ${packageName}`);
  }
  return findings;
}

function importsOf({ code, strings }) {
  const pattern = /(?<![\w$.])(?:from|import|require)\s*\(?\s*(?=["'])/g;
  return [...code.matchAll(pattern)].map((match) => {
    const at = match.index + match[0].length;
    return { at, specifier: strings.get(at) ?? "" };
  });
}

function isExported(root, target, subpath) {
  const path = ["packages", "apps"]
    .map((parent) => join(root, parent, target, "package.json"))
    .find(existsSync);
  if (path === undefined) return false;
  const subpaths = Object.keys(readJson(path).exports ?? {});
  return subpaths.some((key) => {
    const [start, end] = key.split("*");
    return end === undefined ? key === subpath : subpath.startsWith(start) && subpath.endsWith(end);
  });
}

function checkStyle({ file, text, isTest, source, layers }) {
  const findings = [];
  const report = (at, rule, message) =>
    findings.push(finding(file, lineAt(text, at), rule, message));
  const max = isTest ? layers.testLinesMax : layers.linesMax;
  const count = text.split("\n").length - 1;
  if (count > max && !file.includes(".generated."))
    report(0, "too-long", `${count} lines; the limit is ${max}`);
  for (const match of source.code.matchAll(/(?<![\w$.])export\s+default\b/g))
    if (!/\.config\.ts$/.test(file)) report(match.index, "default-export", "use a named export");
  for (const match of source.code.matchAll(/(?<![\w$.])export\s*(?:type\s*)?\*/g))
    report(match.index, "export-star", "name what is exported");
  return findings;
}

function checkProcess({ file, text, source, layers }) {
  const findings = [];
  const report = (at, message) =>
    findings.push(finding(file, lineAt(text, at), "process", message));
  for (const match of source.code.matchAll(
    /(?<![\w$.#])process\b(?!\s*[:?(]|\s*=[^=])(?:\s*\??\.\s*(\w+))?/g,
  ))
    if (!layers.processAllowed.includes(match[1]))
      report(
        match.index,
        `only apps may use ${match[0].replaceAll(/\s/g, "")}; take it as an argument`,
      );
  for (const { specifier, at } of importsOf(source))
    if (specifier === "node:process" || specifier === "process")
      report(at, "only apps may import node:process; take what you need as an argument");
  return findings;
}

function isOurs(packageName) {
  return packageName.startsWith(SCOPE);
}

function finding(file, line, rule, message) {
  return { file, line, rule, message };
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const findings = checkLayers(root);
  for (const { file, line, rule, message } of findings)
    process.stdout.write(`${file}:${line} [${rule}] ${message}\n`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
