import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { isResealError } from "@reseal/errors";
import type { JsonValue } from "@reseal/hash";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pieces, writeNpy } from "../test/npy-writer.ts";
import { type NpyArray, openNpy, readNpy } from "./npy.ts";
import type { NpyDtype } from "./npy-dtype.ts";
import { dtypeName } from "./npy-dtype-name.ts";
import { headerBytesMax } from "./npy-header.ts";
import { npyValues } from "./npy-value.ts";

interface Expected {
  readonly version?: readonly number[];
  readonly descr: string;
  readonly fortran_order: boolean;
  readonly shape: readonly number[];
  readonly data_offset: number;
  readonly data_sha256: string;
  readonly values: JsonValue;
  readonly numpy?: string;
}

const folder = new URL("../vectors/npy/", import.meta.url);
const vectors = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")) as {
  readonly files: Readonly<Record<string, Expected>>;
};
const names = Object.keys(vectors.files).filter((name) => name.endsWith(".npy"));
const isValid = (name: string): boolean => vectors.files[name]?.version !== undefined;

test("every vector is there", () => {
  expect(readdirSync(folder).filter((name) => name.endsWith(".npy"))).toEqual(names.toSorted());
  expect(names.filter(isValid).length).toBe(40);
  expect(names.length).toBe(49);
});

test.for(names.filter(isValid))("%s reads as NumPy reads it", async (name) => {
  const expected = vectors.files[name];
  const array = await readNpy(readFileSync(new URL(name, folder)));

  const type = dtypeName(array.dtype);
  expect({
    version: array.version,
    descr: array.dtype.kind === "struct" ? type : `'${type}'`,
    fortran_order: array.isFortranOrder,
    shape: array.shape,
    data_offset: array.dataOffset,
    data_sha256: createHash("sha256").update(array.data).digest("hex"),
    values: asNumpy(npyValues(array), array.dtype),
  }).toEqual({
    version: expected?.version,
    descr: expected?.descr,
    fortran_order: expected?.fortran_order,
    shape: expected?.shape,
    data_offset: expected?.data_offset,
    data_sha256: expected?.data_sha256,
    values: expected?.values,
  });
});

test.for([
  ["bad_extra_key.npy", "header"],
  // NumPy ignores what follows the array; nothing of ours may hide behind an array that is equal.
  ["bad_extra_trailing.npy", "trailing"],
  ["bad_magic.npy", "magic"],
  ["bad_negative_shape.npy", "shape"],
  ["bad_not_literal.npy", "header"],
  ["bad_shape_overflow.npy", "shape"],
  ["bad_truncated_data.npy", "truncated"],
  ["bad_truncated_header.npy", "truncated"],
  ["object_pickled.npy", "object"],
] as const)("%s is refused: %s", async ([name, reason]) => {
  const bytes = readFileSync(new URL(name, folder));

  expect(await refusal(readNpy(bytes))).toBe(reason);
  expect(await refusal(readNpy(pieces(bytes, [7])))).toBe(reason);
});

test("what is refused here is all that NumPy refuses, and one more", () => {
  const refused = names.filter((name) => !isValid(name));

  expect(refused.filter((name) => vectors.files[name]?.numpy === "ok")).toEqual([
    "bad_extra_trailing.npy",
  ]);
});

