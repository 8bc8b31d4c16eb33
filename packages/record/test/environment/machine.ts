import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { canonicalDigest } from "@reseal/hash";
import { assertValid } from "@reseal/schema";
import { onTestFinished } from "vitest";
import {
  type CapturedEnvironment,
  captureEnvironment,
  type EnvironmentRequest,
  nodeSystemProbe,
  type SystemProbe,
} from "../../src/environment/environment.ts";

export interface TestRequest extends Partial<EnvironmentRequest> {
  readonly cwd: string;
}

/** A folder that goes away with the test; texts that start with `#!` become programs. */
export function makeTree(files: Readonly<Record<string, string>>, hold = onTestFinished): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "reseal-environment-")));
  hold(() => rmSync(root, { recursive: true, force: true }));
  writeTree(root, files);
  return root;
}

export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    if (text.startsWith("#!") || text.startsWith("\x7fELF")) chmodSync(path, 0o755);
  }
}

/** Something that looks like a compiled program to whoever opens it. */
export const binary = "\x7fELF";

/** The real machine, some of whose files are replaced (`undefined`: taken away). */
export function machine(
  files: Readonly<Record<string, string | undefined>>,
  others: Partial<SystemProbe> = {},
): SystemProbe {
  const real = nodeSystemProbe();
  return {
    ...real,
    readBytes: async (path, bytesMax) => {
      if (!Object.hasOwn(files, path)) return real.readBytes(path, bytesMax);
      const text = files[path];
      return text === undefined ? undefined : Buffer.from(text).subarray(0, bytesMax);
    },
    fileKind: async (path) => {
      if (!Object.hasOwn(files, path)) return real.fileKind(path);
      return files[path] === undefined ? undefined : "file";
    },
    ...others,
  };
}

/** Capture, and hold the answer against the schema each time. */
export async function capture(
  request: TestRequest,
): Promise<CapturedEnvironment & { key: string }> {
  const captured = await captureEnvironment({
    argv: ["python3", "train.py"],
    workspace: request.cwd,
    env: { PATH: "/usr/bin:/bin", HOME: request.cwd },
    toolVersion: "1.2.3",
    ...request,
  });
  await assertValid("environment", captured.environment);
  return { ...captured, key: canonicalDigest(captured.environment.comparable) };
}

export function outputOf(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
