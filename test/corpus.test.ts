// The experiments of examples/corpus get the verdicts that they must get, through the built program.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const corpus = join(import.meta.dirname, "..", "examples", "corpus");

test("every experiment of the corpus gets its verdict", { timeout: 300_000 }, async () => {
  const run = promisify(execFile);
  const answer = await run(process.execPath, [join(corpus, "run.mjs"), "--json"]).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  const rows = JSON.parse(answer.stdout) as { name: string; problems: string[] }[];

  expect(rows.filter(({ problems }) => problems.length > 0)).toEqual([]);
  const folders = readdirSync(corpus, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(rows.map(({ name }) => name)).toEqual(folders.map(({ name }) => name).sort());
  expect(rows.length).toBeGreaterThanOrEqual(20);
});
