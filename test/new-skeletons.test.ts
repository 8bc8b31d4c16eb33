// What `npm run new:package` and `npm run new:command` write passes the checks as it is.
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLayers } from "../tools/check-layers.mjs";
import { newCommand } from "../tools/new-command.mjs";
import { newPackage } from "../tools/new-package.mjs";

const run = promisify(execFile);
const root = dirname(import.meta.dirname);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "skeleton-"));
  for (const path of ["layers.json", "package.json", "tsconfig.json", "tsconfig.base.json"])
    cpSync(join(root, path), join(folder, path));
  for (const path of ["biome.json", "test/pack-smokes.ts"])
    cpSync(join(root, path), join(folder, path));
  mkdirSync(join(folder, "packages"));
  for (const name of readdirSync(join(root, "packages")))
    symlinkSync(join(root, "packages", name), join(folder, "packages", name));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a new package passes lint, layers and types, and does what its README says", async () => {
  const changed = newPackage(folder, "store-demo", { layer: "contract" });

  expect(changed).toContain("packages/store-demo/src/store-demo.test.ts");
  await lint(changed);
  expect(layerFindings("packages/store-demo")).toEqual([]);
  expect(readJson("layers.json")).toHaveProperty(["packages", "store-demo", "layer"], "contract");
  const scope = join(folder, "packages/store-demo/node_modules/@reseal");
  mkdirSync(scope, { recursive: true });
  symlinkSync(join(root, "packages/errors"), join(scope, "errors"));
  await compile("packages/store-demo", { outDir: "dist", noEmit: false });
  const built = await import(pathToFileURL(join(folder, "packages/store-demo/dist/index.js")).href);
  expect(built.parseStoreDemo("  a line  ")).toBe("a line");
  expect(() => built.parseStoreDemo(" ")).toThrow("The line is empty.");
});

test("a package that is drawn already keeps what it may import", () => {
  const drawn = Object.keys(readJson("layers.json").packages as object);
  const name = drawn.find((each) => !existsSync(join(root, "packages", each)) && each !== "web");
  const before = readFileSync(join(folder, "layers.json"), "utf8");

  // When all are built there is none left to try it with.
  if (name !== undefined && !existsSync(join(root, "apps", name))) newPackage(folder, name);

  expect(readFileSync(join(folder, "layers.json"), "utf8")).toBe(before);
});

test.for([
  ["Hash", {}],
  ["hash", {}],
  ["demo", { layer: "nowhere" }],
  ["../demo", {}],
] as const)("a package %s %o is refused, and nothing is written", ([name, options]) => {
  expect(() => newPackage(folder, name, options)).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(readFileSync(join(folder, "tsconfig.json"), "utf8")).toBe(
    readFileSync(join(root, "tsconfig.json"), "utf8"),
  );
});

test("a new command passes lint, layers and types, and its schema generates", async () => {
  for (const path of ["src", "test", "package.json"])
    cpSync(join(root, "apps/cli", path), join(folder, "apps/cli", path), { recursive: true });
  symlinkSync(join(root, "apps/cli/node_modules"), join(folder, "apps/cli/node_modules"));

  const changed = newCommand(folder, "demo");

  await lint(changed);
  expect(layerFindings("apps/cli/src/commands/demo.ts")).toEqual([]);
  await compile("apps/cli", { noEmit: true });
  const schema = readJson("schemas/output.demo.schema.json");
  expect(schema).toMatchObject({
    title: "DemoOutput",
    properties: { schema: { const: "demo/v1" } },
  });
  for (const kind of ["valid", "invalid"])
    expect(readdirSync(join(folder, "schemas/vectors/output.demo", kind)).length).toBeGreaterThan(
      1,
    );
  expect(() => newCommand(folder, "demo")).toThrow(/exists/);
  expect(() => newCommand(folder, "no-dashes")).toThrow(/no name for a command/);
});

test("the tasks say how they are used", async () => {
  for (const task of ["new:package", "new:command"])
    await expect(run(process.execPath, [join(root, "tools/dev.mjs"), task])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`usage: npm run ${task} -- NAME`),
    });
});

async function lint(paths: readonly string[]): Promise<void> {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "ci", "--error-on-warnings", ...paths];
  await run(process.execPath, args, { cwd: folder }).catch((error) => {
    throw new Error(`${error.stdout}${error.stderr}`);
  });
}

async function compile(path: string, options: object): Promise<void> {
  const config = {
    extends: "../../tsconfig.base.json",
    compilerOptions: { rootDir: "src", composite: false, incremental: false, ...options },
    include: ["src"],
    exclude: ["src/**/*.test.ts"],
  };
  writeFileSync(join(folder, path, "tsconfig.test.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", "tsconfig.test.json"], {
    cwd: join(folder, path),
  }).catch((error) => {
    throw new Error(error.stdout);
  });
}

function layerFindings(path: string): unknown[] {
  return checkLayers(folder).filter(({ file }) => file.startsWith(path) || file === "layers.json");
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, path), "utf8"));
}
