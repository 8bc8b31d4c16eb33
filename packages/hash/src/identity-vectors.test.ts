import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { canonicalDigest, canonicalJson } from "./canonical-json.ts";
import { digestBytes } from "./digester.ts";
import type { JsonValue } from "./json-value.ts";
import { parseStrictJson } from "./strict-json.ts";
import { formatTree, parseTree, type TreeEntry, treeDigest } from "./tree.ts";

interface ContentCase {
  readonly content: JsonValue;
  readonly canonical: string;
  readonly artifact_id: string;
}

interface TreeCase {
  readonly entries: readonly TreeEntry[];
  readonly tree_text: string;
  readonly tree_digest: string;
}

const folder = new URL("../../../schemas/vectors/identity/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));

test("both shapes are there", () => {
  expect(names.filter((name) => name.startsWith("content-")).length).toBeGreaterThan(5);
  expect(names.filter((name) => name.startsWith("tree-")).length).toBeGreaterThan(3);
});

test.for(names.filter((name) => name.startsWith("content-")))("%s", (name) => {
  const { content, canonical, artifact_id } = read<ContentCase>(name);

  expect(canonicalJson(content)).toBe(canonical);
  expect(canonicalDigest(content)).toBe(artifact_id);
  expect(digestBytes(canonical)).toBe(artifact_id);
  expect(canonicalJson(parseStrictJson(canonical))).toBe(canonical);
});

test.for(names.filter((name) => name.startsWith("tree-")))("%s", (name) => {
  const { entries, tree_text, tree_digest } = read<TreeCase>(name);

  expect(formatTree(entries)).toBe(tree_text);
  expect(treeDigest(entries)).toBe(tree_digest);
  expect(formatTree(parseTree(tree_text))).toBe(tree_text);
});

function read<Case>(name: string): Case {
  return parseStrictJson(readFileSync(new URL(name, folder))) as Case;
}
