// What holds for every command: colour, quiet and loud, closed pipes, signals, stacks.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main, type PreparedWorkspace, prepareWorkspace } from "./prepared-workspace.ts";

let workspace: PreparedWorkspace;
beforeAll(() => {
  workspace = prepareWorkspace();
}, 60_000);
afterAll(() => workspace[Symbol.dispose]());

const colorStart = "\u001b[";

test.for([
  { flags: [], env: {}, colored: false },
  { flags: [], env: { FORCE_COLOR: "1" }, colored: true },
  { flags: [], env: { FORCE_COLOR: "0" }, colored: false },
  { flags: [], env: { CLICOLOR_FORCE: "1" }, colored: true },
  { flags: [], env: { FORCE_COLOR: "1", NO_COLOR: "1" }, colored: false },
  { flags: [], env: { FORCE_COLOR: "1", NO_COLOR: "" }, colored: true },
  { flags: ["--color", "always"], env: { NO_COLOR: "1" }, colored: true },
  { flags: ["--color=never"], env: { FORCE_COLOR: "1" }, colored: false },
  { flags: ["--json"], env: { FORCE_COLOR: "1" }, colored: false },
])("$flags with $env colours: $colored", ({ flags, env, colored }) => {
  const { stdout } = workspace.reseal(["ls", ...flags], { env });

  expect(stdout.includes(colorStart)).toBe(colored);
});

test("a command's compiled code is kept under its name, wherever the flags for all commands stand", () => {
  const cache = mkdtempSync(join(workspace.folder, "cache-"));
  for (const args of [
    ["--store", ".reseal", "--color", "never", "--quiet", "ls"],
    ["--color=never", "ls", "--store", ".reseal"],
    ["--store=.reseal", "verify", "--all"],
  ])
    workspace.reseal(args, { env: { XDG_CACHE_HOME: cache } });

  const kept = readdirSync(join(cache, "reseal", "compiled"));
  expect(kept.map((name) => name.replace(/.*-/, "")).sort()).toEqual(["ls", "verify"]);
});

test("errors are coloured by the same rules", () => {
  expect(workspace.reseal(["show", "nosuch"]).stderr).not.toContain(colorStart);
  expect(workspace.reseal(["--color", "always", "show", "nosuch"]).stderr).toContain(colorStart);
});

test.runIf(process.platform === "linux")(
  "a terminal is coloured, NO_COLOR and dumb ones not",
  () => {
    const typed = (env: string): string =>
      workspace.shell(`${env} script -qec 'reseal ls' /dev/null </dev/null`).stdout;

    expect(typed("TERM=xterm")).toContain(colorStart);
    expect(typed("TERM=xterm NO_COLOR=1")).not.toContain(colorStart);
    expect(typed("TERM=dumb")).not.toContain(colorStart);
  },
);

test("quiet takes words from standard error, never the result", () => {
  const run = (...flags: string[]) => workspace.reseal([...flags, "run", "--", "node", "-p", "7"]);
  const [normal, quiet, quieter] = [run(), run("-q"), run("-qq")];

  expect(normal.stderr).toMatch(/warning: [\s\S]*sealed artifact/);
  expect(quiet.stderr).toMatch(/^warning: .*\n$/);
  expect(quieter.stderr).toBe("");
  expect([normal, quiet, quieter].map(({ stdout }) => stdout)).toEqual(["7\n", "7\n", "7\n"]);
  expect(workspace.reseal(["ls", "-qq", "--ids", "-n", "1"]).stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  expect(workspace.reseal(["-qq", "show", "nosuch"]).stderr).toMatch(/^error: /);
});

test("-v says where the store is and how long it took", () => {
  const { stdout, stderr } = workspace.reseal(["ls", "-v", "--ids"]);

  expect(stderr).toMatch(/^detail: store .*\.reseal\ndetail: took \d+ ms\n$/);
  expect(stdout).toBe(workspace.reseal(["ls", "--ids"]).stdout);
});

test("a stack is shown with --debug only, and has its cause", () => {
  const plain = workspace.reseal(["schema", "validate", "run", "no-such-file"]);
  const debug = workspace.reseal(["--debug", "schema", "validate", "run", "no-such-file"]);

  expect(plain.stderr).not.toMatch(/^\s+at /m);
  expect(debug.stderr).toMatch(/CLI_PATH_NOT_FOUND\n[\s\S]*^\s+at [\s\S]*caused by Error: ENOENT/m);
  expect(workspace.reseal(["run", "--", "no-such-program", "--debug"]).stderr).not.toMatch(
    /^\s+at /m,
  );
});

test("a reader that goes ends the command silently and well", () => {
  const { stdout, stderr } = workspace.shell(
    "reseal explain | head -n 1; echo $PIPESTATUS; yes reseal | head -c 3000000 > big.txt;" +
      "reseal run -q --in big.txt -- true; reseal cat @last inputs/big.txt | head -c 7; echo $PIPESTATUS",
  );

  expect(stdout).toMatch(/^BUNDLE_\w+ .*\n0\nreseal\n0\n$/);
  expect(stderr).not.toMatch(/EPIPE|error:/);
});

test("closed standard error does not take the result away", () => {
  const { stdout, status } = workspace.shell("reseal -v ls --ids 2>&-");

  expect(stdout).toBe(workspace.reseal(["ls", "--ids"]).stdout);
  expect(status).toBe(0);
});

test.for([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s stops a long command with %i, and nothing half-done stays",
  async ([signal, exit]) => {
    const folder = join(workspace.folder, `big-${signal}`);
    mkdirSync(folder);
    // Large enough that sealing it takes longer than starting to.
    for (let part = 0; part < 40; part++)
      writeFileSync(join(folder, `${part}.bin`), Buffer.alloc(8 * 1024 ** 2, part));
    const before = workspace.reseal(["ls", "--ids"]).stdout;
    const child = start(["seal", "--json", folder]);

    await untilBusy();
    child.kill(signal);
    const [output, [code, killedBy]] = await Promise.all([
      text(child.stdout),
      once(child, "close"),
    ]);

    expect({ code, killedBy }).toEqual({ code: exit, killedBy: null });
    expect(JSON.parse(output)).toMatchObject({
      ok: false,
      error: { code: "CLI_INTERRUPTED", exit, details: { signal } },
    });
    expect(workspace.reseal(["ls", "--ids"]).stdout).toBe(before);
    expect(workspace.reseal(["store", "check"]).status).toBe(0);
  },
);

test("a second signal ends at once", async () => {
  const reader = join(workspace.folder, "slow.mjs");
  // Reads nothing, so that the command waits for it for ever.
  writeFileSync(reader, "setTimeout(() => {}, 60_000);");
  appendFileSync(join(workspace.folder, "wide.txt"), "x".repeat(4 * 1024 ** 2));
  workspace.reseal(["run", "-q", "--in", "wide.txt", "--", "true"]);
  const child = start(["cat", "@last", "inputs/wide.txt"]);

  await once(child.stdout, "readable");
  child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill("SIGINT");
  const [code] = await once(child, "exit");

  expect(code).toBe(130);
});

function start(args: readonly string[]) {
  return spawn(process.execPath, [main, ...args], {
    cwd: workspace.folder,
    env: workspace.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Wait until the store is being written to. */
async function untilBusy(): Promise<void> {
  const folder = join(workspace.folder, ".reseal", "tmp");
  const quiet = readdirSync(folder).length;
  while (readdirSync(folder).length <= quiet)
    await new Promise((resolve) => setTimeout(resolve, 5));
}
