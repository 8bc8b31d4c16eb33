import { crc32, deflateRawSync } from "node:zlib";
import {
  type ArchiveParts,
  buildZip,
  descriptor,
  type EntryParts,
  extraField,
  longs,
  words,
  zip64End,
} from "./zip-builder.ts";

const one: EntryParts = { name: "a.txt" };
export const two: EntryParts = { name: "b.txt", data: "other\n" };
const open: EntryParts = { name: "a.txt", flags: 0x0808 };
const deflated: EntryParts = { name: "a.txt", method: 8, data: "aaaaaaaaaaaaaaaaaaaaaaaa" };
const named = (name: string | Buffer): EntryParts[] => [{ name }];
const mode = (bits: number): EntryParts[] => [{ name: "a", external: bits * 2 ** 16 }];
const garbage = Buffer.from("garbage");
const nested = buildZip([{ name: "inner.txt" }]);

/** What it is, code and reason of the refusal (`undefined`: it is taken), and how to build it. */
export type Case = readonly [string, string | undefined, readonly EntryParts[], ArchiveParts?];

export const cases: readonly Case[] = [
  ["no entry at all", undefined, []],
  ["a comment", undefined, [one], { comment: Buffer.from("made by hand") }],
  ["a comment as long as it can be", undefined, [one], { comment: Buffer.alloc(65_535, "x") }],
  ["an entry with a comment", undefined, [{ ...one, comment: Buffer.from("note") }]],
  ["an archive inside", undefined, [{ name: "inner.zip", data: nested }]],
  ["another order in the directory", undefined, [one, two], { order: [1, 0] }],
  ["a folder", undefined, [{ name: "a/", data: "" }, { name: "a/b" }]],
  ["a deflated folder", undefined, [{ name: "a/", data: "", method: 8 }]],
  [
    "a folder that passes its group on",
    undefined,
    [{ name: "a/", data: "", external: 0o42755 * 2 ** 16 }],
  ],
  [
    "padding of 3 zeros in the extra fields",
    undefined,
    [{ ...one, centralExtra: Buffer.alloc(3) }],
  ],
  [
    "names that begin with dots",
    undefined,
    [{ name: "..foo" }, { name: "...bar" }, { name: ".c" }],
  ],
  ["a name beyond ASCII without flag from Unix", undefined, [{ name: "é", flags: 0 }]],
  [
    "the same name in a Unicode extra field",
    undefined,
    [
      {
        ...one,
        centralExtra: extraField(
          0x7075,
          Buffer.concat([Buffer.from([1]), words(crc32("a.txt")), Buffer.from("a.txt")]),
        ),
      },
    ],
  ],
  ...[true, false].flatMap((signed) =>
    [true, false].map(
      (long): Case => [
        `a descriptor ${signed ? "with" : "without"} signature, ${long ? "long" : "short"}`,
        undefined,
        [{ ...open, after: descriptor(open, signed, long) }, two],
      ],
    ),
  ),
  ["ZIP64 records that nobody needs", undefined, [one], { beforeEnd: zip64End({}) }],
  [
    "ZIP64 records in use",
    undefined,
    [one],
    {
      beforeEnd: zip64End({}),
      count: 0xffff,
      directoryOffset: 0xffffffff,
      directorySize: 0xffffffff,
    },
  ],
  [
    "ZIP64 sizes",
    undefined,
    [
      {
        ...one,
        size: 0xffffffff,
        compressedSize: 0xffffffff,
        centralExtra: extraField(1, longs(6, 6)),
        local: { extra: extraField(1, longs(6, 6)) },
      },
    ],
  ],
  [
    "ZIP64 sizes that repeat the short ones",
    undefined,
    [
      {
        ...one,
        centralExtra: extraField(1, longs(6, 6)),
        local: { extra: extraField(1, longs(6, 6)) },
      },
    ],
  ],

  ["something before the first entry", "CORRUPT tiling", [one], { prefix: garbage }],
  ["something behind the end", "CORRUPT end_record", [one], { suffix: garbage }],
  ["another archive behind the end", "CORRUPT directory", [one], { suffix: nested }],
  ["an end record in the comment", "CORRUPT end_record", [one], { comment: nested.subarray(-22) }],
  [
    "the mark of an end record in the comment",
    "CORRUPT end_record",
    [one],
    { comment: words(0x06054b50) },
  ],
  ["two archives in one", "CORRUPT tiling", [one], { prefix: nested }],
  ["something between two entries", "CORRUPT tiling", [one, { ...two, before: garbage }]],
  [
    "something between the last entry and the directory",
    "CORRUPT tiling",
    [{ ...one, after: garbage }],
  ],
  [
    "something between the directory and the end",
    "CORRUPT directory",
    [one],
    { beforeEnd: () => garbage },
  ],
  [
    "an entry that the directory does not know",
    "CORRUPT tiling",
    [one, { ...two, isHidden: true }],
  ],
  ["only entries that the directory does not know", "CORRUPT tiling", [{ ...one, isHidden: true }]],
  ["more entries counted than there are", "CORRUPT directory", [one], { count: 2 }],
  ["fewer entries counted than there are", "CORRUPT directory", [one, two], { count: 1 }],
  ["a directory that starts elsewhere", "CORRUPT directory", [one], { directoryOffset: 1 }],
  ["a directory that is longer", "CORRUPT directory", [one], { directorySize: 99 }],
  ["two entries with one body", "CORRUPT tiling", [one, { ...two, offset: 0 }]],
  ["an offset beyond the file", "CORRUPT tiling", [{ ...one, offset: 0xfffffff0 }]],
  [
    "a body that reaches into the next entry",
    "CORRUPT tiling",
    [{ ...one, size: 20, compressedSize: 20, local: { size: 20, compressedSize: 20 } }, two],
  ],
  ["several files for one archive", "UNSUPPORTED multi_disk", [one], { disk: 1 }],
  ["an entry in another file", "UNSUPPORTED multi_disk", [{ ...one, disk: 3 }]],

  [
    "ZIP64 records that disagree in count",
    "CORRUPT zip64",
    [one],
    { beforeEnd: zip64End({ count: 2 }) },
  ],
  [
    "ZIP64 records that disagree in place",
    "CORRUPT zip64",
    [one],
    { beforeEnd: zip64End({ offset: 1 }) },
  ],
  [
    "a ZIP64 record with an extensible part",
    "CORRUPT zip64",
    [one],
    { beforeEnd: zip64End({ recordSize: 60 }) },
  ],
  [
    "ZIP64 records for several files",
    "UNSUPPORTED multi_disk",
    [one],
    { beforeEnd: zip64End({ disks: 2 }) },
  ],
  [
    "ZIP64 sizes that disagree",
    "CORRUPT zip64",
    [{ ...one, centralExtra: extraField(1, longs(7, 7)) }],
  ],
  [
    "a ZIP64 field of a wrong length",
    "CORRUPT zip64",
    [{ ...one, size: 0xffffffff, centralExtra: extraField(1, Buffer.alloc(4)) }],
  ],
  ["a ZIP64 field that is missing", "CORRUPT zip64", [{ ...one, size: 0xffffffff }]],
  [
    "a size of 2^62",
    "CORRUPT zip64",
    [{ ...one, size: 0xffffffff, centralExtra: extraField(1, longs(2n ** 62n)) }],
  ],
  [
    "an extra field that is there twice",
    "CORRUPT extra_field",
    [{ ...one, centralExtra: Buffer.concat([extraField(1, longs()), extraField(1, longs())]) }],
  ],
  [
    "an extra field that is too long",
    "CORRUPT extra_field",
    [{ ...one, centralExtra: Buffer.from([1, 2, 9, 0, 0]) }],
  ],
  [
    "bytes behind the extra fields",
    "CORRUPT extra_field",
    [{ ...one, centralExtra: Buffer.from([7, 7]) }],
  ],

  [
    "another name in the local header",
    "CORRUPT local_header",
    [{ ...one, local: { name: Buffer.from("b.txt") } }],
  ],
  [
    "a longer name in the local header",
    "CORRUPT local_header",
    [{ ...one, local: { name: Buffer.from("a.txt2") } }],
  ],
  [
    "a name without end in the local header",
    "CORRUPT local_header",
    [{ ...one, local: { nameLength: 0xffff } }],
  ],
  [
    "another method in the local header",
    "CORRUPT local_header",
    [{ ...one, local: { method: 8 } }],
  ],
  ["other flags in the local header", "CORRUPT local_header", [{ ...one, local: { flags: 0 } }]],
  ["another checksum in the local header", "CORRUPT local_header", [{ ...one, local: { crc: 1 } }]],
  ["another size in the local header", "CORRUPT local_header", [{ ...one, local: { size: 1 } }]],
  ["no mark at the local header", "CORRUPT local_header", [{ ...one, local: { signature: 0 } }]],
  [
    "a wrong size before a descriptor",
    "CORRUPT local_header",
    [{ ...open, local: { size: 5 }, after: descriptor(open, true, false) }],
  ],
  ["no descriptor where one is announced", "CORRUPT descriptor", [open]],
  [
    "a descriptor that disagrees",
    "CORRUPT descriptor",
    [{ ...open, after: words(0x08074b50, 1, 6, 6) }],
  ],
  [
    "a descriptor with another mark",
    "CORRUPT descriptor",
    [{ ...open, after: words(7, crc32("hello\n"), 6, 6) }],
  ],

  ["a wrong checksum", "CORRUPT crc", [{ ...one, crc: 1, local: { crc: 1 } }]],
  ["stored with two sizes", "CORRUPT data", [{ ...one, size: 5 }]],
  [
    "deflated data that is cut",
    "CORRUPT data",
    [{ ...deflated, compressed: deflateRawSync("a".repeat(24)).subarray(0, -1) }],
  ],
  [
    "deflated data with something behind",
    "CORRUPT data",
    [{ ...deflated, compressed: Buffer.concat([deflateRawSync("a".repeat(24)), garbage]) }],
  ],
  ["deflated data that is none", "CORRUPT data", [{ ...deflated, compressed: garbage }]],
  ["more data than it says", "CORRUPT data", [{ ...deflated, size: 23 }]],
  ["less data than it says", "CORRUPT data", [{ ...deflated, size: 25 }]],
  [
    "256 MiB that claim to be nothing",
    "CORRUPT data",
    [
      {
        name: "bomb",
        method: 8,
        size: 0,
        crc: 0,
        compressed: deflateRawSync(Buffer.alloc(2 ** 28)),
      },
    ],
  ],
  ["more than deflate can hold", "CORRUPT ratio", [{ ...deflated, size: 1_000_000 }]],
  [
    "a bomb that tells the truth",
    "LIMIT ratio",
    [
      {
        name: "bomb",
        method: 8,
        compressed: deflateRawSync(Buffer.alloc(2 ** 25)),
        size: 2 ** 25,
        crc: crc32(Buffer.alloc(2 ** 25)),
      },
    ],
  ],
  ["a bomb of small parts", "LIMIT ratio", bombOfParts()],

  ["a password", "UNSUPPORTED encrypted", [{ ...one, flags: 0x0801 }]],
  ["strong encryption", "UNSUPPORTED encrypted", [{ ...one, flags: 0x0841 }]],
  ["masked headers", "UNSUPPORTED encrypted", [{ ...one, flags: 0x2800 }]],
  [
    "AES in an extra field",
    "UNSUPPORTED encrypted",
    [{ ...one, centralExtra: extraField(0x9901, Buffer.alloc(7)) }],
  ],
  ["a patch", "UNSUPPORTED flags", [{ ...one, flags: 0x0820 }]],
  ...[1, 6, 9, 12, 14, 93, 95, 98, 99].map(
    (method): Case => [`method ${method}`, "UNSUPPORTED method", [{ ...one, method }]],
  ),

  ...[
    "../a",
    "a/../b",
    "..",
    "a/..",
    "/a",
    "//a",
    "C:/a",
    "c:a",
    "a:b",
    "a\\b",
    "..\\a",
    "\\\\host\\a",
    "./a",
    "a/./b",
    "a//b",
    "a/",
    "a\0b",
    "a\nb",
    "a\u001b[2Jb",
    "a\u007f",
    "a\u0085",
    "a ",
    "a.",
    "a /b",
    "a./b",
    "con",
    "NUL.txt",
    "a/com1",
    "lpt9.log",
    "COM¹",
    "aux .txt",
    "conin$",
    "a\u202eb",
    "a\u2066b",
    "e\u0301",
    "~".repeat(256),
    `${"d/".repeat(2100)}x`,
    "-",
  ].map(
    (name): Case => [
      `the name ${JSON.stringify(name.slice(0, 20))}`,
      name === "a/" ? "CORRUPT folder" : "UNSAFE name",
      named(name),
    ],
  ),
  ["no name", "UNSAFE name", named("")],
  ["a name of one slash", "UNSAFE name", named("/")],
  ["a name that is not UTF-8", "UNSAFE name", named(Buffer.from([0x61, 0xff]))],
  [
    "a name in overlong UTF-8",
    "UNSAFE name",
    named(Buffer.from([0xc0, 0xae, 0xc0, 0xae, 0x2f, 0x61])),
  ],
  ["a surrogate in a name", "UNSAFE name", named(Buffer.from([0xed, 0xa0, 0x80]))],
  ["a byte order mark", undefined, named("\ufeffa")],
  ["a name in code page 437", "UNSAFE name", [{ name: Buffer.from([0x82]), flags: 0, host: 0 }]],
  [
    "a name beyond ASCII without flag from elsewhere",
    "UNSAFE name",
    [{ name: "é", flags: 0, host: 0 }],
  ],
  [
    "another name in a Unicode extra field",
    "UNSAFE name",
    [
      {
        ...one,
        local: {
          extra: extraField(
            0x7075,
            Buffer.concat([Buffer.from([1]), words(crc32("a.txt")), Buffer.from("../a")]),
          ),
        },
      },
    ],
  ],
  ["a name twice", "UNSAFE name", [one, one]],
  ["names that differ by case", "UNSAFE name", [one, { name: "A.TXT" }]],
  [
    "names that differ by case beyond ASCII",
    "UNSAFE name",
    [{ name: "straße" }, { name: "STRASSE" }],
  ],
  ["folders that differ by case", "UNSAFE name", [{ name: "a/b" }, { name: "A/c" }]],
  ["a file that is also a folder", "UNSAFE name", [{ name: "a" }, { name: "a/b" }]],
  ["a file that is also an empty folder", "UNSAFE name", [{ name: "a" }, { name: "a/", data: "" }]],
  [
    "a folder twice",
    "UNSAFE name",
    [
      { name: "a/", data: "" },
      { name: "a/", data: "" },
    ],
  ],
  ["a folder that differs by case", "UNSAFE name", [{ name: "A/", data: "" }, { name: "a/b" }]],
  ["129 folders", "UNSAFE name", named(`${"d/".repeat(128)}x`)],
  ["128 folders", undefined, named(`${"d/".repeat(127)}x`)],

  ...[0o120777, 0o010644, 0o020644, 0o060644, 0o140755, 0o160644].map(
    (bits): Case => [`mode ${bits.toString(8)}`, "UNSAFE attributes", mode(bits)],
  ),
  ...[0o104755, 0o102755, 0o101755].map(
    (bits): Case => [`mode ${bits.toString(8)}`, "UNSAFE attributes", mode(bits)],
  ),
  [
    "a link that says it comes from DOS",
    "UNSAFE attributes",
    [{ ...one, host: 0, external: 0o120777 * 2 ** 16 }],
  ],
  [
    "a file that says it is a folder",
    "UNSAFE attributes",
    [{ ...one, external: 0o040755 * 2 ** 16 }],
  ],
  ["a file that DOS calls a folder", "UNSAFE attributes", [{ ...one, external: 0x10 }]],
  [
    "a folder that says it is a file",
    "UNSAFE attributes",
    [{ name: "a/", data: "", external: 0o100644 * 2 ** 16 }],
  ],
  ["a volume label", "UNSAFE attributes", [{ ...one, external: 0x08 }]],
  ["a link of Windows", "UNSAFE attributes", [{ ...one, external: 0x400 }]],
  [
    "a link by an extra field",
    "UNSAFE attributes",
    [
      {
        ...one,
        centralExtra: extraField(
          0x756e,
          Buffer.concat([Buffer.alloc(4), Buffer.from([0xff, 0xa1]), Buffer.alloc(8), garbage]),
        ),
      },
    ],
  ],
  [
    "a device by an extra field",
    "UNSAFE attributes",
    [{ ...one, local: { extra: extraField(0x0d, Buffer.alloc(20)) } }],
  ],
  ["a folder with data", "CORRUPT folder", [{ name: "a/", external: 0 }]],
];

function bombOfParts(): EntryParts[] {
  const data = Buffer.alloc(2 ** 20);
  const part = {
    method: 8,
    compressed: deflateRawSync(data),
    size: data.byteLength,
    crc: crc32(data),
  };
  return Array.from({ length: 40 }, (_, number) => ({ name: `part${number}`, ...part }));
}
