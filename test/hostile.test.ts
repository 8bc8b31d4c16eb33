// The quick form of `npm run test:hostile`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../tools/hostile.mjs", import.meta.url));

test("what nobody should have written is refused, and leaves nothing", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--quick"], {
    encoding: "utf8",
  });

  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/\| import, ZIP, archive +\| \d/);
});
