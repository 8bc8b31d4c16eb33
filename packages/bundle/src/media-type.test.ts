import { expect, test } from "vitest";
import { mediaTypeOf } from "./media-type.ts";

test.for([
  ["outputs/a.json", "application/json"],
  ["outputs/a.NPZ", "application/x-npz"],
  ["outputs/a", "application/octet-stream"],
  ["outputs/a.unheard", "application/octet-stream"],
  ["outputs/a.constructor", "application/octet-stream"],
  ["outputs/a.toString", "application/octet-stream"],
  ["outputs/.__proto__", "application/octet-stream"],
])("%s is %s", ([path, type]) => {
  expect(mediaTypeOf(path)).toBe(type);
});
