import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { doubles, pieces, type WrittenNpy, writeNpy } from "../test/npy-writer.ts";
import { compareNpy } from "./compare-npy.ts";
import type { PayloadComparison } from "./payload-comparison.ts";
import { exact, type NumberTolerance } from "./tolerance.ts";

const compare = async (
  a: Uint8Array,
  b: Uint8Array,
  tolerance: NumberTolerance = exact,
): Promise<PayloadComparison> => await compareNpy(pieces(a, [100]), pieces(b, [33]), tolerance);

/** Elements of any type, given as the numbers of a typed array. */
const array = (
  descr: string,
  data: { readonly buffer: ArrayBufferLike },
  shape: readonly number[],
  more: Partial<WrittenNpy> = {},
): Buffer => writeNpy({ descr: `'${descr}'`, shape, ...more }, new Uint8Array(data.buffer));

describe("doubles", () => {
  test("the first difference is an index with both values; errors are of the whole", async () => {
    const a = doubles([1, 2, 3, 4, 5, 6], [2, 3]);
    const b = doubles([1, 2, 3, 4, 5.5, 12], [2, 3]);

    expect(await compare(a, b)).toEqual({
      status: "different",
      firstDifference: { index: [1, 1], original: 5, candidate: 5.5 },
      maxAbsoluteError: 6,
      maxRelativeError: 1,
      maxUlpError: 2 ** 52,
      differingCount: 2,
    });
  });

  test("one unit in the last place is within ulp: 4 and different without", async () => {
    const [a, b] = [doubles([0, 0.3]), doubles([0, 0.1 + 0.2])];

    expect(await compare(a, b, { ...exact, ulp: 4 })).toMatchObject({
      status: "within_tolerance",
      maxUlpError: 1,
      differingCount: 1,
    });
    expect(await compare(a, b)).toMatchObject({ status: "different", maxUlpError: 1 });
  });

  test("-0 equals 0, any NaN any other, and an infinity only itself", async () => {
    const bits = new BigUint64Array([0n, 0x7ff8_0000_0000_0001n, 0x7ff0_0000_0000_0000n]);
    const a = array("<f8", bits, [3]);
    const b = doubles([-0, Number.NaN, Number.POSITIVE_INFINITY]);

    expect(await compare(a, b)).toEqual({ status: "equal" });
    expect(
      await compare(doubles([1]), doubles([Number.POSITIVE_INFINITY]), {
        absolute: 1e300,
        relative: 1e300,
      }),
    ).toEqual({
      status: "different",
      firstDifference: { index: [0], original: 1, candidate: "Infinity" },
      maxAbsoluteError: Number.POSITIVE_INFINITY,
      maxRelativeError: Number.POSITIVE_INFINITY,
      maxUlpError: Number.POSITIVE_INFINITY,
      differingCount: 1,
    });
  });

  test("NaN differs from NaN on demand, also in the same bytes", async () => {
    const a = doubles([0, Number.NaN]);

    expect(await compare(a, a, { ...exact, nan: "different" })).toEqual({
      status: "different",
      firstDifference: { index: [1], original: "NaN", candidate: "NaN" },
      differingCount: 1,
    });
  });

  test("without dimensions the index is empty", async () => {
    expect((await compare(doubles([1], []), doubles([2], []))).firstDifference).toEqual({
      index: [],
      original: 1,
      candidate: 2,
    });
    expect(await compare(doubles([], [0, 3]), doubles([], [0, 3]))).toEqual({ status: "equal" });
  });
});

