import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const text = readFileSync(
  join(import.meta.dirname, "..", "bin", "THIRD-PARTY-LICENCES.txt"),
  "utf8",
);

test.each(["better-sqlite3", "commander", "kysely", "unzipper", "yaml"])(
  "the licence of %s comes with its code",
  (name) => {
    const [, after = ""] = text.split(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, "m"));
    expect(after.slice(0, 1200)).toMatch(/permission|licence|license/i);
  },
);

test("our own packages are not listed", () => {
  expect(text).not.toMatch(/^@reseal\//m);
});
