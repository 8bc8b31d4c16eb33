import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { createMemoryBlobStore } from "@reseal/store";
import { expect, test } from "vitest";
import { known, makeGuard, storedText, token } from "../test/capture.ts";
import { makeTree, writeTree } from "../test/temporary-tree.ts";
import { nextTick } from "./fs-tick.ts";
import { captureOutputs, type OutputOptions, type Outputs } from "./outputs.ts";

interface Case {
  readonly workspace: string;
  readonly outputFolder: string;
}

const before = { "code.py": "print(1)\n", "lib/old.py": "1", "data/x.bin": "22" };

/** Lay out a workspace, let `change` be the run, and capture what it left. */
async function outputsOf(
  change: (places: Case) => void,
  options: Partial<OutputOptions> = {},
): Promise<Outputs> {
  const workspace = makeTree(before);
  const outputFolder = makeTree();
  const tickMs = await nextTick(outputFolder, "x");
  change({ workspace, outputFolder });
  await using batch = await createMemoryBlobStore().openBatch();
  return await captureOutputs({
    workspace,
    outputFolder,
    tickMs,
    before: new Map(
      ["code.py", "lib/old.py"].map((path) => [
        path,
        digestBytes(before[path as keyof typeof before]),
      ]),
    ),
    folders: new Set(["lib/", "data/"]),
    matches: undefined,
    excludes: () => false,
    guard: makeGuard(),
    batch,
    ...options,
  });
}

const paths = ({ files }: Outputs): string[] => files.map(({ path }) => path);
const reasons = ({ notCaptured }: Outputs): Record<string, string> =>
  Object.fromEntries(notCaptured.map(({ path, reason }) => [path, reason]));

test("what was not touched is no output", async () => {
  expect(await outputsOf(() => undefined)).toMatchObject({ files: [], notCaptured: [] });
});

test("created and changed files are outputs, in the order of their paths", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    writeTree(workspace, { "z.csv": "1", "new/a.csv": "2", "code.py": "print(2)\n" });
    appendFileSync(join(workspace, "data/x.bin"), "3");
  });

  expect(paths(outputs)).toEqual(["code.py", "data/x.bin", "new/a.csv", "z.csv"]);
  expect(outputs.files.at(-1)).toMatchObject({
    path: "z.csv",
    digest: digestBytes("1"),
    size: 1,
    isExecutable: false,
    origin: "workspace",
  });
});

test("a change that keeps the modification time is seen", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    writeFileSync(join(workspace, "code.py"), "print(9)\n");
    utimesSync(join(workspace, "code.py"), 0, 0);
  });

  expect(paths(outputs)).toEqual(["code.py"]);
});

test("code that was only touched, or written again with the same bytes, is no output", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    utimesSync(join(workspace, "code.py"), new Date(), new Date());
    writeFileSync(join(workspace, "lib/old.py"), "1");
  });

  expect(outputs).toMatchObject({ files: [], notCaptured: [] });
});

test("a renamed file is an output under its new name", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    renameSync(join(workspace, "data/x.bin"), join(workspace, "data/y.bin"));
  });

  expect(paths(outputs)).toEqual(["data/y.bin"]);
});

test("the files of a renamed folder are outputs, though their own times are old", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    mkdirSync(join(workspace, "deep"));
    renameSync(join(workspace, "data"), join(workspace, "deep", "moved"));
  });

  expect(paths(outputs)).toEqual(["deep/moved/x.bin"]);
});

test("a folder that was passed over is not taken for a new one", async () => {
  const outputs = await outputsOf(() => undefined, { folders: new Set(["lib/", "data"]) });

  expect(outputs).toMatchObject({ files: [], notCaptured: [] });
});

test("a hard link to code is the new name only", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    linkSync(join(workspace, "code.py"), join(workspace, "copy.py"));
  });

  expect(paths(outputs)).toEqual(["copy.py"]);
});

test("ignore rules do not hide outputs, folders of tools do", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    writeTree(workspace, { ".gitignore": "*\n", "a.log": "", "__pycache__/a.pyc": "" });
  });

  expect(paths(outputs)).toEqual([".gitignore", "a.log"]);
});

test("--out narrows it; a match that the run did not write is said", async () => {
  const outputs = await outputsOf(
    ({ workspace }) => writeTree(workspace, { "data/new.csv": "1", "other.csv": "2" }),
    { matches: (path) => path.startsWith("data/") || path === "code.py" },
  );

  expect(paths(outputs)).toEqual(["data/new.csv"]);
  expect(reasons(outputs)).toEqual({ "data/x.bin": "was not written by this run" });
});

