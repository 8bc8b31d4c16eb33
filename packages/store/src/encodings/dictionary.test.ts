import { digestBytes } from "@reseal/hash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { collectBytes } from "../byte-source.ts";
import { decodeDictionary } from "./dictionary-decode.ts";
import { encodeDictionary, planDictionary } from "./dictionary-encode.ts";
import { hasDictionaryHeader } from "./dictionary-header.ts";
import { lineBytesMax, verbatimLine } from "./dictionary-limits.ts";

const record = (index: number): string =>
  `{"venue":"kraken-exchange","n":${index},"meta":{"source":"exchange-native-l2","ok":true}}`;
const records = Array.from({ length: 50 }, (_, index) => `${record(index)}\n`).join("");

test("S4-071 S4-076 S4-135: puts numbers in place of repeated values and restores every byte", async () => {
  const compact = await encode(records);

  const [header, first, second] = compact.toString().split("\n");
  expect(header).toBe(
    '{"_type":"dictionary_header","_version":1,"_original":{"bytes":4190,' +
      '"sha256":"dce4703d813ddf9ec3e41cbd7a85bd92aa32ed3c3394c4b9e71b12581bd4ac64"},' +
      '"_dictionaries":{"meta":{"0":{"json":"{\\"source\\":\\"exchange-native-l2\\",\\"ok\\":true}"}},' +
      '"venue":{"0":"kraken-exchange"}}}',
  );
  expect(first).toBe(record(0));
  expect(second).toBe('{"venue_dict":0,"n":1,"meta_dict":0}');
  expect((await decode(compact)).toString()).toBe(records);
});

test.for([
  ["no final line feed", records.slice(0, -1)],
  ["CRLF", records.replaceAll("\n", "\r\n")],
  ["blank lines", `\n\n${records}\n\n${records}\n`],
  ["a byte order mark", `\ufeff${records}`],
  ["white space between tokens", records.replaceAll(":", " :\t").replaceAll(",", " , ")],
  ["a malformed first line", `{"venue":"kraken-exch\n${records}`],
  ["malformed lines that look encoded", `${records}{"venue_dict":0\n"venue_dict":0}\n${records}`],
  ["an empty line at the end of a long file", `${records}${records}\n`],
  [
    "a record like our header",
    `${records}{"_type":"dictionary_header","_dictionaries":{}}\n${records}`,
  ],
  ["a first record like our header", `{"_type":"dictionary_header","_version":1}\n${records}`],
  ["a record like our announcement", `${records}${verbatimLine}\n${verbatimLine}\n${records}`],
  ["a file in the dictionary form", "twice"],
  ["a field really called venue_dict", records.replaceAll('"n":', '"venue_dict":')],
  ["one record with such a field", `${records}{"venue":"kraken-exchange","venue_dict":0}\n`],
  ["escapes", records.replaceAll("kraken-exchange", 'kr\\u00e4ken \\/ \\"x\\" \\\\')],
  ["text of other scripts", records.replaceAll("kraken-exchange", "取引所クラーケン")],
  ["numbers of unusual form", records.replaceAll("true", "1.50000000E+10")],
  ["arrays as records", records.replaceAll("{", '[{"x":').replaceAll("}", "}]")],
  ["a raw control character", records.replaceAll("kraken-", "kraken\u0001\t-")],
  ["names that no marker can have", records.replaceAll('"venue"', '":0,\\"venue"')],
  ["empty names", records.replaceAll('"venue"', '""')],
  ["deep nesting", `${records}${"[".repeat(200)}${"]".repeat(200)}\n${records}`],
] as const)("restores the exact bytes with %s", async ([name, text]) => {
  const original =
    name === "a file in the dictionary form" ? await encode(records) : Buffer.from(text);

  const compact = await encode(original);

  expect((await decode(compact)).equals(original)).toBe(true);
});

test("restores lines of many MiB and bytes that are no text", async () => {
  const long = `{"venue":"kraken-exchange","blob":"${"x".repeat(3 * lineBytesMax)}"}\n`;
  const binary = Buffer.from([0xff, 0xfe, 0x22, 0x5f, 0x0a, 0x00, 0x80, 0x0a]);
  const original = Buffer.concat(
    [long, records, long, binary, records, long].map((part) => Buffer.from(part)),
  );

  for (const pieceBytes of [64 * 1024, 1_000_003]) {
    const compact = await encode(original, { pieceBytes });
    expect(compact.byteLength).toBeLessThan(original.byteLength);
    expect((await decode(compact, pieceBytes)).equals(original)).toBe(true);
  }
});

