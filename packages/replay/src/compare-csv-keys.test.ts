import fc from "fast-check";
import { expect, test } from "vitest";
import { compareCsv } from "./compare-csv.ts";

const byId = { absolute: 0, relative: 0, key: ["id"] };

test("rows and columns in another order are the same table when keys name the rows", () => {
  const original = "id,x,y\n1,10,a\n2,20,b\n";
  const candidate = "id,y,x\n2,b,20\n1,a,10\n";

  expect(compareCsv(original, candidate, byId)).toEqual({ status: "equal" });
  expect(compareCsv(original, candidate, { absolute: 0, relative: 0 }).status).toBe("different");
});

test("a difference names the key, the column and the row of the original", () => {
  const result = compareCsv("id,x\na,1\nb,2\n", "id,x\nb,2.5\na,1\n", byId);

  expect(result).toMatchObject({
    status: "different",
    firstDifference: { key: { id: "b" }, row: 2, column: "x", original: "2", candidate: "2.5" },
    maxAbsoluteError: 0.5,
    differingCount: 1,
  });
});

test("numbers of paired rows may differ as much as is allowed", () => {
  const tolerance = { absolute: 0.5, relative: 0, key: ["id"] };

  expect(compareCsv("id\tx\na\t1\nb\t2\n", "id\tx\nb\t2.5\na\t1\n", tolerance)).toMatchObject({
    status: "within_tolerance",
    maxAbsoluteError: 0.5,
  });
});

test("rows that only one side has are told by their keys, those of the original first", () => {
  const original = "id,x\n1,10\n2,20\n";

  expect(compareCsv(original, "id,x\n3,30\n2,20\n", byId)).toMatchObject({
    firstDifference: { key: { id: "1" }, row: 1, original: ["1", "10"] },
    differingCount: 2,
  });
  expect(compareCsv(original, "id,x\n3,30\n1,10\n2,20\n", byId).firstDifference).toEqual({
    key: { id: "3" },
    row: 1,
    candidate: ["3", "30"],
  });
});

test("several columns make a key; a key that is there twice is paired in order", () => {
  const tolerance = { absolute: 0, relative: 0, key: ["run", "step"] };
  const original = "run,step,v\na,1,1\na,1,2\nb,1,3\n";

  expect(compareCsv(original, "run,step,v\nb,1,3\na,1,1\na,1,2\n", tolerance).status).toBe("equal");
  expect(
    compareCsv(original, "run,step,v\nb,1,3\na,1,2\na,1,1\n", tolerance).firstDifference,
  ).toMatchObject({ key: { run: "a", step: "1" }, row: 1, column: "v" });
});

test("a column that only one side has is a difference of the header", () => {
  expect(compareCsv("id,x\n1,1\n", "id,x,y\n1,1,2\n", byId).firstDifference).toEqual({
    line: 1,
    column: "y",
    candidate: "y",
  });
  expect(compareCsv("id,x\n1,1\n", "x\n1\n", byId).firstDifference).toEqual({
    line: 1,
    column: "id",
    original: "id",
  });
});

test("what cannot be paired by name is not passed over", () => {
  expect(compareCsv("id,x\n1,1\n", "id,x,x\n1,1,2\n", byId).status).toBe("different");
  expect(compareCsv("id,x\n1,1\n", "id,x\n1,1,2\n", byId).status).toBe("different");
  expect(compareCsv("id,x,x\n1,1,1\n", "id,x,x\n1,1,2\n", byId).status).toBe("different");
  expect(compareCsv("name,x\na,1\n", "name,x\na,2\n", byId).firstDifference).toMatchObject({
    row: 1,
    column: "x",
  });
});

test("without a header columns are named by number", () => {
  const tolerance = { absolute: 0, relative: 0, key: ["1"] };

  expect(compareCsv("1,10\n2,20\n", "2,20\n1,10\n", tolerance).status).toBe("equal");
  expect(compareCsv("1,10\n2,20\n", "2,21\n1,10\n", tolerance).firstDifference).toMatchObject({
    key: { "1": "2" },
    column: "2",
  });
});

test("ignored columns and the NaN policy hold for paired rows, too", () => {
  const original = "id,x,t\n1,nan,5\n";
  const candidate = "id,x,t\n1,nan,6\n";
  const ignore = { columns: ["t"] };

  expect(compareCsv(original, candidate, { ...byId, ignore }).status).toBe("equal");
  expect(
    compareCsv(original, candidate, { ...byId, ignore, nan: "different" }).firstDifference,
  ).toMatchObject({ column: "x" });
});

test("whatever the order of its rows, a table with unique keys is the same", () => {
  const table = fc.uniqueArray(fc.tuple(fc.nat(), fc.double()), { selector: ([id]) => id });
  fc.assert(
    fc.property(
      table.chain((rows) =>
        fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
      ),
      ([rows, others]) => {
        const text = (list: typeof rows): string => ["id,x", ...list.map(String), ""].join("\n");

        expect(compareCsv(text(rows), text(others), byId).status).toBe("equal");
      },
    ),
  );
});
