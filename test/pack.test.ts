// Each package must install and work alone, as a stranger gets it: from its tarball, with npm.
import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { smokes } from "./pack-smokes.ts";

interface PackageManifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const root = dirname(import.meta.dirname);
const folders = globSync("{packages,apps}/*/package.json", { cwd: root }).map(dirname).sort();
const names = folders.map((folder) => basename(folder));
const pure = ["errors", "schema", "hash", "redact", "cite"];

let work: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "reseal-pack-"));
  const packed = folders.map((folder) =>
    run("pnpm", ["pack", "--out", tarballOf(basename(folder))], { cwd: join(root, folder) }),
  );
  await Promise.all(packed);
}, 120_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

test("every package has a line in the table, and the table has no others", () => {
  expect(Object.keys(smokes).sort()).toEqual(names.toSorted());
});

test.concurrent.for(names)("%s installs alone and works", async (name, { expect }) => {
  const folder = await install(name);

  const smoke = smokes[name];
  expect(smoke, `${name} needs a line in test/pack-smokes.ts`).toBeDefined();
  writeFileSync(join(folder, "smoke.mjs"), smoke?.script ?? "");
  const { stdout } = await run(process.execPath, ["smoke.mjs"], {
    cwd: folder,
    env: plainEnvironment(),
  });

  expect(stdout.trim()).toMatch(smoke?.prints ?? /^$/);
  if (pure.includes(name)) {
    expect(globSync("node_modules/**/*.node", { cwd: folder })).toEqual([]);
    expect(globSync("node_modules/{@aws-sdk,@smithy}/*", { cwd: folder })).toEqual([]);
  }
});

test.for(folders)("%s ships no tests, no build state and its licence", async (folder) => {
  const { stdout } = await run("tar", ["-tzf", tarballOf(basename(folder))]);
  const files = stdout.trim().split("\n");

  expect(files).toContain("package/package.json");
  expect(files).toContain("package/README.md");
  expect(files).toContain("package/LICENSE");
  expect(files.filter((file) => /\.test\.|tsbuildinfo|\/test\//.test(file))).toEqual([]);
});

/** Install one tarball into an empty folder; only its own declared packages come from tarballs. */
async function install(name: string): Promise<string> {
  const folder = join(work, "installed", name);
  const others = [...closureOf(name)].filter((each) => each !== name);
  const local = (each: string): [string, string] => [`@reseal/${each}`, `file:${tarballOf(each)}`];
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({
      private: true,
      type: "module",
      dependencies: Object.fromEntries([local(name)]),
      overrides: Object.fromEntries(others.map(local)),
    }),
  );
  const flags = [
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--prefer-offline",
    "--ignore-scripts",
  ];
  await run("npm", ["install", ...flags], { cwd: folder, env: plainEnvironment() });
  return folder;
}

function closureOf(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const folder = folders.find((each) => basename(each) === name);
  if (folder === undefined) throw new Error(`There is no package ${name}.`);
  const text = readFileSync(join(root, folder, "package.json"), "utf8");
  const { dependencies = {} } = JSON.parse(text) as PackageManifest;
  for (const dependency of Object.keys(dependencies))
    if (dependency.startsWith("@reseal/")) closureOf(dependency.slice("@reseal/".length), found);
  return found;
}

function tarballOf(name: string): string {
  return join(work, `${name}.tgz`);
}

// Without what vitest and `npm run` add, so that the installed package stands on its own feet.
function plainEnvironment(): NodeJS.ProcessEnv {
  const added = /^(npm_(?!config_)|NODE_(ENV|OPTIONS|PATH|V8_COVERAGE)$|VITEST|RESEAL_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)));
}
