// A new package that passes every check: `npm run new:package -- NAME [--layer LAYER]`.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { camelCase, capital, usage, writer } from "./skeleton.mjs";

/**
 * Write the skeleton of a package into a repository: folder, layer, reference, smoke test.
 *
 * @returns {string[]} the files that were written or changed, relative to `root`
 */
export function newPackage(root, name, { layer = "pure" } = {}) {
  const layers = JSON.parse(readFileSync(join(root, "layers.json"), "utf8"));
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw usage(`"${name}" is no name for a package.`, "Lower-case words with dashes: store-gcs.");
  if (!layers.layers.includes(layer) || ["base", "apps"].includes(layer))
    throw usage(`There is no layer "${layer}" for packages.`, `Layers: ${layersFor(layers)}.`);
  const folder = join("packages", name);
  if (existsSync(join(root, folder))) throw usage(`${folder} exists.`, "Nothing was changed.");
  const { write, insert, changed } = writer(root);
  for (const [path, text] of Object.entries(filesOf(name))) write(join(folder, path), text);
  // A package that is drawn already keeps what it may import.
  const drawn = layers.packages[name];
  if (drawn === undefined)
    insert(
      "layers.json",
      /^ {4}"cli": \{$/m,
      `    ${JSON.stringify(name)}: { "layer": "${layer}", "imports": ["errors"] },\n`,
    );
  insert(
    "tsconfig.json",
    /^ {4}\{\n {6}"path": "apps\/cli"/m,
    `    {\n      "path": "packages/${name}"\n    },\n`,
  );
  insert("test/pack-smokes.ts", /^ {2}cli: \{$/m, smokeOf(name));
  return changed;
}

function filesOf(name) {
  const camel = camelCase(name);
  const pascal = capital(camel);
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return {
    "package.json": `${JSON.stringify(manifestOf(name), null, 2)}\n`,
    "tsconfig.json": tsconfig,
    "README.md": `# @reseal/${name}

Says in one sentence what the package is for.

\`\`\`sh
npm install @reseal/${name}
\`\`\`

\`\`\`ts
import { parse${pascal} } from "@reseal/${name}";

console.log(parse${pascal}("  a line  "));
\`\`\`

Where it stands among the packages: [ARCHITECTURE.md](../../ARCHITECTURE.md).
`,
    "src/index.ts": `export { ${camel}Errors } from "./errors.ts";
export { parse${pascal} } from "./${name}.ts";
`,
    "src/errors.ts": `import { defineErrors, type ErrorsOf } from "@reseal/errors";

const table = {
  EMPTY: {
    exitCode: 2,
    httpStatus: 400,
    hint: "Give at least one character that is not white space.",
  },
};

/** What can go wrong in \`@reseal/${name}\`. */
export const ${camel}Errors: ErrorsOf<typeof table> = defineErrors("${prefix}", table);
`,
    [`src/${name}.ts`]: `import { ${camel}Errors } from "./errors.ts";

/**
 * Take the white space from both ends of a line.
 *
 * @throws \`${prefix}_EMPTY\` when nothing is left.
 * @example
 * parse${pascal}("  a line  "); // "a line"
 */
export function parse${pascal}(text: string): string {
  const line = text.trim();
  if (line === "") throw ${camel}Errors.EMPTY("The line is empty.");
  return line;
}
`,
    [`src/${name}.test.ts`]: `import { expect, test } from "vitest";
import { parse${pascal} } from "./${name}.ts";

test("a line loses the white space around it", () => {
  expect(parse${pascal}("  a line ")).toBe("a line");
});

test("a line of white space is refused", () => {
  expect(() => parse${pascal}(" \\t")).toThrow(
    expect.objectContaining({ code: "${prefix}_EMPTY", exitCode: 2 }),
  );
});
`,
  };
}

function manifestOf(name) {
  return {
    name: `@reseal/${name}`,
    version: "0.0.0",
    description: "Says in one line what the package is for",
    type: "module",
    license: "Apache-2.0",
    repository: {
      type: "git",
      url: "git+https://github.com/reseal/reseal.git",
      directory: `packages/${name}`,
    },
    engines: { node: ">=22.15" },
    exports: {
      ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
      "./package.json": "./package.json",
    },
    types: "./dist/index.d.ts",
    files: ["dist", "!dist/**/*.tsbuildinfo"],
    sideEffects: false,
    scripts: {
      build: "tsc -b",
      test: `vitest run --project @reseal/${name} --root ../..`,
      publint: "publint --strict",
      attw: "attw --pack . --profile esm-only",
    },
    dependencies: { "@reseal/errors": "workspace:^" },
  };
}

const tsconfig = `{
  "extends": "../../tsconfig.base.json",
  "compilerOptions": {
    "rootDir": "src",
    "outDir": "dist",
    "tsBuildInfoFile": "dist/.tsbuildinfo"
  },
  "include": ["src"],
  "exclude": ["src/**/*.test.ts"],
  "references": [
    {
      "path": "../../packages/errors"
    }
  ]
}
`;

function smokeOf(name) {
  const parse = `parse${capital(camelCase(name))}`;
  const key = name.includes("-") ? JSON.stringify(name) : name;
  return `  ${key}: {
    script: \`import { ${parse} } from "@reseal/${name}";
      console.log(${parse}("  a line  "));\`,
    prints: /^a line$/,
  },
`;
}

function layersFor({ layers }) {
  return layers.filter((layer) => !["base", "apps"].includes(layer)).join(", ");
}
