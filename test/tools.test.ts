import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeApi } from "../tools/api-report.mjs";
import { withLock } from "../tools/lock.mjs";

const run = promisify(execFile);
const root = dirname(import.meta.dirname);
const dev = join(root, "tools", "dev.mjs");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tools-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("of many processes only one at a time holds the lock", async () => {
  const script = `
    import { readFileSync, writeFileSync } from "node:fs";
    import { setTimeout } from "node:timers/promises";
    import { withLock } from ${JSON.stringify(join(root, "tools", "lock.mjs"))};
    for (let i = 0; i < 5; i++) await withLock("lock", async () => {
      const count = Number(readFileSync("count", "utf8"));
      await setTimeout(3);
      writeFileSync("count", String(count + 1));
    }, { pollMs: 5 });`;
  writeFileSync(join(folder, "count"), "0");
  writeFileSync(join(folder, "worker.mjs"), script);

  await Promise.all([1, 2, 3, 4].map(() => run(process.execPath, ["worker.mjs"], { cwd: folder })));

  expect(readFileSync(join(folder, "count"), "utf8")).toBe("20");
  expect(readdirSync(folder).sort()).toEqual(["count", "worker.mjs"]);
});

test("the lock of a dead process is taken over at once", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(
    lockPath(),
    JSON.stringify({ token: "x", owner: { pid, host: hostname(), start: "1" } }),
  );

  expect(await withLock(lockPath(), async () => "mine")).toBe("mine");
  expect(existsSync(lockPath())).toBe(false);
});

test("a process number that was used again does not keep a lock alive", async () => {
  const owner = { pid: process.pid, host: hostname(), start: "1" };
  writeFileSync(lockPath(), JSON.stringify({ token: "x", owner }));

  expect(await withLock(lockPath(), async () => "mine")).toBe("mine");
});

test("a living owner is waited for, and named once", async () => {
  const waited: unknown[] = [];
  const steps: string[] = [];
  const slow = withLock(lockPath(), async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    steps.push("first");
  });

  const onWait = (owner: unknown): void => void waited.push(owner);
  await withLock(lockPath(), async () => void steps.push("second"), { onWait, pollMs: 5 });
  await slow;

  expect(steps).toEqual(["first", "second"]);
  expect(waited).toMatchObject([{ pid: process.pid }]);
});

test("a wrapped program's exit status, standard output and arguments pass through", async () => {
  const print = "process.stdout.write(process.argv[1]); process.exit(7)";

  const failure = run(process.execPath, [wrapper(), "-e", print, "a  b"]);

  await expect(failure).rejects.toMatchObject({ code: 7, stdout: "a  b", stderr: "" });
});

test("a signal reaches the wrapped program, and its end is ours", async () => {
  const wait = "setInterval(() => {}, 1000); console.log(1)";
  const child = spawn(process.execPath, [wrapper(), "-e", wait]);
  await once(child.stdout, "data");

  child.kill("SIGTERM");
  const [code, signal] = await once(child, "exit");

  expect({ code, signal }).toEqual({ code: null, signal: "SIGTERM" });
});

test("an unknown task is refused with the list of tasks", async () => {
  await expect(run(process.execPath, [dev, "tset"])).rejects.toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(/check .*\n[\s\S]*no task "tset"/),
  });
});

test("tools/reseal runs from any folder, through symlinks, and keeps the exit status", async () => {
  mkdirSync(join(folder, "bin"));
  symlinkSync(join(root, "tools", "reseal"), join(folder, "bin", "first"));
  symlinkSync("first", join(folder, "bin", "reseal"));
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };

  const { stdout } = await run("reseal", ["--version"], { cwd: folder, env });

  expect(stdout).toMatch(/\d+\.\d+\.\d+/);
  await expect(run("./bin/reseal", ["no-such-command"], { cwd: folder })).rejects.toMatchObject({
    code: 2,
  });
});

test("the API report shows declarations, first sentences, and what has no comment", () => {
  plantTypes({
    "index.d.ts":
      'export { one, type Two } from "./parts.js";\nexport { bare as naked } from "./parts.js";\n',
    "parts.d.ts": [
      "/** Give one. It is always {@link Two}. */",
      "export declare function one(a: string): number;",
      "export declare function one(a: number): number;",
      "/**",
      " * A pair; see",
      " * the other.",
      " *",
      " * @example",
      " * nothing",
      " */",
      "export interface Two {",
      "    /** Inside; } is not the end. */",
      '    readonly a: "}";',
      "}",
      "export declare const bare: 1;",
    ].join("\n"),
  });

  const { text, undocumented, exportCount } = describeApi(folder);

  expect(exportCount).toBe(3);
  expect(undocumented).toEqual([expect.stringContaining("naked")]);
  expect(text).toContain("### one\n\nGive one.\n");
  expect(text).toContain("one(a: string): number;\ndeclare function one(a: number): number;");
  expect(text).toContain(
    'A pair; see the other.\n\n```ts\ninterface Two {\n    readonly a: "}";\n}\n```',
  );
});

function plantTypes(files: Record<string, string>): void {
  const exports = { ".": { types: "./dist/index.d.ts" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "demo", exports }));
  mkdirSync(join(folder, "dist"));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, "dist", name), content);
}

/** A script that does nothing but run node with its arguments, the way tools/dev.mjs does. */
function wrapper(): string {
  const path = join(folder, "wrapper.mjs");
  const child = JSON.stringify(join(root, "tools", "child.mjs"));
  writeFileSync(
    path,
    `import { attach, endLike } from ${child};
    endLike(await attach(process.execPath, process.argv.slice(2)));`,
  );
  return path;
}

function lockPath(): string {
  return join(folder, "lock");
}
