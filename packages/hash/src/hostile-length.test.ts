import { expect, test } from "vitest";
import { hostileLengths } from "../test/hostile-lengths.ts";
import { parseStrictJson } from "./strict-json.ts";

// Milliseconds each. Work that grows with the square of the length would take minutes; how the
// time grows is measured by `npm run bench -- --only code`.
test.for(hostileLengths)("four megabytes of %s are read or refused", ([, make]) => {
  const text = make(4_000_000);

  const outcome = (): unknown => {
    try {
      return parseStrictJson(text);
    } catch (error) {
      return error;
    }
  };

  expect(outcome()).toBeDefined();
});
