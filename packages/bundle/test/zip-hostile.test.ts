import { readFileSync } from "node:fs";
import { isResealError } from "@reseal/errors";
import { describe, expect, test } from "vitest";
import { checkZip } from "../src/zip/open-zip.ts";
import { cases, two } from "./hostile-archives.ts";
import { buildZip } from "./zip-builder.ts";

const vectors = new URL("../vectors/hostile-zip/", import.meta.url);

interface Vector {
  readonly file: string;
  readonly attack: string;
  readonly must: "accept" | "refuse";
  readonly expect?: Readonly<Record<string, string>>;
}

const index = JSON.parse(readFileSync(new URL("index.json", vectors), "utf8")) as Vector[];

/** Code and reason of the refusal; `undefined` when all of it was read. */
async function refusal(source: Uint8Array | string): Promise<string | undefined> {
  try {
    await checkZip(source);
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
      if (files === undefined) continue;
      const digests = (await checkZip(source)).map(({ path, digest }) => [path, digest.slice(7)]);
      expect(Object.fromEntries(digests)).toEqual(files);
    }
  });
});

describe("archives made for it", () => {
  test.for(cases)("%s: %s", async ([, expected, entries, parts]) => {
    expect(await refusal(buildZip(entries, parts))).toBe(expected);
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
