import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { KeptScripts } from "./kept-scripts.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-scripts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  file = join(folder, "cache", "kept");
  writeFileSync(
    join(folder, "main.cjs"),
    'const other = require("./other.cjs"); const crypto = require("node:crypto");\n' +
      "exports.sum = (a, b) => other.add(a, b);\n" +
      'exports.hash = (text) => crypto.createHash("sha256").update(text).digest("hex").length;\n' +
      "exports.names = () => Object.keys(crypto).includes('createHash');\n" +
      "exports.here = [__filename, __dirname];\n" +
      "exports.fail = () => {\n  throw new Error('on line 7');\n};\n",
  );
  writeFileSync(join(folder, "other.cjs"), "exports.add = (a, b) => a + b;\n");
});

interface Main {
  sum(a: number, b: number): number;
  hash(text: string): number;
  names(): boolean;
  fail(): never;
  readonly here: readonly string[];
}

function open(kept: string | null = file): { scripts: KeptScripts; main: Main } {
  const scripts = new KeptScripts(pathToFileURL(join(folder, "start.js")).href, kept ?? undefined);
  return { scripts, main: scripts.load("main.cjs") as Main };
}

test("scripts run, know each other and parts of Node, and are where they are", () => {
  const { scripts, main } = open(null);
  expect(main.sum(2, 3)).toBe(5);
  expect(main.hash("x")).toBe(64);
  expect(main.names()).toBe(true);
  expect(main.here).toEqual([join(folder, "main.cjs"), folder]);
  expect(scripts.load("main.cjs")).toBe(main);
  expect(() => main.fail()).toThrow(
    expect.objectContaining({ stack: expect.stringContaining("main.cjs:7:") }),
  );
  scripts.save();
  expect(readdirSync(folder).sort()).toEqual(["main.cjs", "other.cjs"]);
});

test("what is kept is used, with the functions that ran, and not written again", () => {
  const first = open();
  first.main.sum(1, 1);
  first.scripts.save();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  utimesSync(file, 1, 1);
  const again = open();
  expect(again.main.sum(2, 3)).toBe(5);
  again.scripts.save();
  expect(statSync(file).mtimeMs).toBe(1000);
});

test.each([
  ["cut short", (bytes: Buffer) => bytes.subarray(0, -10)],
  ["with a byte that changed", (bytes: Buffer) => bytes.fill(bytes[300] === 1 ? 2 : 1, 300, 301)],
  ["empty", () => Buffer.alloc(0)],
  ["of zeros", (bytes: Buffer) => bytes.fill(0)],
])("a kept file %s is passed over and made again", (_, damage) => {
  const first = open();
  first.scripts.save();
  const whole = readFileSync(file);
  writeFileSync(file, damage(Buffer.from(whole)));
  const again = open();
  expect(again.main.sum(2, 3)).toBe(5);
  again.scripts.save();
  expect(readFileSync(file).byteLength).toBeGreaterThan(300);
  utimesSync(file, 1, 1);
  open().scripts.save();
  expect(statSync(file).mtimeMs).toBe(1000);
});

test("code that a flag of V8 makes unfit for a while is not made again", () => {
  writeFileSync(
    join(folder, "main.cjs"),
    'exports.late = () => require("./other.cjs").add(2, 3);\nexports.here = [];\n',
  );
  const run = () => {
    const { scripts, main } = open();
    setFlagsFromString("--semi-space-growth-factor=1");
    expect((main as unknown as { late(): number }).late()).toBe(5);
    setFlagsFromString("--semi-space-growth-factor=2");
    scripts.save();
  };
  run();
  utimesSync(file, 1, 1);
  run();
  expect(statSync(file).mtimeMs).toBe(1000);
});

test("a folder that cannot be written is no error", () => {
  mkdirSync(join(folder, "cache"));
  writeFileSync(join(folder, "cache", "file"), "");
  chmodSync(join(folder, "cache"), 0o500);
  const { scripts, main } = open(join(folder, "cache", "file", "kept"));
  expect(main.sum(2, 3)).toBe(5);
  expect(() => scripts.save()).not.toThrow();
});

test("what other versions kept goes after thirty days", () => {
  mkdirSync(join(folder, "cache"));
  for (const [name, ageDays] of [
    ["old", 31],
    ["young", 1],
  ] as const) {
    writeFileSync(join(folder, "cache", name), "");
    const seconds = Date.now() / 1000 - ageDays * 24 * 3600;
    utimesSync(join(folder, "cache", name), seconds, seconds);
  }
  open().scripts.save();
  expect(readdirSync(join(folder, "cache")).sort()).toEqual(["kept", "young"]);
});
