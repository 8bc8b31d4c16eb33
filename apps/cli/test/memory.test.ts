// Large files go through in pieces: memory does not grow with them.
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { main, Sandbox } from "./sandbox.ts";

/** Far more than may be held; RESEAL_TEST_GIB=2 is the goal itself, and takes half a minute. */
const bytes = Number(process.env.RESEAL_TEST_GIB ?? "0.5") * 1024 ** 3;
const memoryMax = 200 * 1024; // In KiB, as wait4 has it.

/** Runs a command and says the largest memory that it, not its children, had. */
const measure = `
import os, sys
pid = os.fork()
if pid == 0:
    os.dup2(2, 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
`;

test("an input and an output, each larger than the memory allowed, are taken with less than 200 MiB", async () => {
  const sandbox = new Sandbox();
  const cwd = sandbox.folder("work");
  execFileSync("truncate", ["-s", String(bytes), join(cwd, "large.bin")]);

  for (const args of [
    ["run", "--in", "large.bin", "--", "true"],
    ["run", "--", "truncate", "-s", String(bytes), "written.bin"],
  ]) {
    const { stdout, stderr } = await sandbox.run(
      "python3",
      ["-c", measure, process.execPath, main, ...args],
      { cwd },
    );
    const [status, memory] = stdout.trim().split(" ").map(Number);

    expect(status, stderr).toBe(0);
    expect(memory).toBeLessThan(memoryMax);
  }

  expect(statSync(join(cwd, "written.bin")).size).toBe(bytes);
  const show = await sandbox.data(["show", "@last"], { cwd });
  expect(show.content).toMatchObject({ results: { outputs: { bytes: bytes } } });
}, 120_000);
