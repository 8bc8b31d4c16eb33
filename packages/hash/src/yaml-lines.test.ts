import fc from "fast-check";
import { expect, test } from "vitest";
import { linesInYaml } from "./yaml-lines.ts";

const text = `# policies
retention:
  proofs: {keep: 10, pin: []}
  "a/b":
    keep: -1
    pin:
      - one
      - two
`;

test("finds the lines of keys and items", async () => {
  const lines: readonly [pointer: string, line: number][] = [
    ["", 1],
    ["/retention", 2],
    ["/retention/proofs/keep", 3],
    ["/retention/a~1b", 4],
    ["/retention/a~1b/keep", 5],
    ["/retention/a~1b/pin/1", 8],
    ["/retention/a~1b/none/at/all", 4],
    ["/nothing", 1],
  ];

  expect(
    await linesInYaml(
      text,
      lines.map(([pointer]) => pointer),
    ),
  ).toEqual(lines.map(([, line]) => line));
});

test("answers for any text and any pointer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.array(fc.string()), async (any, pointers) => {
      const lines = await linesInYaml(any, pointers);

      expect(lines).toHaveLength(pointers.length);
      expect(lines.every((line) => line >= 1)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
