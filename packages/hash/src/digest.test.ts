import { expect, test } from "vitest";
import { digestFromHex, digestHex, isDigest, parseDigest } from "./digest.ts";

const hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

test("a digest and its hexadecimal digits convert into each other", () => {
  const digest = digestFromHex(hex);

  expect(digest).toBe(`sha256:${hex}`);
  expect(digestHex(digest)).toBe(hex);
  expect(parseDigest(digest)).toBe(digest);
  expect(isDigest(digest)).toBe(true);
});

test.for([
  ["no algorithm", hex],
  ["another algorithm", `sha512:${hex}`],
  ["upper case", `sha256:${hex.toUpperCase()}`],
  ["too short", `sha256:${hex.slice(1)}`],
  ["too long", `sha256:${hex}0`],
  ["a line feed at the end", `sha256:${hex}\n`],
  ["a line feed instead of the last digit", `sha256:${hex.slice(1)}\n`],
  ["white space", ` sha256:${hex}`],
  ["nothing", ""],
] as const)("%s is not a digest", ([, text]) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(
    expect.objectContaining({ code: "HASH_DIGEST_INVALID", exitCode: 2 }),
  );
});

test("only strings are digests", () => {
  for (const value of [undefined, null, 1, {}, [`sha256:${hex}`]])
    expect(isDigest(value)).toBe(false);
});

test("hexadecimal digits are taken exactly as sha256sum prints them", () => {
  for (const text of ["", hex.toUpperCase(), `${hex}\n`, `sha256:${hex}`, hex.slice(2)]) {
    expect(() => digestFromHex(text)).toThrow(
      expect.objectContaining({ code: "HASH_DIGEST_INVALID" }),
    );
  }
});

test("a refused text is shown short and without control characters", () => {
  const hostile = `\u001b[2J\u202e"${"x".repeat(1_000_000)}`;

  expect(() => parseDigest(hostile)).toThrow(
    /^"\\u\{1b\}\[2J\\u\{202e\}\\"x{1,100}…" is not a digest\.$/,
  );
});
