import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeTree, writeTree } from "../test/temporary-tree.ts";
import { type WalkOptions, walkFiles } from "./walk.ts";

interface Walk {
  readonly taken: readonly string[];
  readonly skipped: Readonly<Record<string, string>>;
}

function walk(root: string, options: WalkOptions = {}): Walk {
  const taken: string[] = [];
  const skipped: Record<string, string> = {};
  walkFiles(root, (file) => taken.push(file.path), {
    ...options,
    skipped: ({ path, reason }) => {
      skipped[path] = reason;
    },
  });
  return { taken: taken.sort(), skipped };
}

test("finds regular files at any depth, hidden ones as well", () => {
  const root = makeTree({ a: "", "b/c/d.txt": "", ".hidden/.e": "", "...": "", "b/ f": "" });

  expect(walk(root)).toEqual({
    taken: ["...", ".hidden/.e", "a", "b/ f", "b/c/d.txt"],
    skipped: {},
  });
});

test("does not enter the folders of tools, nor an environment of any name", () => {
  const root = makeTree({
    "a.py": "",
    "__pycache__/a.pyc": "",
    ".git/config": "",
    "deep/node_modules/x.js": "",
    "my env/pyvenv.cfg": "",
    "my env/lib/x.py": "",
    "conda/conda-meta/history": "",
    "conda/bin/x": "",
    "deep/.cache": "a file of that name is nobody's cache",
  });

  expect(walk(root)).toEqual({ taken: ["a.py", "deep/.cache"], skipped: {} });
});

test("the .git of a linked work tree is a file, and no file of the experiment", () => {
  const root = makeTree({ "a.py": "", ".git": "gitdir: /home/ada/x/.git/worktrees/y\n" });

  expect(walk(root)).toEqual({ taken: ["a.py"], skipped: {} });
});

test("a link counts as the file it leads to, as long as that lies inside", () => {
  const outside = makeTree({ secret: "" });
  const root = makeTree({ "real/file": "text", ".git/config": "", "data/x": "" });
  symlinkSync("real/file", join(root, "inside"));
  symlinkSync(join(outside, "secret"), join(root, "outside"));
  symlinkSync(`../${outside.split("/").at(-1)}/secret`, join(root, "relative"));
  symlinkSync("nothing", join(root, "broken"));
  symlinkSync("data", join(root, "folder"));
  symlinkSync(".git/config", join(root, "tool"));
  symlinkSync("..", join(root, "up"));

  expect(walk(root)).toEqual({
    taken: ["data/x", "inside", "real/file"],
    skipped: {
      outside: "special",
      relative: "special",
      broken: "special",
      folder: "special",
      tool: "special",
      up: "special",
    },
  });
});

test("links in a circle or through a file end the walk of nobody", () => {
  const root = makeTree({ file: "" });
  symlinkSync("loop", join(root, "loop"));
  symlinkSync("pong", join(root, "ping"));
  symlinkSync("ping", join(root, "pong"));
  symlinkSync("file/below", join(root, "through"));

  expect(walk(root)).toEqual({
    taken: ["file"],
    skipped: { loop: "special", ping: "special", pong: "special", through: "special" },
  });
});

test("a folder that is itself reached through a link is walked", () => {
  const root = makeTree({ "real/a": "", "real/b/c": "" });
  symlinkSync("real", join(root, "link"));
  symlinkSync("a", join(root, "real", "same"));

  expect(walk(join(root, "link")).taken).toEqual(["a", "b/c", "same"]);
});

test("pipes and sockets are reported and never opened", async () => {
  const root = makeTree({ file: "" });
  execFileSync("mkfifo", [join(root, "pipe")]);
  const server = createServer().listen(join(root, "socket"));
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));

  expect(walk(root)).toEqual({ taken: ["file"], skipped: { pipe: "special", socket: "special" } });
});

test("a name that is not UTF-8 is reported, not passed over in silence", () => {
  const root = makeTree({ file: "" });
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x61])]), "");
  mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xfe])]));

  expect(walk(root)).toEqual({
    taken: ["file"],
    skipped: { "\ufffda": "unreadable", "\ufffd/": "unreadable" },
  });
});

test("a root that is gone, or is a file, has no files", () => {
  const root = makeTree({ file: "" });

  expect(walk(join(root, "gone"))).toEqual({ taken: [], skipped: { ".": "unreadable" } });
  expect(walk(join(root, "file"))).toEqual({ taken: [], skipped: { ".": "unreadable" } });
});

test("a folder that may be listed but not entered is no reason to stop", () => {
  const root = makeTree({ "open/a": "", "listed/b": "", "closed/c": "" });
  execFileSync("chmod", ["755", root]);
  onTestFinished(() => void execFileSync("chmod", ["-R", "755", root]));
  execFileSync("chmod", ["644", join(root, "listed")]);
  execFileSync("chmod", ["000", join(root, "closed")]);

  const found = asNobody(root);

  expect(found).toEqual({
    taken: ["open/a"],
    skipped: { "listed/b": "unreadable", "closed/": "unreadable" },
  });
});

test("the change time of a link is its own or its target's, whichever is later", () => {
  const root = makeTree({ old: "1" });
  symlinkSync("old", join(root, "link"));
  const before = changedMs(root, "link");
  rmSync(join(root, "old"));
  writeTree(root, { fresh: "2" });
  renameSync(join(root, "fresh"), join(root, "old"));

  expect(changedMs(root, "link")).toBeGreaterThanOrEqual(before);
  expect(changedMs(root, "link")).toBe(changedMs(root, "old"));
});

test("what is ignored is not entered and is reported once", () => {
  const root = makeTree({ "keep/a": "", "drop/b": "", "drop/deep/c": "", "d.log": "" });
  const entered: string[] = [];

  const found = walk(root, {
    ignores: (path) => path === "drop/" || path.endsWith(".log"),
    entering: (folder) => entered.push(folder),
  });

  expect(found).toEqual({
    taken: ["keep/a"],
    skipped: { "drop/": "ignored", "d.log": "ignored" },
  });
  expect(entered.sort()).toEqual(["", "keep/"]);
});

function changedMs(root: string, path: string): number {
  let time = 0;
  walkFiles(root, (file) => {
    if (file.path === path) time = file.changedMs;
  });
  return time;
}

/** The walk as a user without privileges makes it: root may enter everything. */
function asNobody(root: string): unknown {
  if (process.getuid?.() !== 0) return walk(root);
  const script = `
    const { walkFiles } = await import(${JSON.stringify(join(import.meta.dirname, "walk.ts"))});
    process.setgroups([]); process.setgid(65534); process.setuid(65534);
    const taken = []; const skipped = {};
    walkFiles(${JSON.stringify(root)}, (file) => taken.push(file.path), {
      skipped: ({ path, reason }) => { skipped[path] = reason; },
    });
    process.stdout.write(JSON.stringify({ taken: taken.sort(), skipped }));`;
  const args = ["--experimental-strip-types", "--no-warnings", "--input-type=module", "-e", script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}