describe("what the whole differs in", () => {
  test("type and shape", async () => {
    const single = array("<f4", Float32Array.of(1, 2), [2]);

    expect(await compare(doubles([1, 2]), single)).toEqual({
      status: "different",
      firstDifference: { aspect: "dtype", original: "<f8", candidate: "<f4" },
    });
    expect(await compare(doubles([1, 2]), doubles([1, 2], [2, 1]))).toEqual({
      status: "different",
      firstDifference: { aspect: "shape", original: [2], candidate: [2, 1] },
    });
    const days = (unit: string) => array(`<M8[${unit}]`, BigInt64Array.of(1n), [1]);
    expect((await compare(days("D"), days("s"))).firstDifference?.aspect).toBe("dtype");
  });

  test("the order of bytes and of dimensions is no difference", async () => {
    const columns = array("<f8", Float64Array.of(1, 4, 2, 5, 3, 6), [2, 3], {
      isFortranOrder: true,
    });
    const swapped = Buffer.from(Float64Array.of(1, 2, 3, 4, 5, 6).buffer).swap64();
    const rows = writeNpy({ descr: "'>f8'", shape: [2, 3] }, swapped);

    expect(await compare(doubles([1, 2, 3, 4, 5, 6], [2, 3]), columns)).toEqual({
      status: "equal",
    });
    expect(await compare(columns, rows)).toEqual({ status: "equal" });
    expect((await compare(columns, doubles([1, 2, 9, 4, 5, 6], [2, 3]))).firstDifference).toEqual({
      index: [0, 2],
      original: 3,
      candidate: 9,
    });
  });

  test("too large arrays in different orders are told so", async () => {
    const columns = array("<f8", new Float64Array(4), [2, 2], { isFortranOrder: true });
    const rows = doubles([0, 0, 0, 0], [2, 2]);
    const result = await compareNpy(pieces(columns, [99]), pieces(rows, [99]), exact, {
      reorderedBytesMax: 31,
    });

    expect(result.firstDifference).toEqual({
      aspect: "order",
      original: "columns first",
      candidate: "rows first",
    });
  });

  test("with columns first, the smallest index counts, not the first in the file", async () => {
    const columns = (values: number[]) =>
      array("<f8", Float64Array.from(values), [2, 2], { isFortranOrder: true });

    // In the file stand [0, 0], [1, 0], [0, 1], [1, 1].
    const result = await compare(columns([0, 0, 0, 0]), columns([0, 1, 1, 0]));
    expect(result.firstDifference).toMatchObject({ index: [0, 1] });
  });
});

