import { isResealError } from "@reseal/errors";
import { expect, test } from "vitest";
import {
  assertValid,
  type Comparison,
  type Digest,
  getSchema,
  isSchemaName,
  loadValidator,
  schemaNames,
  validate,
} from "./index.ts";

const event = {
  time: "2026-11-21T08:29:58Z",
  run_id: "3f1c2a5e-8d47-4b6a-9c0e-5a7b1d2e3f40",
  event_type: "run.started",
  severity: "info",
};

test("a valid document has no findings and comes back typed", async () => {
  expect(await validate("event", event)).toEqual([]);
  expect((await assertValid("event", event)).event_type).toBe("run.started");
});

test("each finding points at its value and names the broken keyword", async () => {
  const { time, ...rest } = event;
  const broken = { ...rest, severity: "warning", trace: { trace_id: "" }, "a/b~c": 1 };

  expect(await validate("event", broken)).toEqual([
    { pointer: "", message: 'lacks the property "time"', keyword: "required" },
    { pointer: "/a~1b~0c", message: "is not a known property", keyword: "additionalProperties" },
    {
      pointer: "/severity",
      message: 'must be one of "debug", "info", "warn", "error"',
      keyword: "enum",
    },
    { pointer: "/trace", message: 'lacks the property "span_id"', keyword: "required" },
    {
      pointer: "/trace/trace_id",
      message: "must be: One line of text for people: not empty, without control characters",
      keyword: "pattern",
    },
  ]);
});

test("findings never repeat the value, which may be a secret", async () => {
  const secret = "AKIA-not-for-the-log\n";
  const findings = await validate("event", {
    ...event,
    run_id: secret,
    severity: secret,
    attrs: secret,
  });

  expect(findings).toHaveLength(3);
  expect(JSON.stringify(findings)).not.toContain("AKIA");
});

test("assertValid throws the first findings as text and all as details", async () => {
  const error = await assertValid("event", { a: 1 }).catch((thrown: unknown) => thrown);

  expect(isResealError(error) && error.code).toBe("SCHEMA_INVALID");
  expect(error).toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(
      /^Not a valid event document: the document lacks the property "time"; .*; and 2 more\.$/,
    ),
    details: { schema: "event", findings: { length: 5 } },
  });
});

test("the objections of alternatives become one finding", async () => {
  const { examples } = await getSchema("comparison");
  const [comparison] = structuredClone(examples) as [Comparison];
  comparison.exit.original = { code: 0, signal: "SIGTERM" };
  comparison.keys.env_key.original = "none" as Digest;
  comparison.metrics = [{ name: "loss", original: "low", candidate: 1, equal: false }];

  expect(await validate("comparison", comparison)).toEqual([
    {
      pointer: "/keys/env_key/original",
      message:
        "must be: Address of bytes: the algorithm, a colon, 64 lower-case hex digits of the SHA-256, or must be null",
      keyword: "anyOf",
    },
    {
      pointer: "/metrics/0/original",
      message: expect.stringMatching(
        /^must be a number, or must be one of "NaN", "Infinity", "-Infinity", or must be: An integer.*, or must be null$/,
      ),
      keyword: "anyOf",
    },
    {
      pointer: "/exit/original",
      message:
        'must not have the property "signal", or must not have the property "code", or must be null',
      keyword: "anyOf",
    },
  ]);
});

test("a missing property beside alternatives stays a finding of its own", async () => {
  const series = [{}];
  const metrics = { schema_version: "reseal.metrics/v1", final: {}, series, context: {} };

  expect((await validate("metrics", metrics)).map(({ message }) => message)).toEqual([
    'lacks the property "path", or lacks the property "points"',
    'lacks the property "name"',
  ]);
});

test("a document with thousands of errors gives a hundred findings", async () => {
  const final = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`m${index}`, null]));
  const metrics = { schema_version: "reseal.metrics/v1", final, series: [], context: {} };

  expect(await validate("metrics", metrics)).toHaveLength(100);
});

test.for([undefined, null, true, 1, "x", [], () => 1])("%s is not a manifest", async (value) => {
  expect(await validate("manifest", value)).toEqual([
    { pointer: "", message: "must be an object", keyword: "type" },
  ]);
});

test("a property called __proto__ is one more unknown property", async () => {
  const hostile: unknown = JSON.parse(
    `{"__proto__": {"admin": true}, ${JSON.stringify(event).slice(1)}`,
  );

  expect(await validate("event", hostile)).toEqual([
    { pointer: "/__proto__", message: "is not a known property", keyword: "additionalProperties" },
  ]);
});

test("a loaded validator keeps nothing from one value to the next", async () => {
  const check = await loadValidator("event");

  expect(check({})).not.toEqual([]);
  expect(check(event)).toEqual([]);
});

test("unknown names are refused, also those of every object", async () => {
  for (const name of ["manifests", "__proto__", "constructor", ""]) {
    expect(isSchemaName(name)).toBe(false);
    await expect(getSchema(name as never)).rejects.toMatchObject({ code: "SCHEMA_NOT_FOUND" });
    await expect(validate(name as never, {})).rejects.toMatchObject({ exitCode: 3 });
  }
});

test("the names are sorted and hold every document of a bundle", () => {
  expect(schemaNames).toEqual([...schemaNames].sort());
  expect(schemaNames).toEqual(
    expect.arrayContaining([
      "citation",
      "comparison",
      "config-snapshot",
      "environment",
      "event",
      "manifest",
      "metrics",
      "provenance",
      "replay",
      "run",
    ]),
  );
});
