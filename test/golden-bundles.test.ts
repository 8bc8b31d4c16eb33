// The on-disk format of a bundle, held by bundles that were written once and stay.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBundleFolder, verifyBundle } from "../packages/bundle/dist/index.js";
import { openStores } from "../packages/connect/dist/index.js";
import { recordRun } from "../packages/record/dist/index.js";
import { exportGolden, goldenBundles, goldenFolder, tossProgram } from "./golden-bundles.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "golden-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("each golden bundle has its maker, and none was lost", () => {
  const folders = readdirSync(goldenFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

  expect(folders.sort()).toEqual(Object.keys(goldenBundles).sort());
});

test.for(Object.entries(goldenBundles))(
  "%s is still written to the byte",
  async ([name, bundle]) => {
    await exportGolden(bundle, join(folder, name));

    expect(contents(join(folder, name))).toEqual(contents(join(goldenFolder, name)));
  },
);

test.for(Object.keys(goldenBundles))("%s is read and verifies", async (name) => {
  const reader = await openBundleFolder(join(goldenFolder, name));

  expect((await verifyBundle(reader)).findings).toEqual([]);
});

test("a run of the same program, here and now, has the artifact id of both toss bundles", async () => {
  const workspace = join(folder, "lab");
  mkdirSync(workspace);
  writeFileSync(join(workspace, "toss.py"), tossProgram);
  await using stores = await openStores(join(folder, "store"), { create: true });

  const { manifest, seal } = await recordRun(stores, {
    argv: ["python3", "toss.py"],
    places: { workspace, cwd: workspace },
    env: { PATH: process.env.PATH },
    toolVersion: "0.0.0",
    seed: 7,
  });

  const seals = new Set<string>([seal]);
  for (const name of ["toss", "toss-again"]) {
    const golden = await openBundleFolder(join(goldenFolder, name));
    seals.add(golden.seal);
    expect(manifest.content).toEqual(golden.manifest.content);
    expect(manifest.context.artifact_id).toBe(golden.manifest.context.artifact_id);
  }
  expect(seals.size).toBe(3);
});

/** All files of a folder with their bytes, and which of them are executable. */
function contents(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.sort().map((path) => {
      const isExecutable = (lstatSync(path).mode & 0o100) !== 0;
      return [path.slice(root.length), `${isExecutable} ${readFileSync(path, "latin1")}`];
    }),
  );
}
