import { expect, test } from "vitest";
import { mediaTypeOf } from "./media-type.ts";

test.for([
  ["a.json", "application/json"],
  ["deep/A.CSV", "text/csv"],
  ["x.npy", "application/x-npy"],
  ["x.ts", "text/x-typescript"],
  ["README", "application/octet-stream"],
  ["x.unheard-of", "application/octet-stream"],
] as const)("the type of %s is %s", ([path, type]) => {
  expect(mediaTypeOf(path)).toBe(type);
});

test.for(["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"])(
  "an ending that every object has, .%s, says nothing",
  (ending) => {
    expect(mediaTypeOf(`x.${ending}`)).toBe("application/octet-stream");
    expect(mediaTypeOf(`x.${ending.toLowerCase()}`)).toBe("application/octet-stream");
  },
);
