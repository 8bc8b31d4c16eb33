import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { chunk, type WrittenPng, writePng } from "../test/png-writer.ts";
import { comparePng } from "./compare-png.ts";
import { readPng } from "./png.ts";

const grey = (data: readonly number[], more: Partial<WrittenPng> = {}): Buffer =>
  writePng({
    width: data.length,
    height: 1,
    depth: 8,
    type: 0,
    data: Uint8Array.from(data),
    ...more,
  });

describe("differences", () => {
  test("the first pixel with its place, the largest channel difference, the count of pixels", async () => {
    const pixels = new Uint8Array(2 * 3 * 3);
    const others = Uint8Array.from(pixels);
    others.set([0, 7, 0], 3 * 3);
    others.set([1, 2, 9], 5 * 3);
    const of = (data: Uint8Array) => writePng({ width: 3, height: 2, depth: 8, type: 2, data });

    expect(await comparePng(of(pixels), of(others))).toEqual({
      status: "different",
      firstDifference: { x: 0, y: 1, original: [0, 0, 0], candidate: [0, 7, 0] },
      maxAbsoluteError: 9,
      maxRelativeError: Number.POSITIVE_INFINITY,
      differingCount: 2,
    });
    expect(await comparePng(of(pixels), of(pixels))).toEqual({ status: "equal" });
  });

  test("channel values have tolerances, in steps of their depth", async () => {
    const tolerance = { absolute: 1, relative: 0 };

    expect((await comparePng(grey([5, 6]), grey([5, 7]), tolerance)).status).toBe(
      "within_tolerance",
    );
    expect((await comparePng(grey([5, 6]), grey([5, 8]), tolerance)).firstDifference).toEqual({
      x: 1,
      y: 0,
      original: [6],
      candidate: [8],
    });
  });

  test("size and mode", async () => {
    expect((await comparePng(grey([1, 2]), grey([1]))).firstDifference).toEqual({
      aspect: "size",
      original: [2, 1],
      candidate: [1, 1],
    });
    const rgb = writePng({ width: 1, height: 1, depth: 8, type: 2, data: Uint8Array.of(1, 1, 1) });
    expect((await comparePng(grey([1]), rgb)).firstDifference).toEqual({
      aspect: "mode",
      original: "grey8, 1 channel",
      candidate: "rgb8, 3 channels",
    });
  });

  test("filters, compression and texts are no difference", async () => {
    const text: [string, Uint8Array] = ["tEXt", Buffer.from("Software\0x")];

    expect(
      await comparePng(grey([1, 2, 3]), grey([1, 2, 3], { filter: 1, chunks: [text] })),
    ).toEqual({ status: "equal" });
  });
});

describe("modes", () => {
  test("samples of less than 8 bits, across the ends of rows", async () => {
    const data = Uint8Array.of(0b1010_0000, 0b0110_0000);
    const image = await readPng(writePng({ width: 3, height: 2, depth: 1, type: 0, data }));

    expect(image).toMatchObject({ mode: "grey1", channels: 1 });
    expect([...image.samples]).toEqual([1, 0, 1, 0, 1, 1]);
    const two = await readPng(grey([], { width: 3, depth: 2, data: Uint8Array.of(0b0001_1000) }));
    expect([...two.samples]).toEqual([0, 1, 2]);
  });

  test("palettes are resolved, with their transparency; other palettes may mean the same", async () => {
    const of = (data: number, palette: readonly number[], alpha?: number) =>
      writePng({
        width: 2,
        height: 1,
        depth: 4,
        type: 3,
        data: Uint8Array.of(data),
        chunks: [
          ["PLTE", Uint8Array.from(palette)],
          ...(alpha === undefined ? [] : [["tRNS", Uint8Array.of(alpha)] as const]),
        ],
      });
    const a = of(0x01, [1, 2, 3, 4, 5, 6]);

    expect([...(await readPng(a)).samples]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await comparePng(a, of(0x10, [4, 5, 6, 1, 2, 3]))).toEqual({ status: "equal" });
    const clear = await readPng(of(0x01, [1, 2, 3, 4, 5, 6], 9));
    expect([...clear.samples]).toEqual([1, 2, 3, 9, 4, 5, 6, 255]);
    await expect(readPng(of(0x09, [1, 2, 3]))).rejects.toMatchObject({
      code: "REPLAY_PNG_INVALID",
    });
  });

  test("a transparent colour is a channel, also of a single pixel and of 16 bits", async () => {
    const key: [string, Uint8Array] = ["tRNS", Uint8Array.of(0, 5)];
    const one = await readPng(grey([5, 6], { chunks: [key] }));
    const deep = await readPng(
      writePng({
        width: 1,
        height: 1,
        depth: 16,
        type: 2,
        data: Uint8Array.of(1, 0, 0, 2, 3, 4),
        chunks: [["tRNS", Uint8Array.of(1, 0, 0, 2, 3, 4)]],
      }),
    );

    expect([...one.samples]).toEqual([5, 255 * 0, 6, 255]);
    expect([...deep.samples]).toEqual([256, 2, 772, 0]);
    expect(deep).toMatchObject({ mode: "rgb16", channels: 4 });
  });
});

