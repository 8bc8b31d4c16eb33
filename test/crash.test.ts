// The quick form of `npm run test:crash`: each command, interrupted once.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { scenarios } from "../tools/crash-scenarios.mjs";

const script = fileURLToPath(new URL("../tools/crash.mjs", import.meta.url));
const shards = 2;

test("a command that is interrupted leaves a whole store, and runs again", {
  timeout: 300_000,
}, async () => {
  const run = promisify(execFile);
  const parts = Array.from({ length: shards }, (_, index) =>
    run(process.execPath, [script, "--quick", "--shard", `${index + 1}/${shards}`]).catch(
      (error: { stdout: string; stderr: string; code: number }) => error,
    ),
  );

  const answers = await Promise.all(parts);

  const printed = answers.map(({ stdout }) => stdout).join("");
  expect(answers.filter((answer) => "code" in answer)).toEqual([]);
  expect(printed.match(/\| 1 +\| 0 +\|/g)).toHaveLength(scenarios.length);
});
