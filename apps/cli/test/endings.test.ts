// However a run ends, it is sealed: by its recorder, or by the next command.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Ended, lastLine, leftovers, type Options, Sandbox, until } from "./sandbox.ts";
import { typist } from "./typist.ts";

type Row = Readonly<Record<string, unknown>>;

async function rows(sandbox: Sandbox, cwd: string): Promise<readonly Row[]> {
  return (await sandbox.data(["ls"], { cwd })).items as readonly Row[];
}

/** The store is whole: everything verifies and nothing temporary is left. */
async function expectClean(sandbox: Sandbox, cwd: string): Promise<void> {
  const { status, stdout } = await sandbox.reseal(["verify", "--all", "--json"], { cwd });
  expect(lastLine(stdout)).toMatchObject({ ok: true, data: { findings: 0 } });
  expect(status).toBe(0);
  expect(leftovers(join(cwd, ".reseal"))).toEqual([]);
}

test.for([
  ["exit 0", 0, { status: "finished", exit_code: 0 }],
  ["exit 3", 3, { status: "failed", exit_code: 3 }],
  ["exit 125", 125, { status: "failed", exit_code: 125 }],
  ["kill -TERM $$", 143, { status: "killed", signal: "SIGTERM" }],
  ["kill -KILL $$", 137, { status: "killed", signal: "SIGKILL" }],
  ["kill -USR1 $$", 138, { status: "killed", signal: "SIGUSR1" }],
] as const)("%s is passed on as %i and sealed", async ([script, status, row]) => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work");

  const ended = await sandbox.reseal(["run", "--json", "--", "sh", "-c", `echo 1 > a; ${script}`], {
    cwd,
  });

  expect(ended.status).toBe(status);
  expect(lastLine(ended.stdout)).toMatchObject({ ok: true, data: row });
  await expectClean(sandbox, cwd);
});

/** A run that is ready for what comes, and the ids of its recorder and its child. */
interface Live {
  readonly recorder: number;
  readonly child: number;
  readonly ended: Promise<Ended>;
}

async function startRun(
  sandbox: Sandbox,
  cwd: string,
  script: string,
  options: Options = {},
): Promise<Live> {
  writeFileSync(
    join(cwd, "script.sh"),
    `echo 1 > early.csv\necho begun\necho $$ > pid\n${script}\n`,
  );
  const { child, ended } = sandbox.start(
    process.execPath,
    [join(import.meta.dirname, "..", "bin", "main.js"), "run", "--", "sh", "script.sh"],
    { cwd, ...options },
  );
  const file = join(cwd, "pid");
  await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"), "the child");
  return { recorder: child.pid ?? 0, child: Number(readFileSync(file, "utf8")), ended };
}

test("a child that is stopped from outside is sealed as killed", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work");
  const { child, ended } = await startRun(sandbox, cwd, "while :; do sleep 0.02; done");

  process.kill(child, "SIGTERM");

  expect((await ended).status).toBe(143);
  expect(await rows(sandbox, cwd)).toMatchObject([{ status: "killed", signal: "SIGTERM" }]);
  await expectClean(sandbox, cwd);
});

test.for([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)(
  "%s to the recorder is handed to the child, and the run is interrupted",
  async ([signal, status]) => {
    const sandbox = new Sandbox();
    const cwd = sandbox.folder("work");
    // A shell without a job ignores SIGINT in what it starts; the trap shows that it came.
    const script = `trap 'echo ${signal} > caught; trap - ${signal.slice(3)}; kill -${signal.slice(3)} $$' ${signal.slice(3)}\nwhile :; do sleep 0.02; done`;
    const { recorder, ended } = await startRun(sandbox, cwd, script);

    process.kill(recorder, signal);

    expect((await ended).status).toBe(status);
    expect(readFileSync(join(cwd, "caught"), "utf8")).toBe(`${signal}\n`);
    expect(await rows(sandbox, cwd)).toMatchObject([{ status: "interrupted", signal }]);
    await expectClean(sandbox, cwd);
  },
);

test("a child that takes the signal as a wish and ends well was interrupted all the same", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work");
  const { recorder, ended } = await startRun(
    sandbox,
    cwd,
    "trap 'echo late > late.csv; exit 0' INT\nwhile :; do sleep 0.02; done",
  );

  process.kill(recorder, "SIGINT");

  expect((await ended).status).toBe(130);
  expect(await rows(sandbox, cwd)).toMatchObject([{ status: "interrupted", exit_code: 0 }]);
  await expectClean(sandbox, cwd);
});

