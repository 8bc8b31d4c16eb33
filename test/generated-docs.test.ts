// Pages that a script writes must be what the script would write now.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { collectErrors, errorsPage } from "../tools/errors-doc.mjs";
import { manifestPage } from "../tools/manifest-doc.mjs";

const root = dirname(import.meta.dirname);

test("docs/errors.md and the packages have the same codes, both ways", async () => {
  const packages = await collectErrors(root);
  const inPackages = packages.flatMap(({ codes }) => codes.map(({ code }) => code));
  const page = readFileSync(join(root, "docs", "errors.md"), "utf8");
  const onPage = [...page.matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map(([, code]) => code);

  expect(onPage).toEqual(inPackages);
  expect(new Set(inPackages).size).toBe(inPackages.length);
  expect(inPackages.length).toBeGreaterThan(50);
  expect(page, "run node tools/errors-doc.mjs").toBe(errorsPage(packages));
});

test("each package with errors of its own is on the page", async () => {
  const withTables = globSync("{packages,apps}/*/src/errors.ts", { cwd: root })
    .map((path) => dirname(dirname(path)))
    .sort();

  const listed = (await collectErrors(root)).map(({ folder }) => folder);

  expect(listed.sort()).toEqual(withTables);
});

test("every exit status of a code is explained on the page", async () => {
  const page = readFileSync(join(root, "docs", "errors.md"), "utf8");
  const explained = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status));
  const own = [125, 126, 127]; // Named in the sentence about `run`.

  const used = (await collectErrors(root)).flatMap(({ codes }) =>
    codes.map((each) => each.exitCode),
  );

  expect(used.filter((status) => ![...explained, ...own].includes(status))).toEqual([]);
});

test("docs/format/manifest.md describes each field of the schema", () => {
  const schema = JSON.parse(readFileSync(join(root, "schemas", "manifest.schema.json"), "utf8"));
  const page = readFileSync(join(root, "docs", "format", "manifest.md"), "utf8");

  expect(page, "run node tools/manifest-doc.mjs").toBe(manifestPage(schema));
  for (const name of ["Content", "Context"])
    for (const field of Object.keys(schema.$defs[name].properties))
      expect(page).toMatch(new RegExp(`^\\| \`${field}\`( _optional_)? \\| .+ \\| .+ \\|$`, "m"));
});
