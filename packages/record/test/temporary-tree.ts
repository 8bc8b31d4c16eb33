import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder with these files that goes away with the test. */
export function makeTree(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  hold: (end: () => void) => void = onTestFinished,
): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "reseal-record-")));
  hold(() => rmSync(root, { recursive: true, force: true }));
  writeTree(root, files);
  return root;
}

export function writeTree(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
