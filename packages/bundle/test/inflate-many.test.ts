import { crc32, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ManyInflater } from "../src/zip/inflate-many.ts";
import { readSmall, type SmallEntry } from "../src/zip/read-small.ts";
import { openZipSource, type ZipSource } from "../src/zip/zip-source.ts";

interface Claim {
  readonly compressed: Buffer;
  /** What the archive says that it becomes. */
  readonly content: Buffer;
  readonly size?: number;
  readonly crc?: number;
}

/** Entries that follow each other, as in an archive, and their bytes. */
function place(claims: readonly Claim[]): { entries: SmallEntry[]; source: ZipSource } {
  let dataOffset = 0;
  const entries = claims.map(({ compressed, content, size, crc }, index): SmallEntry => {
    const entry: SmallEntry = {
      path: `${index}`,
      size: size ?? content.byteLength,
      compressedSize: compressed.byteLength,
      crc32: crc ?? crc32(content),
      method: "deflated",
      dataOffset,
    };
    dataOffset += compressed.byteLength;
    return entry;
  });
  return { entries, source: openZipSource(Buffer.concat(claims.map((one) => one.compressed))) };
}

const right = (text: string): Claim => {
  const content = Buffer.from(text);
  return { content, compressed: deflateRawSync(content) };
};
const first = right("the first entry ".repeat(40));
const last = right("and the last one ".repeat(40));

/** What is inflated together, or `undefined` where each is left to be read by itself. */
function inflate(claims: readonly Claim[]): (Buffer | undefined)[] {
  const { entries, source } = place(claims);
  const inflater = new ManyInflater();
  inflater.inflate(source, entries);
  return entries.map((entry) => inflater.take(entry));
}

const nobody = (claims: readonly Claim[]) => claims.map(() => undefined);

test("gives what reading each by itself gives", () => {
  const claims = [first, right("x"), last];

  expect(inflate(claims)).toEqual(claims.map(({ content }) => content));
});

test("forgets what it was not told again", () => {
  const { entries, source } = place([first, last]);
  const inflater = new ManyInflater();
  inflater.inflate(source, entries);
  inflater.inflate(source, []);

  expect(entries.map((entry) => inflater.take(entry))).toEqual([undefined, undefined]);
});

/** The trailer of a member: CRC-32 and size of what it held. */
function trailer(content: Buffer): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc32(content), 0);
  bytes.writeUInt32LE(content.byteLength, 4);
  return bytes;
}

const member = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const empty = deflateRawSync("");

test.each<[string, Claim]>([
  ["too short", { ...first, compressed: first.compressed.subarray(0, -1) }],
  ["too long", { ...first, compressed: Buffer.concat([first.compressed, Buffer.of(0)]) }],
  ["of another size", { ...first, size: first.content.byteLength - 1 }],
  ["of another checksum", { ...first, crc: 1 }],
  ["not deflated", { ...first, compressed: Buffer.alloc(30, 0xff) }],
  [
    "a member of its own before the data",
    {
      ...first,
      compressed: Buffer.concat([empty, trailer(Buffer.alloc(0)), member, first.compressed]),
    },
  ],
  [
    "a member of its own behind the data",
    {
      ...first,
      compressed: Buffer.concat([first.compressed, trailer(first.content), member, empty]),
    },
  ],
  [
    "all that is asked for, and then zeros, which end a file of gzip",
    (() => {
      const content = Buffer.concat([first.content, last.content]);
      const compressed = Buffer.concat([
        deflateRawSync(content),
        trailer(content),
        Buffer.alloc(9),
      ]);
      return { content: first.content, compressed };
    })(),
  ],
])("leaves an entry that is %s to whoever reads it by itself", (_, broken) => {
  for (const claims of [
    [broken, last],
    [last, broken],
    [first, broken, last],
  ])
    expect(inflate(claims)).toEqual(nobody(claims));
});

test("an entry that goes on in the next one is not taken for two", () => {
  // A stored block that holds the trailer of its own entry and the header of the next.
  const hidden = Buffer.from("hidden");
  const between = Buffer.alloc(8);
  const rest = Buffer.concat([between, member, hidden]);
  const stored = Buffer.alloc(5);
  stored.writeUInt8(1, 0);
  stored.writeUInt16LE(rest.byteLength, 1);
  stored.writeUInt16LE(~rest.byteLength & 0xffff, 3);
  const size = 7;
  const crc = 99;
  between.writeUInt32LE(crc, 0);
  between.writeUInt32LE(size, 4);
  const claims = [
    { compressed: stored, content: Buffer.alloc(0), size, crc },
    { compressed: hidden, content: rest },
  ];

  expect(inflate(claims)).toEqual(nobody(claims));
});

test("nothing is given that would be refused where it is read by itself", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 });
  const claim = fc
    .tuple(bytes, fc.constantFrom("right", "cut", "more", "noise"), bytes)
    .map(([content, kind, noise]): Claim => {
      const compressed = deflateRawSync(content);
      const made = {
        right: compressed,
        cut: compressed.subarray(0, -1),
        more: Buffer.concat([compressed, noise]),
        noise: Buffer.from(noise),
      };
      return { content: Buffer.from(content), compressed: made[kind] };
    });
  fc.assert(
    fc.property(fc.array(claim, { minLength: 2, maxLength: 5 }), (claims) => {
      const { entries, source } = place(claims);
      const inflater = new ManyInflater();
      inflater.inflate(source, entries);
      for (const entry of entries) {
        const bytesOf = inflater.take(entry);
        if (bytesOf !== undefined) expect(bytesOf).toEqual(readSmall(source, entry));
      }
    }),
  );
});