describe("other types", () => {
  test.for([
    ["|b1", Uint8Array.of(1, 0), Uint8Array.of(2, 1), [1], false, true, {}],
    ["|i1", Int8Array.of(1, -1), Int8Array.of(1, 1), [1], -1, 1, { maxAbsoluteError: 2 }],
    ["|u1", Uint8Array.of(1, 255), Uint8Array.of(1, 0), [1], 255, 0, { maxAbsoluteError: 255 }],
    ["<i2", Int16Array.of(-5), Int16Array.of(5), [0], -5, 5, { maxAbsoluteError: 10 }],
    ["<u4", Uint32Array.of(2 ** 32 - 1), Uint32Array.of(0), [0], 2 ** 32 - 1, 0, {}],
    [
      "<i8",
      BigInt64Array.of(2n ** 60n),
      BigInt64Array.of(2n ** 60n + 1n),
      [0],
      "1152921504606846976",
      "1152921504606846977",
      { maxAbsoluteError: 1 },
    ],
    [
      "<u8",
      BigUint64Array.of(2n ** 64n - 1n),
      BigUint64Array.of(7n),
      [0],
      "18446744073709551615",
      7,
      {},
    ],
    [
      "<f2",
      Uint16Array.of(0x3c00, 0x7e00),
      Uint16Array.of(0x3c01, 0x7e01),
      [0],
      1,
      1 + 2 ** -10,
      { maxUlpError: 1, differingCount: 1 },
    ],
    [
      "<f4",
      Float32Array.of(1),
      Float32Array.of(1 + 2 ** -23),
      [0],
      1,
      1 + 2 ** -23,
      { maxUlpError: 1 },
    ],
    [
      "<c16",
      Float64Array.of(3, 4),
      Float64Array.of(6, 8),
      [0],
      [3, 4],
      [6, 8],
      { maxAbsoluteError: 5, maxRelativeError: 1, maxUlpError: 2 ** 52 },
    ],
    [
      "<c8",
      Float32Array.of(Number.NaN, 1),
      Float32Array.of(Number.NaN, 2),
      [0],
      ["NaN", 1],
      ["NaN", 2],
      {},
    ],
    ["<M8[ns]", BigInt64Array.of(5n), BigInt64Array.of(-(2n ** 63n)), [0], 5, "NaT", {}],
    ["<m8[D]", BigInt64Array.of(1n), BigInt64Array.of(2n), [0], 1, 2, {}],
    ["|S2", Uint8Array.of(97, 0), Uint8Array.of(97, 98), [0], "a", "ab", {}],
    ["<U1", Uint32Array.of(0x1f600), Uint32Array.of(0xd800), [0], "\u{1f600}", "\ufffd", {}],
    ["|V2", Uint8Array.of(1, 2), Uint8Array.of(1, 3), [0], "0102", "0103", {}],
    [
      "<f16",
      new Uint8Array(16),
      new Uint8Array(16).fill(1),
      [0],
      "00".repeat(16),
      "01".repeat(16),
      {},
    ],
  ] as const)("%s", async ([descr, a, b, index, original, candidate, more]) => {
    const itemsize = descr === "<f16" ? 16 : undefined;
    const length = itemsize
      ? 1
      : descr.startsWith("<c")
        ? 1
        : descr.startsWith("|S") || descr.startsWith("|V")
          ? 1
          : a.length;
    const [left, right] = [array(descr, a, [length]), array(descr, b, [length])];

    expect(await compare(left, right)).toMatchObject({
      status: "different",
      firstDifference: { index, original, candidate },
      ...more,
    });
    expect(await compare(left, left)).toEqual({ status: "equal" });
  });

  test("only numbers have tolerances", async () => {
    const wide = { absolute: 1e9, relative: 1e9, ulp: 1e9 };
    const bool = (x: number) => array("|b1", Uint8Array.of(x), [1]);
    const date = (x: bigint) => array("<M8[s]", BigInt64Array.of(x), [1]);
    const integer = (x: number) => array("<i4", Int32Array.of(x), [1]);
    const complex = (x: number) => array("<c16", Float64Array.of(1, x), [1]);

    expect((await compare(bool(0), bool(1), wide)).status).toBe("different");
    expect((await compare(date(0n), date(1n), wide)).status).toBe("different");
    expect((await compare(integer(0), integer(1), wide)).status).toBe("within_tolerance");
    expect((await compare(integer(0), integer(1), { ...exact, ulp: 9 })).status).toBe("different");
    expect((await compare(complex(1), complex(2), wide)).status).toBe("within_tolerance");
    const next = complex(1 + Number.EPSILON);
    expect((await compare(complex(1), next, { ...exact, ulp: 1 })).status).toBe("within_tolerance");
  });

  test("NaT is equal to itself, or not, as NaN is", async () => {
    const none = array("<M8[s]", BigInt64Array.of(-(2n ** 63n)), [1]);

    expect(await compare(none, none)).toEqual({ status: "equal" });
    expect((await compare(none, none, { ...exact, nan: "different" })).status).toBe("different");
  });

  test("records name the field; padding is no data; an element counts once", async () => {
    const descr = "[('a', '|i1'), ('', '|V3'), ('m', '<f4', (2, 2)), ('n', [('p', '>u2')])]";
    const record = (a: number, padding: number, m: number, p: number): Buffer => {
      const bytes = Buffer.alloc(22, padding);
      bytes.writeInt8(a, 0);
      for (let at = 4; at < 20; at += 4) bytes.writeFloatLE(at === 12 ? m : 0, at);
      bytes.writeUInt16BE(p, 20);
      return bytes;
    };
    const of = (...records: Buffer[]) =>
      writeNpy({ descr, shape: [records.length] }, Buffer.concat(records));
    const a = of(record(1, 0, 2, 3), record(1, 0, 2, 3));

    expect(await compare(a, of(record(1, 9, 2, 3), record(1, 8, 2, 3)))).toEqual({
      status: "equal",
    });
    expect(await compare(a, of(record(1, 0, 2, 3), record(1, 0, 4, 5)))).toMatchObject({
      firstDifference: { index: [1], field: "m[1][0]", original: 2, candidate: 4 },
      differingCount: 1,
    });
    expect((await compare(a, of(record(1, 0, 2, 4), record(1, 0, 2, 3)))).firstDifference).toEqual({
      index: [0],
      field: "n.p",
      original: 3,
      candidate: 4,
    });
  });
});

