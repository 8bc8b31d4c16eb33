import fc from "fast-check";
import { expect, test } from "vitest";
import { compareCsv } from "./compare-csv.ts";
import { parseCsv } from "./csv.ts";

const exact = { absolute: 0, relative: 0 };

test("the first difference is the data row and the column's name, as the cells stand there", () => {
  const result = compareCsv("t,x\n0,1.0\n1,2.50\n", "t,x\n0,1.0\n1,2.75\n", exact);

  expect(result).toEqual({
    status: "different",
    firstDifference: { row: 2, column: "x", original: "2.50", candidate: "2.75" },
    maxAbsoluteError: 0.25,
    maxRelativeError: 0.1,
    maxUlpError: 2 ** 49,
    differingCount: 1,
  });
});

test("without a header rows count from the top and columns have numbers", () => {
  expect(compareCsv("1,2\n3,4\n", "1,2\n3,5\n", exact).firstDifference).toMatchObject({
    row: 2,
    column: "2",
  });
});

test("a difference in the header names its line", () => {
  expect(compareCsv("a,b\n1,2\n", "a,c\n1,2\n", exact).firstDifference).toEqual({
    line: 1,
    column: "2",
    original: "b",
    candidate: "c",
  });
});

test("missing rows and cells are absent", () => {
  expect(compareCsv("a\n1\n2\n", "a\n1\n", exact).firstDifference).toEqual({
    row: 2,
    original: ["2"],
  });
  expect(compareCsv("a,b\n1,2\n", "a,b\n1\n", exact).firstDifference).toEqual({
    row: 1,
    column: "b",
    original: "2",
  });
});

test("the same number written otherwise is equal", () => {
  expect(compareCsv("x\n1\n1e3\n", "x\n1.0\n 1000\n", exact).status).toBe("equal");
  expect(compareCsv("x\nNaN\n-inf\n", "x\nnan\n-Infinity\n", exact).status).toBe("equal");
});

test("integers beyond doubles are told apart", () => {
  const result = compareCsv("id,x\n9007199254740993,1\n", "id,x\n9007199254740992,1\n", exact);

  expect(result).toMatchObject({ status: "different", maxAbsoluteError: 1 });
});

test("infinity is within no tolerance of a number", () => {
  const result = compareCsv("x,y\n1,2\n", "x,y\ninf,2\n", { absolute: 1e300, relative: 1e300 });

  expect(result.status).toBe("different");
});

test("an ignored column may differ in any way, by name or by number", () => {
  const [a, b] = ["t,x\n0,1\n1,2\n", "t,x\n5,1\n6,3\n"];
  const ignoring = (...columns: string[]) => compareCsv(a, b, { ...exact, ignore: { columns } });

  expect(ignoring("t").firstDifference).toMatchObject({ row: 2, column: "x" });
  expect(ignoring("t", "x")).toEqual({ status: "equal" });
  expect(compareCsv("1,2\n", "9,2\n", { ...exact, ignore: { columns: ["1"] } })).toEqual({
    status: "equal",
  });
  expect(compareCsv("t\n1\n", "u\n1\n", { ...exact, ignore: { columns: ["t"] } }).status).toBe(
    "different",
  );
});

test("cells with NaN differ on demand, however they are written", () => {
  const tolerance = { ...exact, nan: "different" as const };

  expect(compareCsv("x\n1\nnan\n", "x\n1\nnan\n", tolerance).firstDifference).toEqual({
    row: 2,
    column: "x",
    original: "nan",
    candidate: "nan",
  });
});

test("numbers within tolerance; texts never", () => {
  const tolerance = { absolute: 0.1, relative: 0 };

  expect(compareCsv("x\n1\n", "x\n1.05\n", tolerance)).toMatchObject({
    status: "within_tolerance",
  });
  expect(compareCsv("x\n1\n", "x\none\n", tolerance).status).toBe("different");
});

test("tab and semicolon tables are read as such", () => {
  for (const delimiter of ["\t", ";"]) {
    const [a, b] = [`n${delimiter}x\n1${delimiter}2\n`, `n${delimiter}x\n1${delimiter}3\n`];
    expect(compareCsv(a, b, exact).firstDifference).toMatchObject({ row: 1, column: "x" });
  }
});

test("quoted cells hold delimiters, line breaks and quotes", () => {
  expect(parseCsv('a,"b,""c""\nd"\r\n"",e,\n', ",")).toEqual([
    ["a", 'b,"c"\nd'],
    ["", "e", ""],
  ]);
  expect(parseCsv('"unclosed', ",")).toEqual([["unclosed"]]);
  expect(parseCsv("", ",")).toEqual([]);
});

const table = fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 4 }), { maxLength: 6 });

test("what is quoted as RFC 4180 says is read back", () => {
  fc.assert(
    fc.property(table, fc.constantFrom("\n", "\r\n"), (rows, lineBreak) => {
      const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
      const text = rows.map((row) => row.map(quote).join(",") + lineBreak).join("");
      expect(parseCsv(text, ",")).toEqual(rows);
    }),
  );
});

test("any text is read to its end, and equals itself", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(",", "\t", ";"), (text, delimiter) => {
      expect(() => parseCsv(text, delimiter)).not.toThrow();
      expect(compareCsv(text, text, exact)).toEqual({ status: "equal" });
    }),
  );
});
