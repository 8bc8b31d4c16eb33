import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isResealError } from "@reseal/errors";
import { describe, expect, test } from "vitest";
import { createPartReader, partOf } from "../src/zip/lane-reader.ts";
import { checkZip, openZip } from "../src/zip/open-zip.ts";
import { cases, two } from "./hostile-archives.ts";
import { makeFolder } from "./sealed-bundle.ts";
import { buildZip } from "./zip-builder.ts";

const vectors = new URL("../vectors/hostile-zip/", import.meta.url);

interface Vector {
  readonly file: string;
  readonly attack: string;
  readonly must: "accept" | "refuse";
  readonly expect?: Readonly<Record<string, string>>;
}

const index = JSON.parse(readFileSync(new URL("index.json", vectors), "utf8")) as Vector[];

/** Read an archive as an import does: many entries at once, and each twice. */
async function readTogether(path: string): Promise<void> {
  await using archive = await openZip(path);
  const parts = archive.entries.filter((entry) => archive.isPart(entry)).map(partOf);
  const reader = createPartReader(path);
  for (const part of parts) {
    reader.expect?.(parts);
    reader.read(part);
  }
}

/** Code and reason of the refusal; `undefined` when all of it was read. */
function refusal(source: Uint8Array | string): Promise<string | undefined> {
  return refusalOf(() => checkZip(source));
}

async function refusalOf(read: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (!isResealError(error)) throw error;
    expect([4, 5]).toContain(error.exitCode);
    return `${error.code.replace("BUNDLE_ZIP_", "")} ${String(error.details.reason)}`;
  }
}

describe("the collected archives", () => {
  test.for(index)("$must $file: $attack", async ({ file, must, expect: files }) => {
    const url = new URL(file, vectors);

    for (const source of [url.pathname, readFileSync(url)]) {
      expect((await refusal(source)) === undefined ? "accept" : "refuse").toBe(must);
      expect(await refusalOf(() => readTogether(url.pathname))).toBe(await refusal(url.pathname));
      if (files === undefined) continue;
      const digests = (await checkZip(source)).map(({ path, digest }) => [path, digest.slice(7)]);
      expect(Object.fromEntries(digests)).toEqual(files);
    }
  });
});

describe("archives made for it", () => {
  test.for(cases)("%s: %s", async ([, expected, entries, parts]) => {
    const bytes = buildZip(entries, parts);
    const path = join(makeFolder(), "x.zip");
    writeFileSync(path, bytes);

    expect(await refusal(bytes)).toBe(expected);
    expect(await refusalOf(() => readTogether(path))).toBe(expected);
  });
});

describe("what is no archive", () => {
  test.for([
    ["nothing", ""],
    ["a text", "hello\n"],
    ["gzip", "\x1f\x8b\x08\0"],
    ["half an end record", "PK\x05\x06\0\0"],
    ["zeros", "\0".repeat(100_000)],
  ] as const)("%s", async ([, text]) => {
    expect(await refusal(Buffer.from(text, "latin1"))).toBe("CORRUPT end_record");
  });

  test("a folder, a pipe, and nothing at all are not archives", async () => {
    for (const path of ["/", "/dev/null", "/nowhere/x.zip"])
      await expect(checkZip(path)).rejects.toMatchObject({ code: "BUNDLE_NOT_A_BUNDLE" });
  });
});

test("a name that is not safe is told as it is", async () => {
  await expect(checkZip(buildZip([two, { name: "a/member/Nul.txt" }]))).rejects.toThrow(
    '"a/member/Nul.txt"',
  );
});

test("limits can be set", async () => {
  const archive = buildZip([{ name: "a/b", data: "x".repeat(100) }, two]);

  for (const limits of [
    { entriesMax: 1 },
    { depthMax: 1 },
    { bytesMax: 50 },
    { directoryBytesMax: 60 },
  ])
    await expect(checkZip(archive, limits)).rejects.toMatchObject({ code: "BUNDLE_ZIP_LIMIT" });
  await expect(checkZip(archive, { entriesMax: undefined })).resolves.toHaveLength(2);
});

test("a refusal names what could drive a terminal in a harmless way", async () => {
  await expect(checkZip(buildZip([{ name: "a\u001b[2J\u202eb" }]))).rejects.toMatchObject({
    message: expect.not.stringMatching(/[\p{Cc}\p{Bidi_Control}]/u) as unknown,
  });
});
