import {
  registerSchema,
  type SchemaObject,
  unregisterSchema,
  validate as validateWithHyperjump,
} from "@hyperjump/json-schema/draft-2020-12";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadValidator, schemaNames } from "../src/index.ts";
import { jsonFiles, schemaFile } from "./schema-files.ts";

type Check = (value: unknown) => boolean;

describe.for(schemaNames)("%s", (name) => {
  const examples = jsonFiles("examples", name);
  const valid = jsonFiles("vectors", name, "valid");
  const invalid = jsonFiles("vectors", name, "invalid");

  test("has an example, at least two valid and four invalid vectors", () => {
    expect(examples.length).toBeGreaterThanOrEqual(1);
    expect(valid.length).toBeGreaterThanOrEqual(2);
    expect(invalid.length).toBeGreaterThanOrEqual(4);
  });

  test("the compiled validator judges every file as it should", async () => {
    const validator = await loadValidator(name);

    judge((value) => validator(value).length === 0);
  });

  test("ajv in strict mode, with the published schema alone, agrees", () => {
    judge(new Ajv2020({ strict: true }).compile(schemaFile(name)));
  });

  test("an independent implementation agrees", async () => {
    judge(await independentCheck(name));
  });

  test("all three agree about examples with one value damaged", async () => {
    const compiled = await loadValidator(name);
    const ajv = new Ajv2020({ strict: true }).compile(schemaFile(name));
    const independent = await independentCheck(name);
    const damaged = fc.tuple(fc.constantFrom(...examples), fc.nat(), fc.constantFrom(...damages));

    fc.assert(
      fc.property(damaged, ([example, position, damage]) => {
        const value =
          damage === remove
            ? without(example.value, position)
            : replaced(example.value, position, damage);
        const isValid = compiled(value).length === 0;

        expect(ajv(value)).toBe(isValid);
        expect(independent(value)).toBe(isValid);
      }),
    );
  });

  function judge(isValid: Check): void {
    const wrong = [
      ...[...examples, ...valid].filter(({ value }) => !isValid(value)),
      ...invalid.filter(({ value }) => isValid(value)),
    ];
    expect(wrong.map((file) => file.name)).toEqual([]);
  }
});

const remove = Symbol("remove");
const damages = [remove, null, true, -1, 0.5, 2 ** 53, "", "a b", "1", [], [1], {}, { "": "" }];

async function independentCheck(name: string): Promise<Check> {
  const schema = schemaFile(name);
  const id = String(schema.$id);
  registerSchema(schema as SchemaObject, id);
  try {
    const validator = await validateWithHyperjump(id);
    return (value) => validator(value as never).valid;
  } finally {
    unregisterSchema(id);
  }
}

type Slot = [holder: Record<string, unknown>, key: string];

function replaced(example: unknown, position: number, damage: unknown): unknown {
  const copy = structuredClone(example);
  const [holder, key] = slotAt(copy, position);
  holder[key] = structuredClone(damage);
  return copy;
}

function without(example: unknown, position: number): unknown {
  const copy = structuredClone(example);
  const [holder, key] = slotAt(copy, position);
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return copy;
}

function slotAt(value: unknown, position: number): Slot {
  const slots = [...slotsOf(value)];
  return slots[position % slots.length] as Slot;
}

function* slotsOf(value: unknown): Iterable<Slot> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    yield [value as Record<string, unknown>, key];
    yield* slotsOf(child);
  }
}
