import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { packageFolder, schemasFolder } from "./schema-files.ts";

test("the committed generated files are fresh", () => {
  expect(generate(packageFolder, "--check")).toEqual({ status: 0, report: "" });
});

test("a schema dropped into the folder gets types, a validator and a name; --check sees it first", () => {
  using copy = copyOfPackage();
  copy.writeSchema("output.ping", {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://reseal.dev/schemas/output.ping/v1",
    title: "PingOutput",
    description: "An answer.",
    type: "object",
    properties: { at: { description: "When.", $ref: "#/$defs/Timestamp" } },
    required: ["at"],
    additionalProperties: false,
    examples: [{ at: "2026-11-21T08:30:12Z" }],
  });

  const check = generate(copy.folder, "--check");
  const first = generate(copy.folder);
  const second = generate(copy.folder, "--check");

  expect(check.status).toBe(1);
  expect(check.report).toContain(`stale ${join("packages/schema/src/output.ping.generated.ts")}`);
  expect(first.status).toBe(0);
  expect(second).toEqual({ status: 0, report: "" });
  expect(copy.read("src/output.ping.generated.ts")).toContain("export interface PingOutput {");
  expect(copy.read("src/registry.generated.ts")).toContain('"output.ping": PingOutput;');
  expect(copy.readSchema("output.ping")).toHaveProperty("$defs.Timestamp");
});

test("a schema that went away takes its generated files with it", () => {
  using copy = copyOfPackage();
  rmSync(join(copy.folder, "..", "..", "schemas", "event.schema.json"));

  expect(generate(copy.folder, "--check").status).toBe(1);
  expect(generate(copy.folder).status).toBe(0);

  expect(() => copy.read("src/validators/event.generated.ts")).toThrow(/ENOENT/);
  expect(copy.read("src/registry.generated.ts")).not.toContain("event");
});

test("a schema that ajv's strict mode refuses is not generated", () => {
  using copy = copyOfPackage();
  copy.writeSchema("typo", {
    $id: "https://reseal.dev/schemas/typo/v1",
    title: "Typo",
    type: "object",
    propertys: {},
  });

  expect(generate(copy.folder).report).toMatch(/strict mode: unknown keyword: "propertys"/);
});

function generate(folder: string, ...flags: string[]): { status: number; report: string } {
  try {
    const script = join(folder, "scripts", "generate.mjs");
    execFileSync(process.execPath, [script, ...flags], { encoding: "utf8", stdio: "pipe" });
    return { status: 0, report: "" };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    return { status, report: stderr };
  }
}

function copyOfPackage() {
  const root = mkdtempSync(join(tmpdir(), "reseal-schema-"));
  const folder = join(root, "packages", "schema");
  mkdirSync(dirname(folder), { recursive: true });
  const isCopied = (path: string): boolean =>
    !/^(node_modules|dist|schemas)$/.test(relative(packageFolder, path));
  cpSync(packageFolder, folder, { recursive: true, filter: isCopied });
  cpSync(schemasFolder, join(root, "schemas"), { recursive: true });
  symlinkSync(join(packageFolder, "node_modules"), join(folder, "node_modules"), "junction");
  const schemaPath = (name: string): string => join(root, "schemas", `${name}.schema.json`);
  return {
    folder,
    read: (path: string): string => readFileSync(join(folder, path), "utf8"),
    readSchema: (name: string): unknown => JSON.parse(readFileSync(schemaPath(name), "utf8")),
    writeSchema: (name: string, schema: object): void =>
      writeFileSync(schemaPath(name), JSON.stringify(schema)),
    [Symbol.dispose]: (): void => rmSync(root, { recursive: true, force: true }),
  };
}
