import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseStrictJson } from "./strict-json.ts";

const folder = new URL("../vectors/hostile-json/", import.meta.url);
const table: { outcomes: Record<string, string | null | (string | null)[]> } = JSON.parse(
  readFileSync(new URL("outcomes.json", folder), "utf8"),
);

test("every sample has an outcome", () => {
  const names = readdirSync(folder).filter((name) => name !== "outcomes.json");

  expect(names.sort()).toEqual(Object.keys(table.outcomes).sort());
});

test.for(Object.entries(table.outcomes))("%s: %s", ([name, expected]) => {
  const bytes = readFileSync(new URL(name, folder));

  const found = name.endsWith(".jsonl") ? linesOf(bytes).map(reasonOf) : reasonOf(bytes);

  expect(found).toEqual(expected);
  expect("polluted" in {}).toBe(false);
});

test("20,000 nested objects are refused", () => {
  expect(reasonOf(Buffer.from(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`))).toBe("depth");
});

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf("\n", start);
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** The reason of the refusal, or null. */
function reasonOf(bytes: Uint8Array): unknown {
  try {
    parseStrictJson(bytes);
    return null;
  } catch (error) {
    expect(error).toMatchObject({ code: "HASH_JSON_INVALID" });
    return (error as { details: { reason: string } }).details.reason;
  }
}
