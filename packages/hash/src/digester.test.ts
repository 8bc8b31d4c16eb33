import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createDigester, digestBytes, digestSource } from "./digester.ts";

// FIPS 180-4 examples of the NIST Cryptographic Toolkit.
test.for([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
] as const)("SHA-256 of the standard's example %#", ([text, hex]) => {
  expect(digestBytes(text)).toBe(`sha256:${hex}`);
  expect(digestBytes(Buffer.from(text))).toBe(`sha256:${hex}`);
});

test("bytes in pieces have the digest of the whole", async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 100 }));
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const whole = Buffer.concat(chunks);
      const digester = createDigester();
      for (const chunk of chunks) digester.update(chunk);

      expect(digester.size).toBe(whole.length);
      expect(digester.digest()).toBe(digestBytes(whole));
      expect(await digestSource(sourceOf(chunks))).toEqual({
        digest: `sha256:${createHash("sha256").update(whole).digest("hex")}`,
        size: whole.length,
      });
    }),
  );
});

test("a digester gives its digest again, but takes no more bytes", () => {
  const digester = createDigester();
  digester.update(Buffer.from("abc"));

  expect(digester.digest()).toBe(digester.digest());
  expect(() => digester.update(Buffer.from("d"))).toThrow("has ended");
});

test("a view digests its own bytes only", () => {
  const view = new Uint8Array(Buffer.from("xxabcxx").buffer.slice(0)).subarray(0, 0);

  expect(digestBytes(view)).toBe(digestBytes(""));
  expect(digestBytes(Buffer.from("xxabcxx").subarray(2, 5))).toBe(digestBytes("abc"));
});

test("a string with a lone surrogate has no digest", () => {
  expect(() => digestBytes("\ud800")).toThrow(
    expect.objectContaining({ code: "HASH_NOT_CANONICAL" }),
  );
});

test("an error of the source comes through", async () => {
  const broken = new Error("source broke");

  await expect(digestSource(sourceOf([Buffer.from("a")], broken))).rejects.toBe(broken);
});

async function* sourceOf(chunks: readonly Uint8Array[], error?: Error): AsyncGenerator<Uint8Array> {
  yield* chunks;
  if (error !== undefined) throw error;
}
