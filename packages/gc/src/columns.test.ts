import fc from "fast-check";
import { expect, test } from "vitest";
import { Bits, NumberColumn, NumberLists, SmallNumbers } from "./columns.ts";

test("lists give back their numbers, near and far ones", () => {
  const anyNumber = fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.constant(2 ** 31 - 1));
  fc.assert(
    fc.property(fc.array(fc.array(anyNumber)), (all) => {
      const lists = new NumberLists();
      for (const numbers of all) {
        for (const number of numbers) lists.push(number);
        lists.end();
      }
      const found = all.map((_, index) => {
        const numbers: number[] = [];
        lists.each(index, (number) => numbers.push(number));
        return numbers;
      });
      expect(found).toEqual(all);
    }),
  );
});

test("numbers that lie over the border of a piece are given back", () => {
  const [column, lists] = [new NumberColumn(), new NumberLists()];
  for (let number = 0; number < 70_000; number += 1) {
    column.push(4_294_967_295 - number);
    lists.push(number * 1000);
  }
  lists.end();

  expect([0, 65_535, 65_536, 69_999].map((place) => column.at(place))).toEqual(
    [0, 65_535, 65_536, 69_999].map((number) => 4_294_967_295 - number),
  );
  let sum = 0;
  lists.each(0, (number) => {
    sum += number;
  });
  expect(sum).toBe((1000 * 70_000 * 69_999) / 2);
});

test("a range of bits is set, and nothing beside it", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.nat(64), (start, end, other) => {
      const bits = new Bits(0);
      bits.grow(65);
      bits.set(other);
      bits.grow(2000);
      bits.setRange(start, end);
      for (let place = 0; place < 65; place += 1)
        expect(bits.has(place)).toBe((place >= start && place < end) || place === other);
    }),
  );
});

test("small and large numbers are given back", () => {
  const anyNumber = fc.oneof(fc.nat(300), fc.constant(2 ** 53 - 1), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.array(anyNumber), (numbers) => {
      const column = new SmallNumbers();
      for (const number of numbers) column.push(number);
      const found: number[] = [];
      column.each(0, column.end, (number) => found.push(number));
      expect(found).toEqual(numbers);
    }),
  );
});
