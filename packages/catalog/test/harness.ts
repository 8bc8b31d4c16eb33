import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isResealError } from "@reseal/errors";
import { expect } from "vitest";

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "reseal-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Expect an error of this code, and give it. */
export async function rejection(promise: Promise<unknown>, code: string): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isResealError(error) ? error.code : error).toBe(code);
  return error;
}

/** How a process ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run `child.ts`; `onLine` may kill it. */
export function runChild(
  args: readonly (string | number)[],
  onLine: (line: string, kill: () => void) => void = () => {},
): Promise<Ended> {
  const script = fileURLToPath(new URL("child.ts", import.meta.url));
  const flags = ["--experimental-strip-types", "--no-warnings"];
  const child = spawn(process.execPath, [...flags, script, ...args.map(String)]);
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const line of chunk.toString().split("\n")) {
      if (line !== "") onLine(line, () => child.kill("SIGKILL"));
    }
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
