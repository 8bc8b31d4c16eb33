import { expect, test } from "vitest";
import { expandCommand, parseSeed } from "./command.ts";

const values = { out: "/spool/out", in: "/spool/in", seed: "7" };

test("placeholders are replaced wherever they stand, other braces stay", () => {
  const argv = ["run", "--out={out}/a.csv", "{in}/{in}", "--seed", "{seed}", "{}", "{other}"];

  expect(expandCommand(argv, values)).toEqual([
    "run",
    "--out=/spool/out/a.csv",
    "/spool/in//spool/in",
    "--seed",
    "7",
    "{}",
    "{other}",
  ]);
});

test("a replacement is not looked at again", () => {
  expect(expandCommand(["a", "{out}"], { ...values, out: "/x/{in}/$&/$1" })).toEqual([
    "a",
    "/x/{in}/$&/$1",
  ]);
});

test.for([[[]], [[""]], [["", "a"]]])("%j is no command", ([argv]) => {
  expect(() => expandCommand(argv ?? [], values)).toThrow(
    expect.objectContaining({ code: "RECORD_COMMAND_INVALID", exitCode: 2 }),
  );
});

test("{seed} needs a seed", () => {
  expect(() => expandCommand(["a", "{seed}"], { ...values, seed: undefined })).toThrow(
    /needs a seed/,
  );
});

test.for([
  ["0", 0],
  ["1963", 1963],
  ["9007199254740991", 9007199254740991],
  ["9007199254740992", "9007199254740992"],
  ["18446744073709551615", "18446744073709551615"],
] as const)("the seed %s is kept exactly", ([text, seed]) => {
  expect(parseSeed(text)).toBe(seed);
});

test.for(["", "-1", "+1", "01", "1.5", "1e3", "0x10", " 1", "18446744073709551616", "٣"])(
  "%j is no seed",
  (text) => {
    expect(() => parseSeed(text)).toThrow(
      expect.objectContaining({ code: "RECORD_COMMAND_INVALID", exitCode: 2 }),
    );
  },
);