test("a child that does not listen is ended by the second signal", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work");
  const { recorder, ended } = await startRun(
    sandbox,
    cwd,
    "trap '' INT TERM\nwhile :; do sleep 0.02; done",
  );

  process.kill(recorder, "SIGINT");
  await sleep(100);
  process.kill(recorder, "SIGINT");

  expect((await ended).status).toBe(137);
  expect(await rows(sandbox, cwd)).toMatchObject([{ status: "interrupted", signal: "SIGKILL" }]);
  await expectClean(sandbox, cwd);
});

function onTerminal(
  sandbox: Sandbox,
  cwd: string,
  [word, keys]: readonly [string, string],
  command: readonly string[],
): Promise<Ended> {
  return sandbox.run(
    "python3",
    [
      "-c",
      typist,
      word,
      keys,
      process.execPath,
      join(import.meta.dirname, "..", "bin", "main.js"),
      ...command,
    ],
    { cwd },
  );
}

test("Ctrl-C on a terminal reaches the child once, and the run is interrupted", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work", {
    "script.sh":
      "n=0\ntrap 'n=$((n+1))' INT\necho ready\nfor i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done\necho caught $n\nexit 9\n",
  });

  const { status, stdout } = await onTerminal(
    sandbox,
    cwd,
    ["ready", "\\x03"],
    ["run", "--", "sh", "script.sh"],
  );

  expect(stdout).toContain("caught 1");
  expect(status).toBe(9);
  expect(await rows(sandbox, cwd)).toMatchObject([{ status: "interrupted", exit_code: 9 }]);
  await expectClean(sandbox, cwd);
});

test("a signal to the recorder alone, on a terminal, is handed on to the child, once", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work", {
    "script.sh":
      "n=0\ntrap 'n=$((n+1))' INT\nkill -INT $PPID\nfor i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done\necho caught $n\nexit 9\n",
  });

  const { status, stdout } = await onTerminal(
    sandbox,
    cwd,
    ["nobody types", ""],
    ["run", "--", "sh", "script.sh"],
  );

  expect(stdout).toContain("caught 1");
  expect(status).toBe(9);
  expect(await rows(sandbox, cwd)).toMatchObject([{ status: "interrupted", exit_code: 9 }]);
  await expectClean(sandbox, cwd);
});

test("Ctrl-C pressed in a hurry does not cost the run", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work", {
    "script.sh": "echo 1 > a.csv\necho ready\nexec sleep 20\n",
  });

  const { status } = await onTerminal(
    sandbox,
    cwd,
    ["ready", "\\x03"],
    ["run", "--", "sh", "script.sh"],
  );

  expect(status).toBe(130);
  expect(await rows(sandbox, cwd)).toMatchObject([{ status: "interrupted", signal: "SIGINT" }]);
  await expectClean(sandbox, cwd);
});

test("a recorder that is killed leaves its child alone, and the next command seals what was written", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work");
  const script = [
    'echo 2 > "$RESEAL_OUTPUT_DIR/in-folder.csv"',
    `echo '{"name":"loss","value":0.5}' >> "$RESEAL_RUN_DIR/metrics.jsonl"`,
    "touch written",
    "trap '' PIPE",
    "while :; do echo more; sleep 0.02; done",
  ].join("\n");
  const { recorder, child, ended } = await startRun(sandbox, cwd, script);
  await until(() => existsSync(join(cwd, "written")) && logSoFar(cwd).includes("begun\n"));

  process.kill(recorder, "SIGKILL");
  await ended;
  expect(() => process.kill(child, 0)).not.toThrow();
  const { stdout, stderr } = await sandbox.reseal(["ls", "--json"], { cwd });
  const { items } = lastLine(stdout).data as { items: Row[] };

  expect(stderr).toContain("sealed as incomplete");
  expect(items).toMatchObject([{ status: "incomplete", exit_code: null, signal: null }]);
  const show = await sandbox.data(["show", "@last"], { cwd });
  expect(show.content).toMatchObject({
    results: { metrics: { loss: 0.5 }, outputs: { files: 4 } },
  });
  const { stdout: log } = await sandbox.reseal(["log", "@last"], { cwd });
  expect(log).toContain("begun\n");
  expect(await rows(sandbox, cwd)).toHaveLength(1);
  process.kill(child, "SIGKILL");
  await expectClean(sandbox, cwd);
});

function logSoFar(cwd: string): string {
  const tmp = join(cwd, ".reseal", "tmp");
  return leftovers(join(cwd, ".reseal"))
    .map((name) => join(tmp, name, "logs", "stdout.log"))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8"))
    .join("");
}

