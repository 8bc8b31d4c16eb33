// The manual pages that the build makes from the commands.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandTable } from "../src/command-table.ts";
import { helpTopics } from "../src/help-topics.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-man-"));
  const script = join(import.meta.dirname, "..", "scripts", "man.mjs");
  execFileSync(process.execPath, [script, folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("there is a page for the program and for each command", () => {
  const names = commandTable.map(({ name }) => `reseal-${name}.1`);

  expect(readdirSync(folder)).toEqual(["reseal.1", ...names].toSorted());
});

test("a page has its name, how it is used, flags, examples and exit statuses", () => {
  const page = readFileSync(join(folder, "reseal-ls.1"), "utf8");

  expect(page).toMatch(/^\.TH "RESEAL\\-LS" 1 "" "reseal \d+\.\d+\.\d+" "Reseal"$/m);
  expect(page).toMatch(/^\.SH NAME\nreseal\\-ls \\- List runs/m);
  for (const heading of ["SYNOPSIS", "OPTIONS", '"EXAMPLES"', '"EXIT STATUS"', "SEE ALSO"])
    expect(page).toContain(`\n.SH ${heading}\n`);
  expect(page).toContain("\\fB\\-f, \\-\\-filter\\fR\\fI <expression>\\fR");
});

test("the page of the program holds the topics of help", () => {
  const page = readFileSync(join(folder, "reseal.1"), "utf8");

  for (const { name } of helpTopics)
    expect(page).toContain(`\n.SH "${name.toUpperCase().replaceAll("-", "\\-")}"\n`);
});

test("no line of text is taken for a request", () => {
  const known = new Set(["TH", "SH", "SS", "B", "BR", "I", "TP", "PP", "nf", "fi"]);
  const requests = readdirSync(folder)
    .flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"))
    .filter((line) => /^[.']/.test(line))
    .map((line) => /^\.(\w*)/.exec(line)?.[1] ?? line);

  expect(requests.filter((request) => !known.has(request))).toEqual([]);
});

test("groff, where it is installed, has nothing to object to", () => {
  const isInstalled = spawnSync("groff", ["--version"]).status === 0;
  for (const file of isInstalled ? readdirSync(folder) : []) {
    const { stderr, stdout } = spawnSync(
      "groff",
      ["-man", "-Tutf8", "-Kutf8", "-ww", join(folder, file)],
      {
        encoding: "utf8",
      },
    );
    expect({ file, stderr }).toEqual({ file, stderr: "" });
    expect(stdout).toContain("reseal");
  }
});
