import { expect, test } from "vitest";
import { collectBytes } from "../byte-source.ts";
import { decodeForeignDictionary } from "./dictionary-decode.ts";
import { hasDictionaryHeader, hasForeignDictionary } from "./dictionary-header.ts";

/** As CryptoRun writes: keys in order, the first record as it is, numbers in place of values. */
const compact = [
  '{"_dictionaries":{"note":{"0":"a \\"quoted\\" remark"},"venue":{"0":"binance-spot","1":"kraken-spot"}},"_type":"dictionary_header"}',
  '{"note":"a \\"quoted\\" remark","spread":1,"venue":"binance-spot"}',
  '{"note_dict":0,"spread":2,"venue_dict":1}',
  "not json",
  '{"note":"\\"dictionary_header\\"","spread":3,"venue_dict":0}',
  "",
].join("\n");

async function decode(text: string, size = 7): Promise<string> {
  const bytes = Buffer.from(text);
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < bytes.byteLength; start += size)
      yield bytes.subarray(start, start + size);
  };
  return Buffer.from(await collectBytes(decodeForeignDictionary(pieces()))).toString();
}

test("restores the records of a file that CryptoRun compacted", async () => {
  const restored = await decode(compact);

  expect(restored).toBe(
    [
      '{"note":"a \\"quoted\\" remark","spread":1,"venue":"binance-spot"}',
      '{"note":"a \\"quoted\\" remark","spread":2,"venue":"kraken-spot"}',
      "not json",
      '{"note":"\\"dictionary_header\\"","spread":3,"venue":"binance-spot"}',
      "",
    ].join("\n"),
  );
  expect(await decode(compact, 10_000)).toBe(restored);
});

test("knows the form by its first bytes, and ours from it", () => {
  expect(hasForeignDictionary(Buffer.from(compact).subarray(0, 64))).toBe(true);
  expect(hasDictionaryHeader(Buffer.from(compact).subarray(0, 64))).toBe(false);
  expect(hasForeignDictionary(Buffer.from('{"_type":"dictionary_header","_version":1'))).toBe(
    false,
  );
});

test.for([
  ["a number that is not in its dictionary", compact.replace('"venue_dict":1', '"venue_dict":7')],
  ["no header", '{"a":1}\n{"a":2}\n'],
  ["half a header", compact.slice(0, 40)],
  ["a value that is no text", compact.replace('"binance-spot"', "1")],
  ["a number that is missing", compact.replace('"1":"kraken-spot"', '"2":"kraken-spot"')],
] as const)("refuses %s", async ([, text]) => {
  await expect(decode(text)).rejects.toMatchObject({ code: "STORE_ENCODING_INVALID" });
});
