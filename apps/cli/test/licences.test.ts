import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const text = readFileSync(
  join(import.meta.dirname, "..", "bin", "THIRD-PARTY-LICENCES.txt"),
  "utf8",
);

test.each(["commander", "kysely", "unzipper", "yaml"])(
  "the licence of %s comes with its code",
  (name) => {
    const [, after = ""] = text.split(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, "m"));
    expect(after.slice(0, 1200)).toMatch(/permission|licence|license/i);
  },
);

test("what is loaded from its own package is not listed", () => {
  expect(text).not.toMatch(/^better-sqlite3 /m);
  expect(text).not.toMatch(/^@reseal\//m);
});
