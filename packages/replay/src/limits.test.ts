import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { planLimits } from "./limits.ts";

const at = { env: { PATH: "/usr/bin:/bin" }, cwd: "/" };
const tools = { unshare: ["/usr/bin/unshare", "--net", "--"], prlimit: "/usr/bin/prlimit" };
const none = { unshare: undefined, prlimit: undefined };

test("the network is taken away and memory is limited by a launcher", () => {
  const limits = planLimits({ memoryBytes: 2 ** 30, timeoutMs: 5000 }, at, tools);

  expect(limits.launch(["sh", "-c", "true"])).toEqual([
    "/usr/bin/unshare",
    "--net",
    "--",
    "/usr/bin/prlimit",
    "--data=1073741824",
    "--",
    "sh",
    "-c",
    "true",
  ]);
  expect(limits.isOffline).toBe(true);
  expect(limits.checks.map(({ name, status }) => [name, status])).toEqual([
    ["network", "ok"],
    ["memory_limit", "ok"],
    ["time_limit", "ok"],
  ]);
});

test("what the machine does not offer is said", () => {
  const limits = planLimits({ memoryBytes: 2 ** 20 }, at, none);

  expect(limits.launch(["sh"])).toEqual(["sh"]);
  expect(limits.isOffline).toBe(false);
  expect(limits.checks).toMatchObject([
    { name: "network", status: "missing", message: expect.stringContaining("could not") },
    { name: "memory_limit", status: "missing", message: expect.stringContaining("1 MiB") },
  ]);
});

test("with the network allowed and nothing limited, the command is started as it is", () => {
  const limits = planLimits({ network: true }, at, tools);

  expect(limits.launch(["sh"])).toEqual(["sh"]);
  expect(limits.checks).toMatchObject([{ name: "network", status: "ok" }]);
});

test("a program that is not there is not put behind a launcher, which would hide that", () => {
  const limits = planLimits({}, at, tools);

  expect(limits.launch(["no-such-program"])).toEqual(["no-such-program"]);
  expect(limits.launch(["./usr"])).toEqual(["./usr"]);
});

test.runIf(process.platform === "linux")("memory beyond the limit is refused", () => {
  const { PATH } = process.env;
  const limits = planLimits(
    { memoryBytes: 256 * 2 ** 20, network: true },
    { env: { PATH }, cwd: "/" },
  );
  const take = (bytes: number): readonly string[] =>
    limits.launch(["dd", "if=/dev/zero", "of=/dev/null", `bs=${bytes}`, "count=1"]);
  const run = ([program = "", ...args]: readonly string[]): number | null =>
    spawnSync(program, args, { stdio: "ignore" }).status;

  expect(run(take(2 ** 20))).toBe(0);
  expect(run(take(512 * 2 ** 20))).not.toBe(0);
});
