import fc from "fast-check";
import { expect, test } from "vitest";
import type { JournalRecord } from "./journal.ts";
import { decodeJournal, encodeJournal, journalRepair } from "./journal-format.ts";

const records = fc.array(
  fc
    .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ noUnicodeString: false }))
    .filter((record) => isPlain(record)),
  { maxLength: 8 },
);

test("what is encoded is decoded, wherever the pieces are cut", async () => {
  await fc.assert(
    fc.asyncProperty(records, fc.integer({ min: 1, max: 50 }), async (written, piece) => {
      const bytes = encodeJournal(written);

      const read = await decode(bytes, piece);

      expect(read.map(({ record }) => record)).toEqual(written.map(normalised));
      expect(read.at(-1)?.next ?? 0).toBe(bytes.byteLength);
    }),
  );
});

test("an append that was cut off anywhere never hides or changes another record", async () => {
  const first = encodeJournal([{ n: 1 }]);
  const torn = encodeJournal([{ n: 2, text: "é" }]);
  const last = encodeJournal([{ n: 3 }]);
  for (let cut = 0; cut < torn.byteLength; cut += 1) {
    const parts = [first, torn.subarray(0, cut)];

    expect(numbers(await decode(Buffer.concat(parts)))).toEqual([1]);

    if (cut > 0) parts.push(Buffer.from(journalRepair));
    const repaired = numbers(await decode(Buffer.concat([...parts, last])));
    // A line that lacks only its newline is a record once it has one.
    expect(repaired).toEqual(cut === torn.byteLength - 1 ? [1, 2, 3] : [1, 3]);
  }
});

test("a line that is damaged is an error, and says where", async () => {
  const bytes = Buffer.from('{"n":1}\n{"n":\n{"n":3}\n');

  await expect(decode(bytes)).rejects.toMatchObject({
    code: "STORE_JOURNAL_INVALID",
    details: { location: "test", offset: 8 },
  });
});

test("a line without end is refused before it fills the memory", async () => {
  const piece = Buffer.alloc(1024 * 1024, "x");
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      given += piece.byteLength;
      yield piece;
    }
  }

  await expect(
    (async () => {
      for await (const _ of decodeJournal(endless(), 0, "test"));
    })(),
  ).rejects.toMatchObject({ code: "STORE_JOURNAL_INVALID" });
  expect(given).toBeLessThan(20 * 1024 * 1024);
});

test("a record that no reader would take is not written", () => {
  const long = { text: "x".repeat(17 * 1024 * 1024) };

  expect(() => encodeJournal([long])).toThrow(
    expect.objectContaining({ code: "STORE_RECORD_TOO_LARGE" }),
  );
});

async function decode(
  bytes: Uint8Array,
  piece: number = bytes.byteLength || 1,
): Promise<{ record: JournalRecord; next: number }[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < bytes.byteLength; start += piece) {
      yield bytes.subarray(start, start + piece);
    }
  }
  const entries: { record: JournalRecord; next: number }[] = [];
  for await (const entry of decodeJournal(source(), 0, "test")) entries.push(entry);
  return entries;
}

function numbers(entries: readonly { record: JournalRecord }[]): unknown[] {
  return entries.map(({ record }) => record.n);
}

function normalised(record: JournalRecord): unknown {
  return JSON.parse(JSON.stringify(record)); // -0 becomes 0.
}

function isPlain(value: unknown): boolean {
  const text = JSON.stringify(value);
  return text.isWellFormed() && !text.includes("__proto__") && !/\\ud[89a-f]/i.test(text);
}