test("a header of version 2 may be longer than 64 KiB", async () => {
  const fields = Array.from(
    { length: 3000 },
    (_, index) => `('field_number_${String(index).padStart(5, "0")}', '<f8')`,
  );
  const descr = `[${fields.join(", ")}]`;
  const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }`;
  const prelude = Buffer.from("\x93NUMPY\x02\x00\xb4\x6b\x01\x00", "latin1");
  const bytes = Buffer.concat([
    prelude,
    Buffer.from(`${text.padEnd(93107)}\n`),
    Buffer.alloc(24000),
  ]);

  const { dtype, shape, dataOffset, data } = await readNpy(bytes);

  // The very file that NumPy wrote.
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(
    "cb72a7bd876b03d8f638bbdf24769de0e1fd990542aab1bb294c431303b42985",
  );
  expect(dtypeName(dtype)).toBe(descr);
  expect([shape, dataOffset, data.byteLength]).toEqual([[1], 93120, 24000]);
});

test("a header beyond the limit is refused before it is read", async () => {
  const prelude = Buffer.from("\x93NUMPY\x02\x00\x00\x00\x00\x00", "latin1");
  prelude.writeUInt32LE(headerBytesMax + 1, 8);

  expect(await refusal(readNpy(prelude))).toBe("limit");
});

describe("headers", () => {
  const header = (text: string, version: 1 | 2 | 3 = 1): Buffer => {
    const start = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0\0\0`, "latin1");
    start.writeUInt16LE(text.length, 8);
    return Buffer.concat([
      start,
      version === 1 ? Buffer.alloc(0) : Buffer.alloc(2),
      Buffer.from(text),
    ]);
  };
  const of = (descr: string, shape = "(0,)"): Buffer =>
    header(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`);

  test.for([
    ["'O'", "object"],
    ["'|O'", "object"],
    ["[('a', [('b', '|O')])]", "object"],
    ["[('a', ('|O', (2,)))]", "object"],
    ["[('a', '|O', (2, 2))]", "object"],
    ["'<z9'", "dtype"],
    ["'=f8'", "dtype"],
    ["'|f8'", "dtype"],
    ["'<f3'", "dtype"],
    ["'<i16'", "dtype"],
    ["'<f8[ns]'", "dtype"],
    ["'<M8[xs]'", "dtype"],
    ["'<M4[ns]'", "dtype"],
    ["'<f8 '", "dtype"],
    ["8", "dtype"],
    ["[('a', '<f8'), ('a', '<f8')]", "dtype"],
    ["[('', '<f8')]", "dtype"],
    ["[('a',)]", "dtype"],
    ["['<f8']", "dtype"],
    ["'|S99999999'", "limit"],
    ["[('a', '|V0', (999999999,))]", "limit"],
    ["[('a', '<f8', (-1,))]", "shape"],
    ["__import__('os')", "header"],
    ["'a' 'b'", "header"],
    ["'\\N{DIGIT ONE}'", "header"],
    ["b'<f8'", "header"],
    ["'<f8", "header"],
    ["'<f8' if 1 else 0", "header"],
    [`${"[".repeat(100)}${"]".repeat(100)}`, "header"],
  ] as const)("the type %s is refused: %s", async ([descr, reason]) => {
    expect(await refusal(readNpy(of(descr)))).toBe(reason);
  });

  test.for([
    ["0", "shape"],
    ["(0)", "shape"],
    ["[0]", "shape"],
    ["(4.0,)", "header"],
    ["(1e3,)", "header"],
    ["(True,)", "shape"],
    ["(-1,)", "shape"],
    ["(-0,)", undefined],
    ["(01,)", "header"],
    ["(9007199254740992,)", "shape"],
    ["(9007199254740991, 9007199254740991)", "shape"],
    ["(9007199254740991, 9007199254740991, 0)", undefined],
    [`(${"1, ".repeat(65)})`, "shape"],
    ["(0L,)", undefined],
  ] as const)("the shape %s: %s", async ([shape, reason]) => {
    expect(await refusal(readNpy(of("'<f8'", shape)))).toBe(reason);
  });

  test.for([
    "{'descr': '<f8', 'fortran_order': False}\n",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0,), 'shape': (0,)}\n",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0,), 'x': 1}\n",
    "{'descr': '<f8', 'fortran_order': 0, 'shape': (0,)}\n",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0,)} + {}\n",
    "['descr', '<f8']\n",
    "   \n",
    "   ",
  ])("the header %j is refused", async (text) => {
    expect(await refusal(readNpy(header(text)))).toBe("header");
  });

  test("other versions are refused", async () => {
    const bytes = of("'<f8'");
    for (const [major, minor] of [
      [0, 0],
      [4, 0],
      [1, 1],
    ] as const) {
      bytes[6] = major;
      bytes[7] = minor;
      expect(await refusal(readNpy(bytes))).toBe("version");
    }
  });

  test("titles name fields as well, and are taken once", async () => {
    const { dtype } = await readNpy(of("[(('Title', 'a'), '<f8')]"));

    expect(dtypeName(dtype)).toBe("[('a', '<f8')]");
    expect(await refusal(readNpy(of("[(('b', 'a'), '<f8'), ('b', '<f8')]")))).toBe("dtype");
  });
});

test("an array that does not fit is refused before memory is taken for it", async () => {
  const bytes = writeNpy({ descr: "'<f8'", shape: [1_000_000_000_000] }, new Uint8Array(8));

  expect(await refusal(readNpy(bytes))).toBe("truncated");
  expect(await refusal(readNpy(pieces(bytes, [64])))).toBe("limit");
  expect(await refusal(openNpy(pieces(bytes, [64]), { size: bytes.byteLength }))).toBe("truncated");
});

const descrs = ["'|b1'", "'|i1'", "'<u2'", "'>i4'", "'<f4'", "'>f8'", "'<c16'", "'|S3'", "'<U2'"];
const sizes: Readonly<Record<string, number>> = { c16: 16, S3: 3, U2: 8 };
const sizeOf = (descr: string): number => {
  const code = descr.slice(2, -1);
  return sizes[code] ?? Number(code.slice(1));
};

test("what the test writer writes is read back, in any pieces", async () => {
  const shape = fc.array(fc.nat(4), { maxLength: 4 });
  const array = fc
    .record({
      descr: fc.constantFrom(...descrs),
      shape,
      isFortranOrder: fc.boolean(),
      version: fc.constantFrom(1 as const, 2 as const, 3 as const),
    })
    .chain((of) => {
      const length = of.shape.reduce((product, dimension) => product * dimension, sizeOf(of.descr));
      return fc.tuple(fc.constant(of), fc.uint8Array({ minLength: length, maxLength: length }));
    });
  await fc.assert(
    fc.asyncProperty(
      array,
      fc.array(fc.nat(100), { minLength: 1 }),
      async ([of, data], lengths) => {
        const read = await readNpy(pieces(writeNpy(of, data), lengths));

        expect([`'${dtypeName(read.dtype)}'`, read.shape, read.isFortranOrder]).toEqual([
          of.descr,
          of.shape,
          of.isFortranOrder,
        ]);
        expect(read.data).toEqual(data);
        expect(read.version).toEqual([of.version, 0]);
      },
    ),
  );
});

test("damage is read as another array or refused, never anything else", async () => {
  const whole = readFileSync(new URL("structured_subarray.npy", folder));
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.byteLength - 1), fc.nat(255), async (at, byte) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      const read: NpyArray | string | undefined = await readNpy(bytes).catch(
        async (error) => await refusal(Promise.reject(error)),
      );
      expect(["string", "object"]).toContain(typeof read);
    }),
    { numRuns: 500 },
  );
});

/** Why something is refused; `undefined` when it is not. Any other error is the test's failure. */
async function refusal(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (!isResealError(error) || error.code !== "REPLAY_NPY_INVALID") throw error;
    return String(error.details?.reason);
  }
}

/** Values of ours as `expected.json` has NumPy's: with Python's texts for what JSON lacks. */
function asNumpy(value: JsonValue, dtype: NpyDtype): JsonValue {
  if (Array.isArray(value) && !(dtype.kind === "complex" && typeof value[0] !== "object"))
    return value.map((item) => asNumpy(item, dtype));
  if (dtype.kind === "struct")
    return dtype.fields.map(({ name, dtype: of }) => {
      const item = (value as Readonly<Record<string, JsonValue>>)[name] ?? null;
      if (of.kind !== "array") return asNumpy(item, of);
      const rows = item as readonly (readonly number[])[];
      return `[${rows.map((row) => `[${row.map((x) => `${x}.`).join(" ")}]`).join("\n ")}]`;
    });
  switch (dtype.kind) {
    case "complex":
      return `(${(value as readonly number[]).join("+")}j)`;
    case "bytes":
      return `b'${value}'`;
    case "void":
      return `b'${String(value).replaceAll(/../g, "\\x$&")}'`;
    case "datetime":
      if (value === "NaT") return null;
      return dtype.unit === "25s"
        ? new Date(Number(value) * 25_000).toISOString().replace(/T(.*)\..*/, " $1")
        : value;
    case "timedelta":
      return `${value} ${Math.abs(Number(value)) === 1 ? "day" : "days"}, 0:00:00`;
    case "float":
      return dtype.itemsize === 16 ? extended(String(value)) : value;
    default:
      return value;
  }
}

/** The value of an 80-bit float of an x86 processor. */
function extended(hex: string): string {
  const bytes = Buffer.from(hex, "hex");
  const exponent = bytes.readUInt16LE(8) - 16383;
  return String(Number(bytes.readBigUInt64LE(0)) * 2 ** (exponent - 63));
}
