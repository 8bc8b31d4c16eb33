import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { readProjectConfig } from "./project-config.ts";

const read = (text: string): Promise<unknown> =>
  readProjectConfig(makeTree({ "reseal.yaml": text }));

test("without the file, or with an empty one, nothing is set", async () => {
  expect(await readProjectConfig(makeTree())).toEqual({});
  expect(await read("")).toEqual({});
  expect(await read("# only a comment\n")).toEqual({});
});

test("every documented key is taken", async () => {
  const text = [
    "project: butterfly",
    "family: nightly",
    "title: T",
    "authors: [{name: 'Lovelace, Ada', orcid: 'https://orcid.org/0000-0002-1825-0097'}]",
    "seed: 7",
    "config: config.yaml",
    "in: [data/]",
    "in_ref: [big/]",
    "out: [results/]",
    "stdout: true",
    "env: [OMP_NUM_THREADS]",
    "tags: [paper]",
    'context_metrics: ["*elapsed*"]',
  ].join("\n");

  expect(await read(text)).toMatchObject({ project: "butterfly", seed: 7, in: ["data/"] });
});

test.for([
  ["projct: x", 'Unknown key "projct". Did you mean "project"?'],
  ["tag: [x]", 'Unknown key "tag". Did you mean "tags"?'],
  ["authros: []", 'Unknown key "authros". Did you mean "authors"?'],
  ["zzzzzz: 1", expect.stringContaining('Unknown key "zzzzzz". Known keys: ')],
] as const)("%j is refused with the likely key", async ([text, hint]) => {
  await expect(read(text)).rejects.toMatchObject({
    code: "RECORD_PROJECT_CONFIG_INVALID",
    exitCode: 2,
    hint,
  });
});

test.for([
  "seed: -1",
  "seed: 1.5",
  "tags: paper",
  "stdout: yes please",
  "- a list",
  "just text",
  "a: [1",
  "a: 1\na: 2",
  "__proto__: {project: x}",
])("%j is refused", async (text) => {
  await expect(read(text)).rejects.toMatchObject({ code: "RECORD_PROJECT_CONFIG_INVALID" });
});

test("a bomb of aliases is refused at once", async () => {
  const bomb = `a: &a [x, x]\n${Array.from({ length: 40 }, (_, index) => {
    const [from, to] = [index === 0 ? "a" : `b${index - 1}`, `b${index}`];
    return `${to}: &${to} [*${from}, *${from}, *${from}]`;
  }).join("\n")}\n`;

  await expect(read(bomb)).rejects.toMatchObject({ code: "RECORD_PROJECT_CONFIG_INVALID" });
});

test("a folder of that name is said to be unreadable", async () => {
  const workspace = makeTree();
  mkdirSync(join(workspace, "reseal.yaml"));
  chmodSync(join(workspace, "reseal.yaml"), 0o755);

  await expect(readProjectConfig(workspace)).rejects.toThrow(/cannot be read/);
});