test("a child that makes its folders again after the end leaves nothing behind", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work");
  const script =
    "trap '' PIPE HUP\nuntil [ -e late ]; do sleep 0.02; done\nmkdir -p $RESEAL_OUTPUT_DIR\necho 1 > $RESEAL_OUTPUT_DIR/late.csv\ntouch done";
  const { recorder, ended } = await startRun(sandbox, cwd, script);
  process.kill(recorder, "SIGKILL");
  await sandbox.reseal(["ls"], { cwd });
  writeFileSync(join(cwd, "late"), "");
  await until(() => existsSync(join(cwd, "done")));
  await ended;

  expect(await rows(sandbox, cwd)).toMatchObject([{ status: "incomplete" }]);
  await expectClean(sandbox, cwd);
});

test("kill -9 of recorder and child at any moment loses nothing and leaves nothing", async () => {
  const sandbox = new Sandbox();
  const script =
    "echo 1 > a.csv; echo out; touch begun; sleep 0.15; echo 2 > b.csv; exec head -c 300000 /dev/urandom > big.bin";
  const has = (name: string) => (cwd: string) => existsSync(join(cwd, name));
  const moments: readonly ((cwd: string) => boolean)[] = [
    () => true,
    (cwd) => leftovers(join(cwd, ".reseal")).some((name) => name.startsWith("run-")),
    (cwd) => spoolHas(cwd, "plan.json"),
    (cwd) => spoolHas(cwd, "started"),
    has("begun"),
    has("b.csv"),
    has("big.bin"),
    (cwd) => existsSync(join(cwd, ".reseal", "journal", "seals.jsonl")),
    (cwd) =>
      has("big.bin")(cwd) &&
      leftovers(join(cwd, ".reseal")).some((name) => name.startsWith("blobs.")),
  ];
  const seen = new Set<string>();

  const one = async (isDue: (cwd: string) => boolean, index: number): Promise<void> => {
    const cwd = sandbox.folder(`moment-${index}`, { "code.sh": script });
    const { child, ended } = sandbox.start(
      process.execPath,
      [join(import.meta.dirname, "..", "bin", "main.js"), "run", "--", "sh", "-c", script],
      { cwd },
    );
    await until(() => isDue(cwd) || child.exitCode !== null);
    child.kill("SIGKILL");
    // Every second time the child dies as well.
    if (index % 2 === 0) killChild(cwd);
    await ended;

    const items = await rows(sandbox, cwd).catch(() => undefined);
    if (items === undefined) expect(readdirSync(cwd)).not.toContain("begun");
    else {
      const wasStarted = existsSync(join(cwd, "begun"));
      expect(items.length).toBeGreaterThanOrEqual(wasStarted ? 1 : 0);
      expect(items.length).toBeLessThanOrEqual(1);
      for (const { status } of items) seen.add(String(status));
      await sleep(200); // A child that lives on may still write.
      await expectClean(sandbox, cwd);
    }
  };
  for (let index = 0; index < moments.length; index += 3)
    await Promise.all(moments.slice(index, index + 3).map((isDue, at) => one(isDue, index + at)));

  expect([...seen]).toContain("incomplete");
});

function spoolHas(cwd: string, file: string): boolean {
  const tmp = join(cwd, ".reseal", "tmp");
  return leftovers(join(cwd, ".reseal")).some((name) => existsSync(join(tmp, name, file)));
}

/** The child of a run, as its spool names it. */
function killChild(cwd: string): void {
  const tmp = join(cwd, ".reseal", "tmp");
  for (const name of existsSync(tmp) ? readdirSync(tmp) : []) {
    const file = join(tmp, name, "started");
    if (!existsSync(file)) continue;
    const { child_pid } = JSON.parse(readFileSync(file, "utf8")) as { child_pid?: number };
    try {
      if (child_pid !== undefined) process.kill(-child_pid, "SIGKILL");
    } catch {
      // It has ended in the meantime.
    }
  }
}

test("eight runs at once in one store are eight sealed runs", async () => {
  const sandbox = new Sandbox();
  const store = sandbox.path("store");
  const folders = Array.from({ length: 8 }, (_, index) =>
    sandbox.folder(`at-once-${index}`, { "a.sh": String(index) }),
  );

  const ended = await Promise.all(
    folders.map((cwd, index) =>
      sandbox.reseal(
        ["run", "--json", "--store", store, "--", "sh", "-c", `sleep 0.1; echo ${index} > out.txt`],
        { cwd },
      ),
    ),
  );

  expect(ended.map(({ status }) => status)).toEqual(folders.map(() => 0));
  const ids = ended.map(({ stdout }) => (lastLine(stdout).data as Row).run_id);
  const listed = (await sandbox.data(["ls", "--store", store])).items as readonly Row[];
  expect(listed.map(({ run_id }) => run_id).sort()).toEqual([...ids].sort());
  const { status } = await sandbox.reseal(["verify", "--all", "--store", store]);
  expect(status).toBe(0);
  expect(leftovers(store)).toEqual([]);
});
