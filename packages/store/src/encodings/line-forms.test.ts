// Lines like those before them are compared with these, not taken apart: nothing may come of it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteTable } from "./byte-table.ts";
import { skipPlain, textOf, viewOf } from "./byte-view.ts";
import { ByteWriter } from "./byte-writer.ts";
import { MemberScanner } from "./json-members.ts";
import { MarkerFinder } from "./markers.ts";

const value = fc.constantFrom('"kraken"', '"a \\"b\\\\"', "12", "-1.5e3", "true", '""', "[]", "{}");
const forms = fc.constantFrom<readonly string[]>(
  ['{"venue":', ',"check_dict":', "}"],
  ['{"venue":', ',"check":', "}"],
  ['{"venue":', ', "check" :', " }"],
  ['{"venue_dict":', ',"n":', ',"check_dict":', "}"],
  ['[{"a":', '},{"b_dict":', ',"b":', "}]"],
  ['{"deep":{"a":', ',"b":', "}}"],
  ['{"a":', "}"],
);
const cut = fc.record({
  at: fc.nat(60),
  remove: fc.nat(2),
  insert: fc.constantFrom("", '"', "}", "_dict"),
});
const line = fc
  .tuple(forms, fc.array(value, { minLength: 4, maxLength: 4 }), fc.option(cut, { freq: 4 }))
  .map(([leads, values, change]) => {
    const text = leads
      .map((lead, index) => lead + (leads[index + 1] ? values[index] : ""))
      .join("");
    if (change === null) return text;
    const { at, remove, insert } = change;
    return text.slice(0, at) + insert + text.slice(at + remove);
  });
const lines = fc
  .array(fc.tuple(line, fc.integer({ min: 1, max: 12 })))
  .map((groups) => groups.flatMap(([text, count]) => Array.from({ length: count }, () => text)));

interface Place {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

function placesOf(texts: readonly string[]): readonly Place[] {
  const view = viewOf(Buffer.from(texts.map((text) => `${text}\n`).join("")));
  let next = 0;
  return texts.map((text) => {
    const start = next;
    next += Buffer.byteLength(text) + 1;
    return { view, start, end: next - 1 };
  });
}

test("a scanner finds in every line what it finds in that line alone", () => {
  const membersOf = (scanner: MemberScanner, { view, start, end }: Place): unknown =>
    scanner.scan(view, start, end) &&
    Array.from({ length: scanner.count }, (_, member) => [
      scanner.nameStart(member),
      scanner.nameEnd(member),
      scanner.valueStarts[member],
      scanner.valueEnds[member],
    ]);
  let found = 0;
  fc.assert(
    fc.property(lines, (texts) => {
      const scanner = new MemberScanner();
      for (const place of placesOf(texts)) {
        expect(membersOf(scanner, place)).toEqual(membersOf(new MemberScanner(), place));
        if (scanner.form > 0) found += 1;
      }
    }),
    { numRuns: 200 },
  );
  expect(found).toBeGreaterThan(100);
});

test("markers are those that the rule of the format says, whatever came before", () => {
  const names = new Set(["venue", "check", "b"]);
  fc.assert(
    fc.property(lines, (texts) => {
      const finder = new MarkerFinder((view, start, end) => {
        const name = textOf(view, start, end);
        return names.has(name) ? name : undefined;
      });
      for (const { view, start, end } of placesOf(texts)) {
        const found: unknown[] = [];
        for (let at = start; finder.next(view, at, end); at = finder.end)
          found.push([finder.field, finder.suffix, finder.number, finder.end]);
        const rule = /"(venue|check|b)_dict"([ \t\r]*:[ \t\r]*)([0-9]+)/g;
        expect(found).toEqual(
          [...textOf(view, start, end).matchAll(rule)].map(
            ({ 0: all, 1: name = "", index, 3: number = "" }) => {
              const behind = start + index + all.length;
              return [name, start + index + 1 + name.length, behind - number.length, behind];
            },
          ),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test("a table numbers pieces of bytes in the order in which they come", () => {
  const piece = fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom("a", "b") });
  fc.assert(
    fc.property(fc.array(piece), fc.array(piece), (pieces, others) => {
      const table = new ByteTable();
      const known: string[] = [];
      for (const [at, text] of pieces.entries()) {
        const view = viewOf(Buffer.from(`${"-".repeat(at % 3)}${text}-`));
        const [start, end] = [at % 3, (at % 3) + text.length];
        expect(table.find(view, start, end)).toBe(known.indexOf(text));
        if (known.includes(text)) continue;
        expect(table.add(view, start, end)).toBe(known.length);
        known.push(text);
      }
      expect(table.size).toBe(known.length);
      expect(known.map((_, number) => table.at(number).toString())).toEqual(known);
      for (const text of others)
        expect(table.find(viewOf(Buffer.from(text)), 0, text.length)).toBe(known.indexOf(text));
    }),
  );
});

test("what is copied is put together, and what may be a quote is never passed over", () => {
  const part = fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
  const source = Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 7) % 256));
  const out = new ByteWriter();
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      out.begin(1);
      for (const [start = 0, end = 0] of parts) out.copy(viewOf(source), start, end);
      expect(out.done()).toEqual(
        Buffer.concat(parts.map(([start, end]) => source.subarray(start, end))),
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(8), (bytes, start) => {
      const from = Math.min(start, bytes.length);
      const at = skipPlain(viewOf(bytes), from, bytes.length);
      expect(at).toBeGreaterThanOrEqual(from);
      expect([...bytes.subarray(from, at)].some((byte) => byte === 0x22 || byte === 0x5c)).toBe(
        false,
      );
    }),
  );
});
