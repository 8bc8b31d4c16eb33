import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { readCffAuthors } from "./citation-cff.ts";

const read = (text: string): Promise<unknown> => readCffAuthors(makeTree({ "CITATION.cff": text }));

test("persons and organisations are named as citations name them", async () => {
  const text = `
cff-version: 1.2.0
message: Please cite
title: Butterflies
authors:
  - family-names: Beethoven
    given-names: Ludwig
    name-particle: van
    orcid: https://orcid.org/0000-0002-1825-0097
    affiliation: " Vienna "
  - family-names: Lovelace
  - given-names: Ada
  - name: The Weather Team
    email: team@example.org
`;

  expect(await read(text)).toEqual([
    {
      name: "van Beethoven, Ludwig",
      orcid: "https://orcid.org/0000-0002-1825-0097",
      affiliation: "Vienna",
    },
    { name: "Lovelace" },
    { name: "Ada" },
    { name: "The Weather Team", email: "team@example.org" },
  ]);
});

test.for([
  ["0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097"],
  ["http://orcid.org/0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097"],
  ["https://orcid.org/0000-0002-1825-0097/", "https://orcid.org/0000-0002-1825-0097"],
  ["unknown", undefined],
] as const)("the ORCID %s becomes %s", async ([orcid, expected]) => {
  const text = `authors: [{family-names: A, orcid: "${orcid}"}]`;

  expect(await read(text)).toEqual([{ name: "A", ...(expected && { orcid: expected }) }]);
});

test("an address that is none, and lines where one is due, do not stop a run", async () => {
  const text = 'authors: [{family-names: "A\\nB", email: "nobody at all", affiliation: "x\\ty"}]';

  expect(await read(text)).toEqual([{ name: "A B", affiliation: "x y" }]);
});

test.for([
  "",
  "authors:",
  "authors: nobody",
  "authors: [null, 1, text, [], {}, {family-names: 5}, {name: ''}]",
  "authors: [",
  "just text",
  "- a\n- b",
  "null",
])("%j names nobody", async (text) => {
  expect(await read(text)).toEqual([]);
});

test("without the file there is nobody", async () => {
  expect(await readCffAuthors(makeTree())).toEqual([]);
});
