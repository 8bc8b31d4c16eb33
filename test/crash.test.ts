// The quick form of `npm run test:crash`: each command, interrupted once.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../tools/crash.mjs", import.meta.url));

test("a command that is interrupted leaves a whole store, and runs again", () => {
  const { status, stdout } = spawnSync(process.execPath, [script, "--quick"], { encoding: "utf8" });

  expect(status, stdout).toBe(0);
  expect(stdout.match(/\| 1 +\| 0 +\|/g)).toHaveLength(20);
});
