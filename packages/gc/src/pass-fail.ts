import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import picomatch from "picomatch";
import type { PassFail } from "./entry.ts";
import type { Family } from "./families.ts";
import { openPoolFile } from "./pool-file.ts";
import { logicalPath } from "./run-key.ts";

/** What a run's own record says of it. */
export interface RunRecord {
  readonly pass_fail: PassFail | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly version?: string | undefined;
}

const passWords: ReadonlySet<unknown> = new Set([true, "pass", "passed", "success", "ok"]);
const failWords: ReadonlySet<unknown> = new Set([false, "fail", "failed", "failure", "error"]);
const jsonBytesMax = 16 * 1024 * 1024;
const lineBytesMax = 1024 * 1024;

/**
 * Read a `run.json`. Its `pass_fail` counts, else a `status` that says pass or fail: that a run
 * `finished` does not say that it passed.
 */
export function readRunRecord(path: string): RunRecord | undefined {
  const record = readJson(path);
  if (!isObject(record)) return undefined;
  const { pass_fail, status, result, tags, description, version } = record;
  const words = [pass_fail, status, isObject(result) ? result.status : undefined];
  const isLine = (text: unknown): text is string =>
    typeof text === "string" && text !== "" && text.length <= 1000 && !/\p{Cc}/u.test(text);
  return {
    pass_fail: words.map(wordOf).find((word) => word !== undefined),
    ...(Array.isArray(tags) && { tags: tags.filter(isLine) }),
    ...(typeof description === "string" && { description }),
    ...(isLine(version) && { version }),
  };
}

function wordOf(value: unknown): PassFail | undefined {
  const word = typeof value === "string" ? value.toLowerCase() : value;
  if (passWords.has(word)) return "pass";
  return failWords.has(word) ? "fail" : undefined;
}

/** The JSON of a file; of JSON Lines that of the last line. `undefined` says nothing. */
export type ContentReader = (path: string) => Promise<unknown>;

/** Reads the files of a pool. */
export function poolContent(folder: string): ContentReader {
  return async (path) =>
    path.endsWith(".jsonl") ? readLastLine(folder, path) : readJson(join(folder, path));
}

/** What the family's own rule reads from the content of an entry's files. */
export async function statusOfContent(
  paths: readonly string[],
  rule: NonNullable<Family["status"]>,
  read: ContentReader,
): Promise<PassFail | undefined> {
  const isWanted = picomatch(rule.file, { dot: true });
  const passes = rule.pass === undefined ? passWords : new Set<unknown>(rule.pass);
  const fails = rule.fail === undefined ? failWords : new Set<unknown>(rule.fail);
  let found: PassFail | undefined;
  for (const path of paths) {
    if (!isWanted(logicalPath(path))) continue;
    const value = valueAt(await read(path), rule.pointer);
    const word = rule.pass === undefined && typeof value === "string" ? value.toLowerCase() : value;
    if (fails.has(word)) return "fail";
    if (passes.has(word)) found = "pass";
  }
  return found;
}

/**
 * What the names say: a word of the file's name, else of the nearest folder's that has one. Never a
 * part of a longer word: `bypass` is no pass. One file that failed makes its entry failed.
 */
export function statusOfNames(paths: readonly string[]): PassFail {
  const words = paths.map((path) => tokenOf(basename(path)));
  const inFiles = verdictOf(words);
  if (inFiles !== undefined) return inFiles;
  const folders = new Set(paths.map((path) => dirname(path)));
  return verdictOf([...folders].map(folderToken)) ?? "unknown";
}

function verdictOf(words: readonly (PassFail | undefined)[]): PassFail | undefined {
  if (words.includes("fail")) return "fail";
  return words.includes("pass") ? "pass" : undefined;
}

function folderToken(folder: string): PassFail | undefined {
  for (let path = folder; path !== "." && path !== "/"; path = dirname(path)) {
    const word = tokenOf(basename(path));
    if (word !== undefined) return word;
  }
  return undefined;
}

const mayHoldToken = /pass|success|fail|error/i;

function tokenOf(name: string): PassFail | undefined {
  if (!mayHoldToken.test(name)) return undefined;
  const tokens = name.toLowerCase().split(/[^a-z0-9]+/);
  if (tokens.some((token) => /^(fail(ed|ure)?|error)$/.test(token))) return "fail";
  return tokens.some((token) => /^(pass(ed)?|success)$/.test(token)) ? "pass" : undefined;
}

function readJson(path: string): unknown {
  try {
    if (statSync(path).size > jsonBytesMax) return undefined;
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // No JSON says nothing about how a run ended.
  }
}

/** The last line of JSON Lines that is not blank; of a compacted file, of its original. */
async function readLastLine(folder: string, path: string): Promise<unknown> {
  try {
    const tail =
      logicalPath(path) === path ? readTail(join(folder, path)) : await tailOf(folder, path);
    return JSON.parse(tail.toString("utf8").trimEnd().split("\n").at(-1) ?? "");
  } catch {
    return undefined;
  }
}

function readTail(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, lineBytesMax));
    readSync(file, buffer, 0, buffer.byteLength, size - buffer.byteLength);
    return buffer;
  } finally {
    closeSync(file);
  }
}

async function tailOf(folder: string, path: string): Promise<Buffer> {
  let tail: Buffer = Buffer.alloc(0);
  for await (const piece of openPoolFile(folder, path).bytes())
    tail = Buffer.concat([tail, piece]).subarray(-lineBytesMax);
  return tail;
}

/** @see RFC 6901 */
function valueAt(content: unknown, pointer: string): unknown {
  let value = content;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
