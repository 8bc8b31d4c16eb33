import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Manifest } from "../src/index.ts";
import { jsonFiles } from "./schema-files.ts";

test.for(jsonFiles("examples", "manifest"))("the keys of $name are true", ({ value }) => {
  const { content, context } = value as Manifest;
  const { exit, ...rest } = content.results;
  const isEmpty = Object.keys(rest).length === 0 && (!exit || ("code" in exit && exit.code === 0));

  expect(context.artifact_id).toBe(digestOf(content));
  expect(context.input_key).toBe(digestOf(content.inputs));
  expect(context.result_key).toBe(isEmpty ? null : digestOf(content.results));
});

test.for(jsonFiles("examples", "manifest"))("the files of $name are sorted", ({ value }) => {
  const paths = (value as Manifest).context.files.map(({ path }) => path);
  expect(paths).toEqual(paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
});

function digestOf(value: unknown): string {
  return `sha256:${createHash("sha256").update(canonical(value)).digest("hex")}`;
}

/** RFC 8785 for what these examples hold: ASCII names and plain numbers. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
