import fc from "fast-check";
import { expect, test } from "vitest";
import { terminalText } from "./terminal-text.ts";

async function shown(...chunks: readonly (string | Uint8Array)[]): Promise<string> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  let text = "";
  for await (const piece of terminalText(source())) text += Buffer.from(piece).toString();
  return text;
}

test.for([
  ["plain text, é and tabs\n", "plain text, é and tabs\n"],
  ["\u001b[31mred\u001b[0m and \u001b[1;38;5;7mbold\u001b[m", "red and bold"],
  ["lines\r\nof Windows\r\n", "lines\nof Windows\n"],
  ["10%\r20%", "10%\\u000d20%"],
  ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
  ["\u001b[2J\u001b[H", "\\u001b[2J\\u001b[H"],
  ["\u009b31m", "\\u009b31m"],
  ["ends in \u001b[3", "ends in \\u001b[3"],
] as const)("%j is shown as %j", async ([text, expected]) => {
  expect(await shown(text)).toBe(expected);
});

test("where the pieces end changes nothing, and no control character comes through", async () => {
  const unit = fc.constantFrom("a", "é", "\u001b", "[", "3", ";", "m", "\r", "\n", "\u0007");
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, maxLength: 30 }), async (text) => {
      const whole = await shown(text);
      const bytes = Buffer.from(text);

      expect(await shown(...[...bytes].map((byte) => Uint8Array.of(byte)))).toBe(whole);
      expect(whole).not.toMatch(/(?![\t\n])\p{Cc}/u);
    }),
    { numRuns: 300 },
  );
});
