import fc from "fast-check";
import { expect, test } from "vitest";
import type { ByteSource } from "../blob-store.ts";
import { collectBytes } from "../byte-source.ts";
import {
  decodeZstd,
  decodeZstdBytes,
  encodeZstd,
  encodeZstdBytes,
  zstdContentSize,
  zstdHeaderBytes,
} from "./zstd.ts";

test("restores bytes of any length, and the frame says how long they are", async () => {
  const length = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 1, 255, 256, 65_791, 65_792));

  await fc.assert(
    fc.asyncProperty(length, async (size) => {
      const bytes = Buffer.alloc(size, "abcdefg hijk");
      const frame = await collectBytes(encodeZstd(pieces(bytes), size));

      expect(zstdContentSize(frame.subarray(0, zstdHeaderBytes))).toBe(size);
      expect(zstdContentSize(encodeZstdBytes(bytes))).toBe(size);
      expect(Buffer.from(await collectBytes(decodeZstd(pieces(frame)))).equals(bytes)).toBe(true);
      expect(Buffer.from(decodeZstdBytes(frame, size)).equals(bytes)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("refuses what is no frame, is cut, or is changed", async () => {
  const frame = encodeZstdBytes(Buffer.from("some text, some text, some text ".repeat(100)));
  const changed = new Uint8Array(frame);
  changed.fill(0xff, 8);

  for (const damaged of [Buffer.from("some text"), frame.subarray(0, -4), changed]) {
    const decoding = collectBytes(decodeZstd(pieces(damaged)));
    await expect(decoding).rejects.toMatchObject({ code: "STORE_ENCODING_INVALID" });
    expect(() => decodeZstdBytes(damaged, 3200)).toThrow(/cannot be restored/);
  }
  expect(zstdContentSize(Buffer.from("some text"))).toBeUndefined();
  expect(zstdContentSize(frame.subarray(0, 5))).toBeUndefined();
});

test("restores no more than was asked for", async () => {
  const bomb = encodeZstdBytes(Buffer.alloc(50_000_000));

  expect(() => decodeZstdBytes(bomb, 1000)).toThrow(/cannot be restored/);
  for await (const piece of decodeZstd(pieces(bomb))) {
    expect(piece.byteLength).toBeLessThanOrEqual(1024 * 1024);
    break;
  }
});

test("passes the error of its source on", async () => {
  async function* broken(): ByteSource {
    yield encodeZstdBytes(Buffer.from("text")).subarray(0, 6);
    throw new Error("The source broke.");
  }

  await expect(collectBytes(decodeZstd(broken()))).rejects.toThrow("The source broke.");
  await expect(collectBytes(encodeZstd(broken(), 100))).rejects.toThrow("The source broke.");
});

async function* pieces(bytes: Uint8Array): ByteSource {
  for (let start = 0; start < bytes.byteLength; start += 10_000)
    yield bytes.subarray(start, start + 10_000);
}
