import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { binary, capture, machine, makeTree } from "./machine.ts";

const packagesOf = async (cwd: string, ...argv: string[]): Promise<Record<string, string>> => {
  const { environment } = await capture({ cwd, argv, env: { PATH: process.env.PATH ?? "" } });
  const packages = Object.entries(environment.comparable.packages);
  return Object.fromEntries(packages.filter(([name]) => !name.startsWith("libc:")));
};

test("the tree that npm really installed is listed, with links and nested versions", async () => {
  const root = makeTree({
    "app/package.json": JSON.stringify({
      name: "app",
      version: "1.0.0",
      dependencies: {
        "@lab/solver": "file:../solver.tgz",
        leaf: "file:../leaf1.tgz",
        linked: "file:../linked",
      },
    }),
    "app/src/main.js": "",
    "linked/package.json": JSON.stringify({ name: "linked", version: "5.0.0" }),
    "leaf1/package.json": JSON.stringify({ name: "leaf", version: "1.0.0" }),
    "leaf2/package.json": JSON.stringify({ name: "leaf", version: "2.0.0" }),
    "solver/package.json": JSON.stringify({
      name: "@lab/solver",
      version: "3.4.5",
      bundleDependencies: ["leaf"],
      dependencies: { leaf: "2.0.0" },
    }),
    "solver/node_modules/leaf/package.json": JSON.stringify({ name: "leaf", version: "2.0.0" }),
  });
  for (const [folder, file] of [
    ["leaf1", "leaf-1.0.0.tgz"],
    ["solver", "lab-solver-3.4.5.tgz"],
  ] as const) {
    execFileSync("npm", ["pack", "--silent", "--offline"], {
      cwd: join(root, folder),
      stdio: "pipe",
    });
    execFileSync("mv", [join(root, folder, file), join(root, `${folder}.tgz`)]);
  }
  execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund"], {
    cwd: join(root, "app"),
    stdio: "pipe",
  });

  const direct = await packagesOf(join(root, "app"), "node", "src/main.js");
  const script = await packagesOf(join(root, "app/src"), process.execPath, "main.js");

  expect(direct).toEqual({ "@lab/solver": "3.4.5", leaf: "1.0.0 2.0.0", linked: "5.0.0 (link)" });
  expect(script).toEqual(direct);
}, 60_000);

test("this Node.js is known by itself, another by its header or its path", async () => {
  const root = makeTree({
    "a/bin/node": binary,
    "a/include/node/node_version.h":
      "#define NODE_MAJOR_VERSION 18\n#define NODE_MINOR_VERSION 2\n#define NODE_PATCH_VERSION 1\n",
    "nvm/versions/node/v20.11.1/bin/node": binary,
    "b/bin/node": binary,
  });
  const runtime = async (path: string): Promise<unknown> =>
    (await capture({ cwd: root, argv: [path, "x.js"] })).environment.comparable.runtime;

  expect(await runtime(process.execPath)).toEqual({ name: "node", version: process.versions.node });
  expect(await runtime("a/bin/node")).toEqual({ name: "node", version: "18.2.1" });
  expect(await runtime("nvm/versions/node/v20.11.1/bin/node")).toEqual({
    name: "node",
    version: "20.11.1",
  });
  expect(await runtime("b/bin/node")).toEqual({ name: "node", version: "unknown" });
});

test("npm, npx and their like are the node on PATH, with the packages of the folder", async () => {
  const root = makeTree({
    "package.json": "{}",
    "node_modules/.package-lock.json": JSON.stringify({
      packages: { "node_modules/vitest": { version: "5.1.0" } },
    }),
    "tool/bin/node": binary,
    "tool/lib/node_modules/npm/package.json": JSON.stringify({ name: "npm", version: "11.2.3" }),
    "tool/lib/node_modules/npm/bin/npx-cli.js": "#!/usr/bin/env node\n",
    "node_modules/.bin/vitest": '#!/bin/sh\nexec node "$basedir/../vitest/cli.js"\n',
  });
  execFileSync("ln", ["-s", "../lib/node_modules/npm/bin/npx-cli.js", join(root, "tool/bin/npx")]);
  const env = { PATH: `${root}/tool/bin:/usr/bin:/bin` };

  const npx = await capture({ cwd: root, env, argv: ["npx", "vitest"] });
  const starter = await capture({ cwd: root, env, argv: ["node_modules/.bin/vitest"] });

  expect(npx.environment.comparable.packages).toMatchObject({ vitest: "5.1.0" });
  expect(npx.environment.comparable.runtime.name).toBe("node");
  expect(npx.environment.tools).toMatchObject({ npm: "11.2.3" });
  expect(starter.key).toBe(npx.key);
});