test("a file that ends early or goes on is refused, also where only its end tells", async () => {
  const a = doubles([1, 2]);
  for (const b of [a.subarray(0, -1), Buffer.concat([a, Buffer.alloc(1)])]) {
    await expect(compare(a, b)).rejects.toMatchObject({ code: "REPLAY_NPY_INVALID" });
    await expect(compare(b, a)).rejects.toMatchObject({ code: "REPLAY_NPY_INVALID" });
  }
});

test("sources are closed, whatever happens", async () => {
  let open = 0;
  const source = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    open += 1;
    try {
      yield* pieces(bytes, [16]);
    } finally {
      open -= 1;
    }
  };

  await compareNpy(source(doubles([1])), source(doubles([1, 2])));
  await expect(compareNpy(source(doubles([1])), source(Buffer.alloc(99)))).rejects.toThrow();

  expect(open).toBe(0);
});

const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, 1 + Number.EPSILON, Number.NaN));
const size = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const pair = fc
  .nat(20)
  .chain((length) =>
    fc.tuple(...[0, 1].map(() => fc.array(value, { minLength: length, maxLength: length }))),
  );

test("an array equals itself; verdicts of absolute and ulp are the same both ways", async () => {
  await fc.assert(
    fc.asyncProperty(pair, size, fc.maxSafeNat(), async ([a = [], b = []], absolute, ulp) => {
      const tolerance = { absolute, relative: 0, ulp };
      expect(await compare(doubles(a), doubles(a))).toEqual({ status: "equal" });
      const there = await compare(doubles(a), doubles(b), tolerance);
      const back = await compare(doubles(b), doubles(a), tolerance);
      expect(back.status).toBe(there.status);
      expect(back.firstDifference?.index).toEqual(there.firstDifference?.index);
      expect(back.differingCount).toBe(there.differingCount);
    }),
  );
});

test("a larger tolerance never makes a verdict worse", async () => {
  const rank = { equal: 0, within_tolerance: 1, different: 2 };
  await fc.assert(
    fc.asyncProperty(
      pair,
      size,
      size,
      fc.nat(9),
      fc.nat(9),
      async ([a = [], b = []], x, y, u, v) => {
        const small = await compare(doubles(a), doubles(b), { absolute: x, relative: 0, ulp: u });
        const large = await compare(doubles(a), doubles(b), {
          absolute: x + y,
          relative: y,
          ulp: u + v,
        });
        expect(rank[large.status]).toBeLessThanOrEqual(rank[small.status]);
      },
    ),
  );
});

test("the fast way for numbers finds what the general one finds", async () => {
  const swapped = (values: readonly number[], width: 4 | 8): Buffer => {
    const typed = width === 8 ? Float64Array.from(values) : Float32Array.from(values);
    const bytes = Buffer.from(typed.buffer);
    const data = width === 8 ? bytes.swap64() : bytes.swap32();
    return writeNpy({ descr: `'>f${width}'`, shape: [values.length] }, data);
  };
  const straight = (values: readonly number[], width: 4 | 8): Buffer =>
    width === 8 ? doubles(values) : array("<f4", Float32Array.from(values), [values.length]);
  await fc.assert(
    fc.asyncProperty(
      pair,
      size,
      fc.nat(9),
      fc.constantFrom(4 as const, 8 as const),
      async ([a = [], b = []], absolute, ulp, width) => {
        const tolerance = { absolute, relative: 1e-6, ulp };
        const general = await compare(swapped(a, width), swapped(b, width), tolerance);
        const fast = await compare(straight(a, width), straight(b, width), tolerance);
        expect(fast).toEqual(general);
      },
    ),
  );
});
