import { inflateRawSync } from "node:zlib";
import { isResealError } from "@reseal/errors";
import { digestBytes } from "@reseal/hash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CheckedEntry, checkZip } from "../src/zip/open-zip.ts";
import {
  buildZip,
  descriptor,
  type EntryParts,
  extraField,
  longs,
  zip64End,
} from "./zip-builder.ts";

const open: EntryParts = {
  name: "events.jsonl",
  flags: 0x0808,
  data: '{"a":1}\n'.repeat(9),
  method: 8,
};
const text = Buffer.from("some words, some words, some more words\n".repeat(20));

/** An archive of every kind of record that is allowed. */
const valid = buildZip(
  [
    { name: "manifest.json", data: "{}" },
    { name: "outputs/", data: "" },
    { name: "outputs/result.txt", data: text, method: 8 },
    { name: "outputs/empty", data: "" },
    { name: "outputs/empty-deflated", data: "", method: 8 },
    { ...open, after: descriptor(open, true, false) },
    {
      name: "logs/é.log",
      data: text,
      size: 0xffffffff,
      compressedSize: 0xffffffff,
      centralExtra: extraField(1, longs(text.byteLength, text.byteLength)),
      local: { extra: extraField(1, longs(text.byteLength, text.byteLength)) },
    },
  ],
  { comment: Buffer.from("a comment"), beforeEnd: zip64End({}) },
);

/** What an archive holds; `undefined` when it is refused. Anything else fails the test. */
async function read(archive: Uint8Array): Promise<readonly CheckedEntry[] | undefined> {
  try {
    return await checkZip(archive);
  } catch (error) {
    if (!isResealError(error) || !error.code.startsWith("BUNDLE_ZIP_")) throw error;
    expect(error.message.length).toBeLessThan(600);
    return undefined;
  }
}

type Change = (bytes: Buffer) => Buffer;

const position = fc.nat(valid.byteLength - 1);
const interesting = fc.constantFrom(0, 1, 2, 8, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(position, fc.nat(7)).map(
    ([at, bit]): Change =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        copy[at % copy.byteLength] = (copy[at % copy.byteLength] ?? 0) ^ (1 << bit);
        return copy;
      },
  ),
  fc.tuple(position, interesting, fc.constantFrom(1, 2, 4)).map(
    ([at, value, width]): Change =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        const start = Math.min(at, copy.byteLength - width);
        if (start >= 0) copy.writeUIntLE(value % 2 ** (8 * width), start, width);
        return copy;
      },
  ),
  position.map(
    (end): Change =>
      (bytes) =>
        bytes.subarray(0, end),
  ),
  position.map(
    (start): Change =>
      (bytes) =>
        bytes.subarray(start),
  ),
  fc.tuple(position, fc.uint8Array({ minLength: 1, maxLength: 40 })).map(
    ([at, more]): Change =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]),
  ),
  fc.tuple(position, fc.integer({ min: 1, max: 60 })).map(
    ([at, length]): Change =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
  ),
  fc.tuple(position, fc.integer({ min: 1, max: 120 }), position).map(
    ([from, length, to]): Change =>
      (bytes) =>
        Buffer.concat([
          bytes.subarray(0, to),
          bytes.subarray(from, from + length),
          bytes.subarray(to),
        ]),
  ),
);

test("the archive that is changed is valid", async () => {
  expect(await read(valid)).toHaveLength(6);
});

test("every single bit that is flipped is noticed, or changes no file", async () => {
  const original = await read(valid);

  for (let at = 0; at < valid.byteLength; at++)
    for (let bit = 0; bit < 8; bit++) {
      const copy = Buffer.from(valid);
      copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      const found = await read(copy);
      if (found !== undefined) expect(found).toEqual(original);
    }
});

test("no truncation is taken for the archive", async () => {
  for (let length = 0; length < valid.byteLength; length++)
    expect(await read(valid.subarray(0, length))).toBeUndefined();
});

test("an archive that was changed is refused, or holds the same files", async () => {
  const original = await read(valid);

  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const found = await read(changes.reduce<Buffer>((bytes, apply) => apply(bytes), valid));
      if (found !== undefined) expect(found).toEqual(original);
    }),
    { numRuns: 3000 },
  );
});

test("any bytes at all are refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      expect(await read(bytes)).toBeUndefined();
      const withEnd = Buffer.concat([bytes, Buffer.from("PK\x05\x06"), Buffer.alloc(18)]);
      // An archive without files is one, when nothing comes before its end.
      if (bytes.byteLength > 0) expect(await read(withEnd)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

const small = fc.constantFrom(0, 1, 5, 6, 7, 8, 20, 0x0800, 0x0808, 0xffff);

const entry: fc.Arbitrary<EntryParts> = fc.record(
  {
    name: fc.constantFrom("a", "b", "b/", "b/c", "A", "é", "../d", "manifest.json"),
    data: fc.constantFrom("", "hello\n", "x".repeat(100)),
    method: fc.constantFrom(0, 8, 8, 12),
    flags: fc.constantFrom(0, 0x0800, 0x0800, 0x0802, 0x0801),
    crc: fc.option(small, { nil: undefined, freq: 8 }),
    size: fc.option(small, { nil: undefined, freq: 8 }),
    compressedSize: fc.option(small, { nil: undefined, freq: 8 }),
    offset: fc.option(small, { nil: undefined, freq: 8 }),
    before: fc.constantFrom(...Array<undefined>(9), Buffer.from("gap")),
    after: fc.constantFrom(...Array<undefined>(9), Buffer.alloc(12)),
    isHidden: fc.constantFrom(...Array<boolean>(9).fill(false), true),
  },
  { requiredKeys: ["name"] },
) as fc.Arbitrary<EntryParts>;

/** What somebody finds who reads from the beginning and never looks at the directory. */
function readForward(archive: Buffer): { path: string; size: number; digest: string }[] {
  const found = [];
  for (let at = 0; archive.readUInt32LE(at) === 0x04034b50; ) {
    const nameEnd = at + 30 + archive.readUInt16LE(at + 26);
    const start = nameEnd + archive.readUInt16LE(at + 28);
    const end = start + archive.readUInt32LE(at + 18);
    const data = archive.subarray(start, end);
    const bytes = archive.readUInt16LE(at + 8) === 8 ? inflateRawSync(data) : data;
    const path = archive.toString("utf8", at + 30, nameEnd);
    if (!path.endsWith("/"))
      found.push({ path, size: bytes.byteLength, digest: digestBytes(bytes) });
    at = end;
  }
  return found;
}

test("what is accepted means the same to those who read it forward", async () => {
  let accepted = 0;

  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 4 }), async (entries) => {
      const archive = buildZip(entries);
      const found = await read(archive);
      if (found === undefined) return;
      accepted += 1;
      expect(found).toEqual(readForward(archive));
    }),
    { numRuns: 3000 },
  );

  expect(accepted).toBeGreaterThan(100);
});
