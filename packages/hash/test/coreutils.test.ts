import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  digestBytes,
  formatTree,
  parseTree,
  portablePathProblem,
  treeDigest,
} from "../src/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-hash-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const files: Record<string, string> = {
  a: "1",
  "a-b": "",
  "a.b/c": "2",
  "b/#comment": "3",
  " leading and trailing ": "4",
  "*star": "5",
  "-n": "6",
  "b/-": "7",
  "quote'\"$(id)`": "8",
  "é/日本語": "9",
  "\u{1f600}": "10",
  "\uffee": "11",
};

function writeFiles(): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const entries = Object.entries(files).map(([path, text]) => ({
    path,
    digest: digestBytes(text),
  }));
  return formatTree(entries);
}

test("sha256sum checks a tree in its folder", () => {
  const text = writeFiles();

  const report = execFileSync("sha256sum", ["--check", "--strict"], { cwd: folder, input: text });

  expect(report.toString().match(/: OK$/gm)).toHaveLength(Object.keys(files).length);
  writeFileSync(join(folder, "a"), "changed");
  expect(() =>
    execFileSync("sha256sum", ["--check", "--strict"], { cwd: folder, input: text, stdio: "pipe" }),
  ).toThrow("did NOT match");
});

test("a tree is what find, sort and sha256sum print", () => {
  const text = writeFiles();
  const script = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum --";

  const printed = execFileSync("sh", ["-c", script], { cwd: folder }).toString();

  expect(text).toBe(printed);
  expect(parseTree(printed)).toHaveLength(Object.keys(files).length);
  expect(treeDigest(parseTree(printed))).toBe(
    `sha256:${execFileSync("sha256sum", { input: text }).toString().slice(0, 64)}`,
  );
});

test("paths are in the order of LC_ALL=C sort", () => {
  const path = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .map((text) => text.normalize("NFC"))
    .filter((text) => portablePathProblem(text) === undefined);
  fc.assert(
    fc.property(fc.uniqueArray(path, { minLength: 50, maxLength: 200 }), (paths) => {
      const input = `${paths.join("\n")}\n`;

      const sorted = execFileSync("sort", { input, env: { LC_ALL: "C" } }).toString();

      const tree = parseTree(formatTree(paths.map((p) => ({ path: p, digest: digestBytes("") }))));
      expect(`${tree.map((entry) => entry.path).join("\n")}\n`).toBe(sorted);
    }),
    { numRuns: 20 },
  );
});
