import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import { banner } from "./output.mjs";
import { packageFolder } from "./schemas.mjs";

/**
 * What compiled validators need at run time, in place of their imports of ajv: the published
 * package depends on no validator library.
 */
const runtime = {
  'require("ajv/dist/runtime/ucs2length").default': "codePointCount",
  'require("ajv/dist/runtime/equal").default': "isDeepStrictEqual",
};
const imports = {
  codePointCount: 'import { codePointCount } from "../code-point-count.ts";\n',
  isDeepStrictEqual: 'import { isDeepStrictEqual } from "node:util";\n',
};

/** Compile one schema to a module that needs no ajv. Throws when ajv's strict mode objects. */
export function writeValidator(output, name, schema) {
  const ajv = new Ajv2020({
    strict: true,
    allErrors: true,
    messages: false,
    inlineRefs: false,
    code: { source: true, esm: true, lines: true },
  });
  const compiled = standaloneCode.default(ajv, ajv.compile(withoutAnnotations(schema)));
  const [, root] = /^export const validate = (\w+);$/m.exec(compiled);
  const used = [];
  let code = dropUnusedSchemas(compiled.replace(/^("use strict";|export .*)\n/gm, ""));
  for (const [call, helper] of Object.entries(runtime)) {
    if (!code.includes(call)) continue;
    code = code.replaceAll(call, helper);
    used.push(imports[helper]);
  }
  if (/\brequire\(/.test(code)) throw new Error(`${name}: the validator requires something.`);
  output.write(
    join(packageFolder, "src", "validators", `${name}.generated.ts`),
    [
      banner(`schemas/${name}.schema.json`),
      "// @ts-nocheck\n",
      ...used,
      'import type { CompiledValidator } from "../compiled-validator.ts";\n\n',
      code.trim(),
      `\nexport const validator: CompiledValidator = ${root};\n`,
    ].join(""),
  );
}

const annotations = new Set(["description", "title", "examples"]);
const maps = new Set(["properties", "$defs", "dependentSchemas"]);

/** The schema without words for people, which a validator would only carry along. */
function withoutAnnotations(value, isMap = false) {
  if (Array.isArray(value)) return value.map((item) => withoutAnnotations(item));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => isMap || !annotations.has(key));
  return Object.fromEntries(
    kept.map(([key, item]) => [key, withoutAnnotations(item, !isMap && maps.has(key))]),
  );
}

/** ajv leaves the source of every sub-schema in the code; most are never read. */
function dropUnusedSchemas(code) {
  return code.replace(/^const (schema\d+) = .*;\n/gm, (line, name) =>
    code.split(new RegExp(`\\b${name}\\b`)).length > 2 ? line : "",
  );
}
