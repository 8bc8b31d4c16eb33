import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { schemaNames } from "../src/index.ts";
import { packageFolder, readJson } from "./schema-files.ts";

test("the package needs no validator library", () => {
  const { dependencies } = readJson(join(packageFolder, "package.json"));

  expect(dependencies).toEqual({ "@reseal/errors": "workspace:^" });
});

test("importing the package loads no schema and no validator", () => {
  const loaded = [...staticImports(join(packageFolder, "src", "index.ts"))];
  const bytes = loaded.reduce((sum, path) => sum + readFileSync(path).byteLength, 0);

  expect(loaded.filter((path) => /documents|validators/.test(path))).toEqual([]);
  expect(loaded.length).toBeLessThan(12);
  expect(bytes).toBeLessThan(40_000);
});

test("validators need nothing but this package and node", () => {
  const folder = join(packageFolder, "src", "validators");
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), "utf8");
    expect(text, file).not.toMatch(/from "(?!\.\.\/|node:)|\brequire\(|new Function|\beval\(/);
  }
});

test("the tarball holds the schemas, the README and the build, and nothing else", () => {
  const files = packedFiles();

  for (const name of schemaNames) expect(files).toContain(`schemas/${name}.schema.json`);
  expect(files).toEqual(expect.arrayContaining(["package.json", "README.md"]));
  const other = files.filter(
    (path) =>
      !/^(schemas\/[a-z.-]+\.schema\.json|dist\/.+|package\.json|README\.md|LICEN[CS]E)$/.test(
        path,
      ),
  );
  expect(other).toEqual([]);
  expect(files.filter((path) => /[.]test[.]|tsbuildinfo/.test(path))).toEqual([]);
});

/** The files of this package that importing one of them loads at once. */
function staticImports(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const statements = /^(?:import|export) (?!type\b)[^;]*? from "(\.[^"]+)";/gm;
  for (const [, target = ""] of readFileSync(path, "utf8").matchAll(statements)) {
    staticImports(join(dirname(path), target), seen);
  }
  return seen;
}

function packedFiles(): string[] {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--loglevel=error"], {
    cwd: packageFolder,
    encoding: "utf8",
    shell: process.platform === "win32",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ files }] = JSON.parse(output.slice(output.indexOf("["))) as [
    { files: { path: string }[] },
  ];
  return files.map(({ path }) => path);
}
