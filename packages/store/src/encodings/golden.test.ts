import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { collectBytes } from "../byte-source.ts";
import { decodeDictionary } from "./dictionary-decode.ts";
import { encodeDictionary, planDictionary } from "./dictionary-encode.ts";

const vectors = new URL("../../../../schemas/vectors/compaction/", import.meta.url);
const original = readFileSync(new URL("proof.jsonl", vectors));
const compact = readFileSync(new URL("proof.compact.jsonl", vectors));

test("writes version 1 of the dictionary form, byte for byte", async () => {
  const plan = await planDictionary(once(original), { threshold: 5 });

  const written = await collectBytes(encodeDictionary(once(original), plan));

  expect(Buffer.from(written).toString()).toBe(compact.toString());
});

test("reads version 1 of the dictionary form", async () => {
  const restored = await collectBytes(decodeDictionary(once(compact)));

  expect(Buffer.from(restored).toString()).toBe(original.toString());
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