test("pnpm's virtual store is listed by its folder names", async () => {
  const root = makeTree({
    "node_modules/.modules.yaml": JSON.stringify(
      { layoutVersion: 5, virtualStoreDir: ".pnpm" },
      null,
      2,
    ),
    "node_modules/.pnpm/lock.yaml": "",
    "node_modules/.pnpm/node_modules/x": "",
    "node_modules/.pnpm/@types+node@22.1.0/x": "",
    "node_modules/.pnpm/vite@6.0.1_@types+node@22.1.0_yaml@2.9.1/x": "",
    "node_modules/.pnpm/vite@5.4.0/x": "",
  });

  expect(await packagesOf(root, "node", "x.js")).toEqual({
    "@types/node": "22.1.0",
    vite: "5.4.0 6.0.1",
  });
});

test("both kinds of Yarn are listed from their state files", async () => {
  const berry = makeTree({
    "node_modules/.yarn-state.yml":
      '__metadata:\n  version: 1\n\n"@lab/solver@npm:1.2.3":\n  locations:\n    - "node_modules/@lab/solver"\n\n"vite@virtual:ab12#npm:6.0.1":\n  locations:\n    - "node_modules/vite"\n\n"app@workspace:.":\n  locations:\n    - ""\n',
  });
  const classic = makeTree({
    "node_modules/.yarn-integrity": JSON.stringify({
      lockfileEntries: {
        "lodash@^4.17.0": "https://registry.yarnpkg.com/lodash/-/lodash-4.17.21.tgz#679591c",
        "@lab/solver@1": "https://registry.yarnpkg.com/@lab/solver/-/solver-1.2.3-rc.1.tgz#aa",
      },
    }),
  });

  expect(await packagesOf(berry, "node", "x.js")).toEqual({
    "@lab/solver": "1.2.3",
    vite: "6.0.1",
  });
  expect(await packagesOf(classic, "node", "x.js")).toEqual({
    "@lab/solver": "1.2.3-rc.1",
    lodash: "4.17.21",
  });
});

test("without a state file the manifests of the top level are read", async () => {
  const root = makeTree({
    "node_modules/left/package.json": '{"version":"1.1.1"}',
    "node_modules/@a/b/package.json": '{"version":"2.2.2"}',
    "node_modules/odd/readme.txt": "",
  });

  expect(await packagesOf(root, "node", "x.js")).toEqual({ "@a/b": "2.2.2", left: "1.1.1" });
});

test("a broken state file is a warning, and names that look like prototypes do no harm", async () => {
  const root = makeTree({ "node_modules/.package-lock.json": "{" });
  const odd = makeTree({
    "node_modules/.package-lock.json":
      '{"packages":{"node_modules/__proto__":{"version":"1.0.0"},"node_modules/constructor":{"version":"\\ud800"}}}',
  });

  const broken = await capture({
    cwd: root,
    argv: [process.execPath, "x.js"],
    system: machine({}),
  });
  const { environment } = await capture({ cwd: odd, argv: [process.execPath, "x.js"] });

  expect(broken.warnings).toEqual([
    {
      code: "ENVIRONMENT_FILE_INVALID",
      message: `${realpathSync(root)}/node_modules/.package-lock.json does not hold a JSON object.`,
    },
  ]);
  expect(Object.getPrototypeOf(environment.comparable.packages)).toBe(Object.prototype);
  expect(environment.comparable.packages.constructor).toBe("\ufffd");
});
