import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { type ChildOptions, type ChildResult, type ForwardedSignal, runChild } from "./child.ts";

interface Ran extends ChildResult {
  readonly out: string;
  readonly err: string;
}

async function run(script: string, options: Partial<ChildOptions> = {}): Promise<Ran> {
  const chunks = { out: "", err: "" };
  const result = await runChild({
    argv: ["sh", "-c", script],
    cwd: "/",
    env: { PATH: process.env.PATH },
    stdin: "ignore",
    onStdout: (chunk) => {
      chunks.out += chunk.toString();
      return undefined;
    },
    onStderr: (chunk) => {
      chunks.err += chunk.toString();
      return undefined;
    },
    onStart: () => undefined,
    ...options,
  });
  return { ...result, ...chunks };
}

/** A source of signals that the test sends. */
function makeSignals(reachesChild = false): {
  send: (signal: ForwardedSignal) => void;
  source: NonNullable<ChildOptions["signals"]>;
  count: () => number;
} {
  const listeners = new Set<(signal: ForwardedSignal) => void>();
  return {
    send: (signal) => {
      for (const listener of listeners) listener(signal);
    },
    source: {
      reachesChild,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    count: () => listeners.size,
  };
}

async function appears(file: string): Promise<void> {
  while (!existsSync(file)) await sleep(5);
}

test.for([
  ["exit 0", { code: 0 }],
  ["exit 3", { code: 3 }],
  ["exit 255", { code: 255 }],
  ["kill -KILL $$", { signal: "SIGKILL" }],
  ["kill -USR1 $$", { signal: "SIGUSR1" }],
] as const)("%s ends as %j", async ([script, exit]) => {
  expect((await run(script)).exit).toEqual(exit);
});

test("both outputs arrive whole and apart", async () => {
  const { out, err } = await run("seq 1 20000; echo problem >&2; printf end");

  expect(out.length).toBe(108_894 + 3);
  expect(out.endsWith("20000\nend")).toBe(true);
  expect(err).toBe("problem\n");
});

test("the child sees the environment it was given, and nothing on its input", async () => {
  const { out } = await run("cat; env | sort", { env: { PATH: process.env.PATH, A: "1" } });

  expect(out).toContain("A=1\n");
  expect(out).not.toContain("HOME=");
});

test.for([
  ["no-such-command", "RECORD_COMMAND_NOT_FOUND", 127],
  ["./no-such-file", "RECORD_COMMAND_NOT_FOUND", 127],
  ["./plain.txt", "RECORD_COMMAND_NOT_EXECUTABLE", 126],
  ["./folder", "RECORD_COMMAND_NOT_EXECUTABLE", 126],
  ["./no-interpreter", "RECORD_COMMAND_NOT_FOUND", 127],
] as const)("%s is refused as shells do", async ([command, code, exitCode]) => {
  const cwd = makeTree({ "plain.txt": "x", "folder/x": "", "no-interpreter": "#!/no/such\n" });
  const { chmodSync } = await import("node:fs");
  chmodSync(join(cwd, "no-interpreter"), 0o755);

  await expect(run("", { argv: [command], cwd })).rejects.toMatchObject({ code, exitCode });
});

test("a sink that is slow holds the child back", async () => {
  const folder = makeTree();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let bytes = 0;
  const running = run(`head -c 3000000 /dev/zero; touch ${folder}/done`, {
    onStdout: (chunk) => {
      bytes += chunk.byteLength;
      return held;
    },
  });
  await sleep(300);
  const isDoneEarly = existsSync(join(folder, "done"));
  release();
  await running;

  expect(isDoneEarly).toBe(false);
  expect(bytes).toBe(3_000_000);
});

test("what a slow sink has not taken when the child ends is not lost", async () => {
  let bytes = 0;
  await run("head -c 150000 /dev/zero", {
    onStdout: (chunk) => {
      bytes += chunk.byteLength;
      return sleep(700);
    },
  });

  expect(bytes).toBe(150_000);
});

test("a silent daemon that holds the output open does not keep us", async () => {
  const startMs = performance.now();

  const { out } = await run("sleep 30 & echo done");

  expect(out).toBe("done\n");
  expect(performance.now() - startMs).toBeLessThan(5_000);
});

test("a daemon that keeps on writing does not keep us either", async () => {
  const startMs = performance.now();

  const { out } = await run("(while echo x; do sleep 0.02; done) & echo done", { drainMsMax: 600 });

  expect(out).toContain("done\n");
  expect(performance.now() - startMs).toBeLessThan(5_000);
});

test("the first signal is handed on, and the child ends in its own way", async () => {
  const folder = makeTree();
  const signals = makeSignals();
  const running = run(
    `trap 'echo bye; exit 7' INT; touch ${folder}/ready; while :; do sleep 0.02; done`,
    {
      signals: signals.source,
    },
  );
  await appears(join(folder, "ready"));

  signals.send("SIGINT");
  const { exit, out, interruptedBy } = await running;

  expect({ exit, out, interruptedBy }).toEqual({
    exit: { code: 7 },
    out: "bye\n",
    interruptedBy: "SIGINT",
  });
  expect(signals.count()).toBe(0);
});

test("a signal reaches the whole group of the child", async () => {
  const folder = makeTree();
  const signals = makeSignals();
  const script = `(trap 'echo $? > ${folder}/grandchild; exit' TERM; touch ${folder}/ready; while :; do sleep 0.02; done) & wait`;
  const running = run(script, { signals: signals.source });
  await appears(join(folder, "ready"));

  signals.send("SIGTERM");
  const { exit } = await running;
  await appears(join(folder, "grandchild"));

  expect(exit).toEqual({ signal: "SIGTERM" });
});

test("a second signal ends a child that does not want to", async () => {
  const folder = makeTree();
  const signals = makeSignals();
  const running = run(`trap '' INT TERM; touch ${folder}/ready; while :; do sleep 0.02; done`, {
    signals: signals.source,
  });
  await appears(join(folder, "ready"));

  signals.send("SIGINT");
  await sleep(50);
  signals.send("SIGINT");

  expect(await running).toMatchObject({ exit: { signal: "SIGKILL" }, interruptedBy: "SIGINT" });
});

test("what the terminal has sent to the child already is not sent again", async () => {
  const folder = makeTree();
  const signals = makeSignals(true);
  const script = `n=0; trap 'n=$((n+1))' INT; trap 'echo $n; exit' TERM; touch ${folder}/ready; while :; do sleep 0.02; done`;
  const running = run(script, { signals: signals.source });
  await appears(join(folder, "ready"));

  signals.send("SIGINT");
  await sleep(50);
  signals.send("SIGTERM");

  expect(await running).toMatchObject({ out: "0\n", exit: { code: 0 }, interruptedBy: "SIGINT" });
});

test("an abort ends the child", async () => {
  const controller = new AbortController();
  const running = run("exec sleep 30", { signal: controller.signal });
  await sleep(50);

  controller.abort();

  expect(await running).toMatchObject({ exit: { signal: "SIGTERM" }, interruptedBy: undefined });
});

test("when the start cannot be noted the child does not live on", async () => {
  const folder = makeTree();
  const note = (pid: number): never => {
    writeFileSync(join(folder, "pid"), String(pid));
    throw new Error("The disk is full.");
  };

  await expect(run("exec sleep 30", { onStart: note })).rejects.toThrow("The disk is full.");

  const pid = readFileSync(join(folder, "pid"), "utf8");
  while (existsSync(`/proc/${pid}/fd/0`)) await sleep(5);
});
