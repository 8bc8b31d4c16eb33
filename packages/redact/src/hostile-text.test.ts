import { expect, test } from "vitest";
import { hostilePieces } from "../test/hostile-pieces.ts";
import { createRedactor } from "./redactor.ts";

// Milliseconds each. Work that grows with the square of the length would take minutes; how the
// time grows is measured by `npm run bench -- --only code`.
test.for(hostilePieces)("a megabyte of %j is read", (piece) => {
  const text = piece.repeat(Math.ceil((1 << 20) / piece.length)).slice(0, 1 << 20);

  const redacted = createRedactor().text(text);

  expect(redacted.text).not.toBe("");
});
