import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { acceptedYaml, refusedYaml } from "../test/hostile-yaml.ts";
import { parseStrictYaml } from "./strict-yaml.ts";

test.for(refusedYaml)("refuses %s", async ([, document, problem]) => {
  await expect(parseStrictYaml(document)).rejects.toMatchObject({
    code: "HASH_YAML_INVALID",
    exitCode: 4,
    message: expect.stringMatching(problem),
  });
  expect("polluted" in {}).toBe(false);
});

test.for(acceptedYaml)("reads %s", async ([, document, value]) => {
  expect(await parseStrictYaml(document)).toEqual(value);
});

test("a document that is too long is not looked at", async () => {
  await expect(parseStrictYaml("[".repeat(100), { bytesMax: 99 })).rejects.toThrow("99 bytes");
});

test("what the library writes is read back", async () => {
  const value = fc
    .jsonValue({ maxDepth: 4 })
    .filter((any) => !/__proto__|e[-+]?\d|\d{16}/.test(JSON.stringify(any)));

  await fc.assert(
    fc.asyncProperty(value, async (any) => {
      const plain: unknown = JSON.parse(JSON.stringify(any));
      expect(await parseStrictYaml(stringify(plain))).toEqual(plain);
    }),
    { numRuns: 200 },
  );
});

test("any text is read or refused", async () => {
  const pieces = [
    "a",
    ":",
    " ",
    "\n",
    "-",
    "?",
    "&x",
    "*x",
    "!t",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "|",
  ];
  const text = fc.string({
    unit: fc.constantFrom(...pieces, ">", "%", "#", "---", "~", "<<", "1", "é"),
  });

  await fc.assert(
    fc.asyncProperty(text, async (document) => {
      await parseStrictYaml(document).catch((error: { code?: string }) =>
        expect(error.code).toBe("HASH_YAML_INVALID"),
      );
    }),
    { numRuns: 2000 },
  );
});
