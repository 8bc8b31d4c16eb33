import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLayers } from "../tools/check-layers.mjs";

const layers = {
  layers: ["base", "contract", "backends", "writing", "apps"],
  linesMax: 400,
  testLinesMax: 600,
  processAllowed: ["pid"],
  packages: {
    errors: { layer: "base", imports: [] },
    store: { layer: "contract", imports: ["errors"] },
    "store-fs": { layer: "backends", imports: ["errors", "store"] },
    record: { layer: "writing", imports: ["errors", "store"], testImports: ["store-fs"] },
    cli: { layer: "apps", imports: ["errors", "record", "store"] },
  },
};

const clean: Record<string, string> = {
  "package.json": json({ devDependencies: { vitest: "1.0.0" } }),
  "layers.json": json(layers),
  "packages/errors/package.json": json({ exports: { ".": "./dist/index.js" } }),
  "packages/errors/src/index.ts": "export const one = 1;\n",
  "packages/store/package.json": json({
    exports: { ".": "./dist/index.js", "./conformance": "./dist/conformance.js" },
    dependencies: { "@reseal/errors": "workspace:^" },
  }),
  "packages/store-fs/package.json": json({
    exports: { ".": "./dist/index.js" },
    dependencies: { "@reseal/store": "workspace:^" },
  }),
  "packages/record/package.json": json({
    exports: { ".": "./dist/index.js" },
    dependencies: { "@reseal/errors": "workspace:^", "@reseal/store": "workspace:^", yaml: "1" },
    devDependencies: { "@reseal/store-fs": "workspace:^" },
  }),
  "packages/record/src/index.ts": [
    'import { parse } from "yaml";',
    'import { one } from "@reseal/errors";',
    'import type { Store } from "@reseal/store";',
    'import { cases } from "@reseal/store/conformance";',
    'export { local } from "./local.ts";',
    "// process.env and `export default` in a comment are words.",
    'export const text = "process.env.HOME, export * from, import \\"left-pad\\"";',
    `export const nested = \`\${one} process.exit(\`;`,
    "export const pattern = /['\"`]process.cwd()/;",
    "export const owner = process.pid;",
    "export const shape = { process: 1 };",
  ].join("\n"),
  "packages/record/src/local.ts": "export const local = 1;\n",
  "packages/record/src/local.test.ts": [
    'import { test } from "vitest";',
    'import { openFsBlobStore } from "@reseal/store-fs";',
    "export const home = process.env.HOME;",
  ].join("\n"),
  "apps/cli/package.json": json({ dependencies: { "@reseal/record": "workspace:^" } }),
  "apps/cli/src/main.ts": 'import "@reseal/record";\nprocess.exit(process.argv.length);\n',
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layers-"));
  plant(clean);
});
afterEach(() => rmSync(root, { recursive: true }));

test("a clean tree has no findings, whatever its strings and comments say", () => {
  expect(checkLayers(root)).toEqual([]);
});

const file = "packages/record/src/planted.ts";
const breaches: [name: string, rule: string, planted: Record<string, string>][] = [
  [
    "an import of a higher layer",
    "arrow",
    { "packages/store/src/a.ts": 'import "@reseal/record";' },
  ],
  ["an import of a backend", "arrow", { [file]: 'import "@reseal/store-fs";' }],
  ["a dynamic import of a backend", "arrow", { [file]: 'await import("@reseal/store-fs");' }],
  ["a type import of a backend", "arrow", { [file]: 'import type { A } from "@reseal/store-fs";' }],
  [
    "an import of a backend that tests may not use",
    "arrow",
    { "packages/store/src/a.test.ts": 'import "@reseal/store-fs";' },
  ],
  [
    "a declared dependency that is not drawn",
    "arrow",
    { "packages/errors/package.json": json({ dependencies: { "@reseal/store": "workspace:^" } }) },
  ],
  [
    "a sideways arrow in the drawing",
    "arrow",
    {
      "layers.json": json({
        ...layers,
        packages: { ...layers.packages, record: { layer: "writing", imports: ["record"] } },
      }),
    },
  ],
  ["an undeclared dependency", "undeclared", { [file]: 'export { x } from "left-pad";' }],
  ["a development dependency at run time", "undeclared", { [file]: 'import "vitest";' }],
  ["a deep import", "deep-import", { [file]: 'import "@reseal/store/dist/blob.js";' }],
  [
    "a relative import out of the package",
    "deep-import",
    { [file]: 'import "../../store/src/a.ts";' },
  ],
  ["process.env", "process", { [file]: 'export const a = process.env["HOME"];' }],
  ["process.cwd()", "process", { [file]: `export const a = \`\${process.cwd()}\`;` }],
  ["process.exit()", "process", { [file]: "process.exit(1);" }],
  ["process as a value", "process", { [file]: "export const { env } = process;" }],
  ["node:process", "process", { [file]: 'import { env } from "node:process";' }],
  ["a default export", "default-export", { [file]: "export default 1;" }],
  ["export *", "export-star", { [file]: 'export * from "./local.ts";' }],
  ["export type *", "export-star", { [file]: 'export type * from "./local.ts";' }],
  ["more than 400 lines", "too-long", { [file]: "\n".repeat(401) }],
  [
    "a test of more than 600 lines",
    "too-long",
    { "packages/store/src/a.test.ts": "\n".repeat(601) },
  ],
  ["a package nobody drew", "unknown-package", { "packages/utils/package.json": "{}" }],
];

test.for(breaches)("%s is found", ([, rule, planted]) => {
  plant(planted);

  expect(checkLayers(root).map((finding) => finding.rule)).toContain(rule);
});

test("a finding names file and line", () => {
  plant({ [file]: "/* a\n   b */\nprocess.exit(1);\n" });

  expect(checkLayers(root)).toMatchObject([{ file, line: 3, rule: "process" }]);
});

function plant(files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