const image = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    channels: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
    depth: fc.constantFrom(8 as const, 16 as const),
    interlace: fc.constantFrom("null" as const, "Adam7" as const),
  })
  .chain((of) => {
    const length = of.width * of.height * of.channels;
    const lengths = { minLength: length, maxLength: length };
    const data = of.depth === 8 ? fc.uint8Array(lengths) : fc.uint16Array(lengths);
    return fc.tuple(fc.constant(of), data);
  });

test("what an encoder wrote is read back, plain or interlaced, and equals itself", async () => {
  await fc.assert(
    fc.asyncProperty(image, async ([{ interlace, ...of }, data]) => {
      const bytes = encode({ ...of, data }, { interlace });
      const read = await readPng(bytes);

      expect({ ...read, samples: [...read.samples] }).toMatchObject({
        width: of.width,
        height: of.height,
        channels: of.channels,
        samples: [...data],
      });
      expect(await comparePng(bytes, encode({ ...of, data }))).toEqual({ status: "equal" });
    }),
  );
});

describe("what is refused", () => {
  const whole = grey([1, 2, 3, 4]);
  const refused = async (bytes: Uint8Array, message: RegExp): Promise<void> => {
    await expect(readPng(bytes)).rejects.toMatchObject({
      code: "REPLAY_PNG_INVALID",
      message: expect.stringMatching(message),
    });
  };

  test("images that announce more pixels than are decoded, before memory is taken", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const header = Buffer.from(whole.subarray(8, 33));
    header.writeUInt32BE(100_000, 8);
    header.writeUInt32BE(100_000, 12);
    const huge = Buffer.concat([
      whole.subarray(0, 8),
      chunk("IHDR", header.subarray(8, 21)),
      whole.subarray(33),
    ]);
    await refused(huge, /100000 x 100000 pixels/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  test("data that inflates to more or less than the pixels", async () => {
    const bomb = (bytes: number) =>
      Buffer.concat([
        whole.subarray(0, 33),
        chunk("IDAT", deflateSync(Buffer.alloc(bytes))),
        chunk("IEND", new Uint8Array()),
      ]);

    await refused(bomb(64 * 1024 * 1024), /cannot be inflated/);
    await refused(bomb(3), /less data/);
    expect((await readPng(bomb(5))).samples).toHaveLength(4);
  });

  test("damage anywhere", async () => {
    for (let at = 0; at < whole.byteLength; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x40;
      await refused(bytes, /image/);
      await refused(whole.subarray(0, at), /image/);
    }
    await refused(Buffer.concat([whole, Buffer.alloc(1)]), /goes on/);
  });

  test("unknown critical chunks, animations, chunks in wrong places, profiles are never inflated", async () => {
    await refused(grey([1], { chunks: [["ABCD", new Uint8Array()]] }), /unknown chunk/);
    await refused(grey([1], { chunks: [["acTL", new Uint8Array(8)]] }), /animated/);
    await refused(grey([1], { chunks: [["IHDR", new Uint8Array(13)]] }), /wrong place/);
    await refused(grey([1], { depth: 4, isInterlaced: true }), /interlaced/);
    const profile = Buffer.concat([Buffer.from("icc\0\0"), deflateSync(Buffer.alloc(1 << 28))]);
    expect((await readPng(grey([1], { chunks: [["iCCP", profile]] }))).channels).toBe(1);
  });
});