test("the output folder is taken whole, with the names below it", async () => {
  const outputs = await outputsOf(({ outputFolder }) => {
    writeTree(outputFolder, { "a.csv": "1", "deep/b.csv": "2" });
    chmodSync(join(outputFolder, "a.csv"), 0o755);
  });

  expect(outputs.files).toMatchObject([
    { path: "a.csv", origin: "output_folder", isExecutable: true },
    { path: "deep/b.csv", origin: "output_folder", isExecutable: false },
  ]);
});

test("of two files of one name that of the output folder wins, and the other is said", async () => {
  const outputs = await outputsOf(({ workspace, outputFolder }) => {
    writeTree(workspace, { "a.csv": "workspace", "same.csv": "1" });
    writeTree(outputFolder, { "a.csv": "folder", "same.csv": "1" });
  });

  expect(outputs.files).toMatchObject([
    { path: "a.csv", digest: digestBytes("folder"), origin: "output_folder" },
    { path: "same.csv", origin: "output_folder" },
  ]);
  expect(reasons(outputs)).toEqual({ "a.csv": "a file of this name is in the output folder" });
});

test("a copy of the code in the output folder is an output, also when the code was touched", async () => {
  const outputs = await outputsOf(({ workspace, outputFolder }) => {
    writeTree(outputFolder, { "code.py": before["code.py"] });
    utimesSync(join(workspace, "code.py"), new Date(), new Date());
  });

  expect(outputs.files).toMatchObject([{ path: "code.py", origin: "output_folder" }]);
  expect(outputs.notCaptured).toEqual([]);
});

test("what is no regular file, or has no portable name, is said", async () => {
  const outputs = await outputsOf(({ workspace, outputFolder }) => {
    writeTree(workspace, { "back\\slash": "", "new\nline": "" });
    symlinkSync("/etc/hostname", join(outputFolder, "link"));
    execFileSync("mkfifo", [join(outputFolder, "pipe")]);
  });

  expect(paths(outputs)).toEqual([]);
  expect(reasons(outputs)).toEqual({
    "back\\slash": "has a backslash",
    "new\nline": "has a control character",
    link: "not a regular file",
    pipe: "not a regular file",
  });
});

test("a link that was pointed elsewhere is an output with what it now leads to", async () => {
  const outputs = await outputsOf(({ workspace }) => {
    symlinkSync("data/x.bin", join(workspace, "latest"));
  });

  expect(outputs.files).toMatchObject([{ path: "latest", digest: digestBytes("22") }]);
});

test.for([
  ["taken away", ({ outputFolder }: Case) => rmSync(outputFolder, { recursive: true })],
  [
    "made a file",
    ({ outputFolder }: Case) => {
      rmSync(outputFolder, { recursive: true });
      writeFileSync(outputFolder, "");
    },
  ],
  [
    "made a link that leads nowhere",
    ({ outputFolder }: Case) => {
      rmSync(outputFolder, { recursive: true });
      symlinkSync("nowhere", outputFolder);
    },
  ],
] as const)("an output folder that was %s costs only itself", async ([, change]) => {
  const outputs = await outputsOf((places) => {
    change(places);
    writeTree(places.workspace, { "a.csv": "" });
  });

  expect(paths(outputs)).toEqual(["a.csv"]);
});

test("a workspace that is gone costs only itself", async () => {
  const outputs = await outputsOf(({ workspace, outputFolder }) => {
    writeTree(outputFolder, { "a.csv": "" });
    rmSync(workspace, { recursive: true });
  });

  expect(paths(outputs)).toEqual(["a.csv"]);
});

test("an output with a secret, in its bytes or its name, is withheld", async () => {
  const blobs = createMemoryBlobStore();
  const guard = makeGuard();
  await using batch = await blobs.openBatch();
  const outputs = await outputsOf(
    ({ workspace }) =>
      writeTree(workspace, {
        "a.json": JSON.stringify({ token }),
        "b.bin": `\0${known}`,
        [`${token}.txt`]: "",
        "fine.txt": "",
      }),
    { guard, batch },
  );
  await batch.commit();

  expect(paths(outputs)).toEqual(["fine.txt"]);
  expect(guard.withheld.map(({ path }) => path)).toEqual([
    "outputs/[REDACTED:github-token:1].txt",
    "outputs/a.json",
    "outputs/b.bin",
  ]);
  const all = (await storedText(blobs)) + JSON.stringify(guard.withheld);
  expect(all).not.toContain(token);
  expect(all).not.toContain(known);
});

test("files of ours in the workspace are no outputs", async () => {
  const outputs = await outputsOf(
    ({ workspace }) => writeTree(workspace, { "my-store/blob": "", "a.csv": "" }),
    { excludes: (path) => path.startsWith("my-store/") },
  );

  expect(paths(outputs)).toEqual(["a.csv"]);
});
