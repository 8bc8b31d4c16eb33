import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { PayloadComparison } from "../src/payload-comparison.ts";

const MiB = 1024 * 1024;
const program = fileURLToPath(new URL("large-arrays.ts", import.meta.url));

interface Measured {
  readonly result: PayloadComparison;
  readonly maxRssBytes: number;
}

async function measure(dataBytes: number, mode: string): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    String(dataBytes),
    mode,
  ]);
  return JSON.parse(stdout) as Measured;
}

test("arrays of 256 MiB are compared in less memory than one of them takes", async () => {
  const equal = await measure(256 * MiB, "equal");
  const last = await measure(256 * MiB, "last");

  expect(equal.result).toEqual({ status: "equal" });
  expect(last.result).toMatchObject({
    firstDifference: { index: [1023, 32767], original: 131071.5, candidate: 0 },
    differingCount: 1,
  });
  for (const { maxRssBytes } of [equal, last]) expect(maxRssBytes).toBeLessThan(200 * MiB);
});

test("arrays in which every element differs take no more memory", {
  timeout: 120_000,
}, async () => {
  const all = await measure(64 * MiB, "all");

  expect(all.result).toMatchObject({ differingCount: 8 * MiB, maxAbsoluteError: 0.25 });
  expect(all.maxRssBytes).toBeLessThan(200 * MiB);
});