test("restores whatever lines there are, however they arrive", async () => {
  const name = fc.constantFrom("a", "a_dict", "b", "_dict", "é", ":0,", "a b", "__proto__", "");
  const leaf = fc.oneof(
    fc.constantFrom("repeated-value", 'quoted "value" here', "日本語の値です", 12_345_678.5, null),
    fc.nat(3),
    fc.string(),
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 3 }, leaf, tie("object"), fc.array(tie("node"), { maxLength: 3 })),
    object: fc.dictionary(name, tie("node"), { maxKeys: 4 }),
  }));
  const json = fc
    .dictionary(name, node, { maxKeys: 5 })
    .chain((value) =>
      fc.constantFrom(
        JSON.stringify(value),
        JSON.stringify(value, null, "\t").replaceAll("\n", "\r"),
      ),
    );
  const odd = fc.oneof(
    fc.constantFrom(
      '{"a_dict":0}',
      '{"a":"repeated-value","a_dict":0}',
      verbatimLine,
      '"a_dict":0',
    ),
    fc.constantFrom(
      '{"_type":"dictionary_header"}',
      "",
      "{",
      '{"a":"repeated-value",}',
      '"_dict":0',
    ),
    fc.string(),
  );
  const bytes = fc.uint8Array({ maxLength: 8 }).map((value) => Buffer.from(value));
  const line = fc.oneof(
    { weight: 6, arbitrary: json.map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: odd.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: bytes },
  );
  const file = fc.record({
    lines: fc.array(line, { maxLength: 40 }),
    isEnded: fc.boolean(),
    pieceBytes: fc.integer({ min: 1, max: 300 }),
  });

  await fc.assert(
    fc.asyncProperty(file, async ({ lines, isEnded, pieceBytes }) => {
      const feed = Buffer.from("\n");
      const parts = lines.flatMap((one, index) => (index === 0 ? [one] : [feed, one]));
      const original = Buffer.concat(isEnded ? [...parts, feed] : parts);
      const compact = await encode(original, { pieceBytes });
      expect((await decode(compact, pieceBytes)).equals(original)).toBe(true);
      expect((await encode(original)).equals(compact)).toBe(true);
      if (lines.length > 1 && lines[0] !== undefined)
        expect(compact.subarray(compact.indexOf("\n") + 1).indexOf(lines[0])).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("S4-030: the threshold is the least number of times that a value must stand in the file", async () => {
  const text = `{"x":"first-record-value"}\n${'{"x":"seen-five-times-over"}\n'.repeat(5)}`;

  const atFive = await planDictionary(pieces(Buffer.from(text)), { threshold: 5 });
  const atSix = await planDictionary(pieces(Buffer.from(text)), { threshold: 6 });

  expect(atFive.dictionaries).toEqual([{ name: "x", values: ['"seen-five-times-over"'] }]);
  expect(atSix.dictionaries).toEqual([]);
});

test("keeps memory bounded where every value is new", async () => {
  async function* lines(): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < 100_000; index += 1)
      yield Buffer.from(`{"id":"unique-value-${index}","kind":"the-same-kind"}\n`);
  }

  const plan = await planDictionary(lines(), { threshold: 5 });

  expect(plan.lines).toBe(100_000);
  expect(plan.dictionaries).toEqual([{ name: "kind", values: ['"the-same-kind"'] }]);
});

test("refuses to go on when the file changed after the first reading", async () => {
  const plan = await planDictionary(pieces(Buffer.from(records)), { threshold: 2 });

  const encoding = collectBytes(encodeDictionary(pieces(Buffer.from(`${records}x`)), plan));

  await expect(encoding).rejects.toMatchObject({ code: "STORE_FILE_CHANGED" });
});

test("says whether bytes begin as the dictionary form", async () => {
  expect(hasDictionaryHeader(await encode(records))).toBe(true);
  expect(hasDictionaryHeader(Buffer.from(records))).toBe(false);
});

const hostile: readonly (readonly [string, (compact: string) => string])[] = [
  [
    "a number that its dictionary does not have",
    (text) => text.replace('venue_dict":0', 'venue_dict":7'),
  ],
  ["a number with leading zeros", (text) => text.replace('venue_dict":0', 'venue_dict":00')],
  [
    "a number of many digits",
    (text) => text.replace('venue_dict":0', `venue_dict":${"9".repeat(400)}`),
  ],
  ["a file cut in the middle", (text) => text.slice(0, text.length / 2)],
  ["a file cut in its header", (text) => text.slice(0, 150)],
  ["a file of nothing but a header", (text) => text.slice(0, text.indexOf("\n") + 1)],
  ["nothing", () => ""],
  ["no header", (text) => text.slice(text.indexOf("\n") + 1)],
  ["a second header", (text) => `${text}${text.slice(0, text.indexOf("\n") + 1)}`],
  ["an announcement of nothing", (text) => `${text}${verbatimLine}`],
  ["more than the header says", (text) => `${text}{}\n`],
  ["other bytes than the header says", (text) => text.replace('"n":3', '"n":4')],
  ["a later version", (text) => text.replace('"_version":1', '"_version":2')],
  [
    "an unknown field in its header",
    (text) => text.replace('"_original"', '"_other":1,"_original"'),
  ],
  ["two dictionaries of one name", (text) => text.replace('"venue":{', '"meta":{')],
  ["a gap in a dictionary", (text) => text.replace('"venue":{"0"', '"venue":{"1"')],
  ["an entry that is a number", (text) => text.replace('"0":"kraken-exchange"', '"0":5')],
  ["an entry that is too long", (text) => text.replace("kraken-exchange", "x".repeat(5000))],
  ["a name that no marker can have", (text) => text.replace('"venue":{', '",venue":{')],
  [
    "a header that is too long",
    (text) => text.replace('"venue":{', `${" ".repeat(9_000_000)}"venue":{`),
  ],
  ["a negative length", (text) => text.replace('"bytes":4190', '"bytes":-1')],
  ["a bare line that is too long", (text) => `${text}${" ".repeat(lineBytesMax + 1)}\n`],
];

test.for(hostile)("refuses %s", async ([, change]) => {
  const damaged = change((await encode(records)).toString());

  const outcome = await decode(Buffer.from(damaged)).then(
    () => "accepted",
    (error: unknown) => error,
  );

  expect(outcome).toMatchObject({ code: "STORE_ENCODING_INVALID", exitCode: 4 });
});

test("never restores more than it was told, nor a line beyond the limit", async () => {
  const value = "v".repeat(4000);
  const header =
    `{"_type":"dictionary_header","_version":1,"_original":{"bytes":9007199254740991,` +
    `"sha256":"${"0".repeat(64)}"},"_dictionaries":{"a":{"0":"${value}"}}}\n{}\n`;
  const bomb = Buffer.from(`${header}${'{"a_dict":0}\n'.repeat(100_000)}`);
  const line = Buffer.from(`${header}[${'{"a_dict":0},'.repeat(80_000)}{}]\n`);

  let restored = 0;
  const bounded = async (): Promise<void> => {
    for await (const chunk of decodeDictionary(pieces(bomb), { bytesMax: 5_000_000 }))
      restored += chunk.byteLength;
  };

  await expect(bounded()).rejects.toMatchObject({ code: "STORE_ENCODING_INVALID" });
  expect(restored).toBeLessThanOrEqual(5_000_000);
  await expect(decode(line)).rejects.toThrow(/more than a line may hold/);
});

interface Encoding {
  readonly threshold?: number;
  readonly pieceBytes?: number;
}

async function encode(text: string | Uint8Array, options: Encoding = {}): Promise<Buffer> {
  const { threshold = 2, pieceBytes = 65_536 } = options;
  const bytes = Buffer.from(text);
  const plan = await planDictionary(pieces(bytes, pieceBytes), { threshold });
  expect(plan.original).toEqual({ digest: digestBytes(bytes), size: bytes.byteLength });
  return Buffer.from(await collectBytes(encodeDictionary(pieces(bytes, pieceBytes), plan)));
}

async function decode(compact: Uint8Array, pieceBytes = 65_536): Promise<Buffer> {
  const decoding = decodeDictionary(pieces(compact, pieceBytes));
  return Buffer.from(await collectBytes(decoding));
}

/** Bytes in pieces, in one buffer that is used again and again. */
async function* pieces(bytes: Uint8Array, pieceBytes = 65_536): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(Math.min(pieceBytes, bytes.byteLength));
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    const piece = bytes.subarray(start, start + pieceBytes);
    buffer.set(piece);
    yield buffer.subarray(0, piece.byteLength);
  }
}
