// A new package that passes every check: `npm run new:package -- NAME [--layer LAYER]`.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError, say } from "./report.mjs";

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
  if (existsSync(join(root, folder)))
    throw usage(`${folder} exists.`, "Nothing was changed.");
  const changed = [];
  const write = (path, text) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    changed.push(path);
  };
  for (const [path, text] of Object.entries(filesOf(name))) write(join(folder, path), text);
  // A package that is drawn already keeps what it may import.
  const drawn = layers.packages[name];
  if (drawn === undefined)
    write(
      "layers.json",
      insertBefore(
        readFileSync(join(root, "layers.json"), "utf8"),
        /^ {4}"cli": \{$/m,
        `    ${JSON.stringify(name)}: { "layer": "${layer}", "imports": ["errors"] },\n`,
      ),
    );
  write(
    "tsconfig.json",
    insertBefore(
      readFileSync(join(root, "tsconfig.json"), "utf8"),
      /^ {4}\{\n {6}"path": "apps\/cli"/m,
      `    {\n      "path": "packages/${name}"\n    },\n`,
    ),
  );
  write("test/pack-smokes.ts", withSmoke(root, name));
  return changed;
}

function filesOf(name) {
  const words = name.split("-");
  const camel = words[0] + words.slice(1).map(capital).join("");
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

function withSmoke(root, name) {
  const pascal = name.split("-").map(capital).join("");
  const text = readFileSync(join(root, "test", "pack-smokes.ts"), "utf8");
  const key = name.includes("-") ? JSON.stringify(name) : name;
  return insertBefore(
    text,
    /^ {2}cli: \{$|^\};$/m,
    `  ${key}: {
    script: \`import { parse${pascal} } from "@reseal/${name}";
      console.log(parse${pascal}("  a line  "));\`,
    prints: /^a line$/,
  },
`,
  );
}

function insertBefore(text, pattern, addition) {
  const at = text.search(pattern);
  if (at < 0) throw new SetupError(`${pattern} is nowhere to be found: add it by hand.`);
  return text.slice(0, at) + addition + text.slice(at);
}

function layersFor({ layers }) {
  return layers.filter((layer) => !["base", "apps"].includes(layer)).join(", ");
}

function capital(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function usage(message, hint) {
  return new SetupError(message, { hint, exitCode: 2 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, flag, layer] = process.argv.slice(2);
  if (name === undefined || (flag !== undefined && (flag !== "--layer" || layer === undefined))) {
    say("usage: npm run new:package -- NAME [--layer LAYER]");
    process.exitCode = 2;
  } else {
    try {
      const root = dirname(dirname(fileURLToPath(import.meta.url)));
      for (const path of newPackage(root, name, { layer }))
        process.stdout.write(`wrote ${path}\n`);
      process.stdout.write(
        "next  npm run do -- exec pnpm install --no-frozen-lockfile\n" +
          "      npm run build && node tools/api-report.mjs && npm run check\n",
      );
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(error.message);
      if (error.hint !== "") say(error.hint);
      process.exitCode = error.exitCode;
    }
  }
}
