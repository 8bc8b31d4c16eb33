// The quick form of `npm run test:crash`: a few seeded interruptions of each command.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../tools/crash.mjs", import.meta.url));

test.each([
  ["run", "kill,torn,powerloss,ENOSPC"],
  ["seal", "kill,after,powerloss,EIO,random"],
  ["import", "kill,powerloss,ENOSPC"],
  ["export", "kill,powerloss"],
  ["catalog rebuild", "kill,random"],
  ["store repair", "kill,EIO,random"],
  ["two writers", "kill,random"],
])("%s, interrupted anywhere, leaves a whole store", (name, modes) => {
  const args = [script, "--quick", "--only", name, "--modes", modes];

  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });

  expect(stdout).toContain(`| ${name} `);
  expect(status, stdout).toBe(0);
});
