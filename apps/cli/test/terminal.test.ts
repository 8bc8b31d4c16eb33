// What a person sees, and what a pipe gets.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, main, Sandbox } from "./sandbox.ts";

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
const cwd = sandbox.folder("work");
const esc = "\u001b";

beforeAll(async () => {
  const script = "printf '\\033[31mred\\033[0m \\033]0;title\\007\\033[2J end\\n'; echo 1 > a.csv";
  await sandbox.data(["run", "--name", "first", "--", "sh", "-c", script], { cwd });
});
afterAll(() => {
  for (const end of ends) end();
});

/** Run a command on a terminal and give all that it shows. */
const show = `
import os, pty, sys
command = sys.argv[1:]
def read(fd):
    data = os.read(fd, 65536)
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(command, read)))
`;

const onTerminal = (...args: readonly string[]): ReturnType<Sandbox["run"]> =>
  sandbox.run("python3", ["-c", show, process.execPath, main, ...args], {
    cwd,
    env: { TERM: "xterm-256color", COLUMNS: "80" },
  });

test("colour is for terminals, and NO_COLOR and --color decide", async () => {
  const plain = await sandbox.reseal(["ls"], { cwd });
  const forced = await sandbox.reseal(["ls", "--color", "always"], { cwd });
  const off = await sandbox.reseal(["ls"], { cwd, env: { NO_COLOR: "1", FORCE_COLOR: "1" } });
  const json = await sandbox.reseal(["ls", "--json", "--color", "always"], { cwd });
  const terminal = await onTerminal("ls");

  expect(plain.stdout).not.toContain(esc);
  expect(forced.stdout).toContain(esc);
  expect(off.stdout).not.toContain(esc);
  expect(json.stdout).not.toContain(esc);
  expect(terminal.stdout).toContain(esc);
});

test("what a run printed cannot drive the reader's terminal", async () => {
  const { stdout } = await onTerminal("log", "@last");

  expect(stdout).toContain("red");
  expect(stdout).toContain("end");
  for (const sequence of [`${esc}]0;`, `${esc}[2J`, "\u0007"])
    expect(stdout).not.toContain(sequence);
});

test("into a pipe the log goes as it was sealed", async () => {
  const { stdout } = await sandbox.reseal(["log", "@last", "--stream", "stdout"], { cwd });

  expect(stdout).toBe(`${esc}[31mred${esc}[0m ${esc}]0;title\u0007${esc}[2J end\n`);
});

test.for([
  "ls | head -1",
  "ls --json | head -c 5",
  "show @last | head -1",
  "schema show manifest | head -1",
  "log @last | true",
])("a reader that has enough ends %s well", async (command) => {
  const script = `set -o pipefail; $RESEAL ${command} > /dev/null`;
  const { status, stderr } = await sandbox.shell(script, { cwd });

  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("a reader that goes away does not stop a recording", async () => {
  const other = sandbox.folder("deaf");
  const script = "yes | head -c 3000000; echo 1 > a.csv";
  await sandbox.shell(`$RESEAL run -q -- sh -c '${script}' | head -1 > /dev/null`, { cwd: other });

  expect((await sandbox.data(["ls"], { cwd: other })).items).toMatchObject([
    { status: "finished" },
  ]);
  const { stdout } = await sandbox.shell("$RESEAL log @last | wc -c", { cwd: other });
  expect(Number(stdout)).toBe(3_000_000);
});

test("nor do both readers at once, with --json", async () => {
  const other = sandbox.folder("deaf-json");
  const script = "yes | head -c 1000000; yes | head -c 1000000 >&2; echo 1 > a.csv";
  await sandbox.shell(
    `timeout 60 $RESEAL run --json -- sh -c '${script}' 2>&1 | head -1 > /dev/null`,
    {
      cwd: other,
    },
  );

  expect((await sandbox.data(["ls"], { cwd: other })).items).toMatchObject([
    { status: "finished" },
  ]);
});

test("with --json the child's output is on standard error and the answer is the last line", async () => {
  const { stdout, stderr } = await sandbox.reseal(["run", "--json", "--", "echo", "hello"], {
    cwd,
  });

  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(lastLine(stdout)).toMatchObject({ schema: "run/v1", ok: true });
  expect(stderr).toContain("hello\n");
});

test.for([
  ["--json", "ls"],
  ["ls", "--json"],
])("global flags stand before or after: %s %s", async (args) => {
  expect(lastLine((await sandbox.reseal(args, { cwd })).stdout)).toMatchObject({ ok: true });
});

test("a child reads what the recorder is given", async () => {
  const { stdout } = await sandbox.reseal(["run", "-q", "--", "cat"], { cwd, input: "typed\n" });

  expect(stdout).toBe("typed\n");
});

test("--dry-run says what would be captured and writes nothing, not even a store", async () => {
  const listing = (folder: string): string =>
    execFileSync("find", [folder, "-printf", "%P %s %T@ %C@\n"], { encoding: "utf8" });
  const fresh = sandbox.folder("dry", { "a.py": "1", "b.log": "", ".gitignore": "*.log\n" });
  const before = listing(fresh);

  const { status, stdout } = await sandbox.reseal(["run", "--dry-run", "--", "touch", "ran"], {
    cwd: fresh,
  });

  expect(status).toBe(0);
  expect(stdout).toContain("a.py");
  expect(stdout).toContain("b.log");
  expect(listing(fresh)).toBe(before);
});

test("--dry-run changes nothing in a store that is there", async () => {
  const files = (): string =>
    execFileSync(
      "find",
      [join(cwd, ".reseal"), "-type", "f", "-not", "-name", "store.db-*", "-printf", "%P %s %T@\n"],
      { encoding: "utf8" },
    )
      .split("\n")
      .sort()
      .join("\n");
  const before = files();

  const data = await sandbox.data(["run", "--dry-run", "--", "true"], { cwd });

  expect(data.left_out).toContainEqual({ path: "a.csv", reason: "earlier_output" });
  expect(files()).toBe(before);
});
