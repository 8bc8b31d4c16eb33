import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRedactor } from "./index.ts";

test("no file of this package looks as if it held a secret", () => {
  const root = join(import.meta.dirname, "..");
  const files = ["src", "test"].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name)),
  );
  const redactor = createRedactor();

  const suspects = files.filter((file) => redactor.scan(readFileSync(file)).length > 0);

  expect(files.length).toBeGreaterThan(30);
  expect(suspects).toEqual([]);
});
