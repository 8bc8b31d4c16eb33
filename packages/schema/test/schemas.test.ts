import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { getSchema, schemaNames, validate } from "../src/index.ts";
import { readJson, schemaFile, schemasFolder } from "./schema-files.ts";

type Node = Record<string, unknown>;

const shared = readJson(join(schemasFolder, "definitions.json")).$defs as Node;
// Sub-schemas under these words narrow a schema that is described elsewhere.
const conditions = new Set(["if", "then", "else", "dependentSchemas"]);

describe.for(schemaNames)("%s", (name) => {
  const schema = schemaFile(name);

  test("names its draft, itself and its version", () => {
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(schema.$id).toBe(`https://reseal.dev/schemas/${name}/v1`);
    expect(schema.title).toMatch(/^[A-Z][A-Za-z]+$/);
  });

  test("describes every property and definition", () => {
    const silent: string[] = [];
    walk(schema, (pointer, node) => {
      for (const map of ["properties", "$defs"]) {
        for (const [key, child] of Object.entries((node[map] ?? {}) as Node)) {
          if (typeof child === "object" && !("description" in (child as Node))) {
            silent.push(`${pointer}/${map}/${key}`);
          }
        }
      }
    });
    expect(silent).toEqual([]);
  });

  test("says of every object whether it is open", () => {
    const undecided: string[] = [];
    walk(schema, (pointer, node) => {
      if (node.type === "object" && !("additionalProperties" in node)) undecided.push(pointer);
    });
    expect(undecided).toEqual([]);
  });

  test("stands alone: every reference points into its own definitions", () => {
    const definitions = (schema.$defs ?? {}) as Node;
    const dangling: unknown[] = [];
    walk(schema, (_, { $ref }) => {
      if ($ref === undefined) return;
      const key = String($ref).replace("#/$defs/", "");
      if (!Object.hasOwn(definitions, key)) dangling.push($ref);
    });
    expect(dangling).toEqual([]);
  });

  test("holds the shared definitions unchanged", () => {
    for (const [key, definition] of Object.entries((schema.$defs ?? {}) as Node)) {
      if (Object.hasOwn(shared, key)) expect(definition).toEqual(shared[key]);
    }
  });

  test("keeps to regular expressions that every implementation has", () => {
    const special: unknown[] = [];
    walk(schema, (_, { pattern, format }) => {
      // JSON Schema 2020-12 section 6.4 names the safe subset; classes like \d differ by engine.
      const text = String(pattern ?? "").replaceAll("\\\\", "");
      if (/\(\?|\\|[*+}]\?/.test(text)) special.push(pattern);
      // Whether a format is checked differs by implementation; we use patterns.
      if (typeof format === "string") special.push(format);
    });
    expect(special).toEqual([]);
  });

  test("has valid examples", async () => {
    const examples = schema.examples as unknown[];
    expect(examples.length).toBeGreaterThanOrEqual(1);
    for (const example of examples) expect(await validate(name, example)).toEqual([]);
  });

  test("is what getSchema returns", async () => {
    expect(await getSchema(name)).toEqual(schema);
  });
});

/** Visit every schema of a document that stands for itself. */
function walk(node: unknown, visit: (pointer: string, node: Node) => void, pointer = ""): void {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) visit(pointer, node as Node);
  for (const [key, child] of Object.entries(node)) {
    if (conditions.has(key) || key === "examples") continue;
    walk(child, visit, `${pointer}/${key}`);
  }
}
