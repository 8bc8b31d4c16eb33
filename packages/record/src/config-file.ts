import { readFileSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { type JsonValue, parseStrictJson, parseStrictYaml } from "@reseal/hash";
import { recordErrors } from "./errors.ts";
import { type Places, relativeInside } from "./select-files.ts";

/** A configuration file as it was read, before redaction. */
export interface ConfigFile {
  readonly format: "json" | "yaml" | "toml";
  /** Relative to the workspace, or the file's name when it lies outside. */
  readonly path: string;
  readonly values: { readonly [key: string]: JsonValue };
}

/**
 * Read a JSON, YAML or TOML file that holds one object.
 *
 * Dates become text; what JSON cannot say (NaN, infinities, other types) is refused.
 * @throws `RECORD_CONFIG_INVALID`, `RECORD_INPUT_NOT_FOUND`
 */
export async function readConfigFile(file: string, places: Places): Promise<ConfigFile> {
  const full = resolve(places.cwd, file);
  let bytes: Buffer;
  try {
    bytes = readFileSync(full);
  } catch (cause) {
    throw recordErrors.INPUT_NOT_FOUND(`Configuration file ${file} cannot be read.`, {
      cause,
      hint: "Check the path given to --config.",
    });
  }
  const format = formatOf(full);
  const values = await parseConfig(bytes, format, file);
  if (typeof values !== "object" || values === null || Array.isArray(values))
    throw recordErrors.CONFIG_INVALID(`${file} does not hold an object at its top level.`);
  const path = relativeInside(places.workspace, full) ?? basename(full);
  return { format, path, values: values as ConfigFile["values"] };
}

function formatOf(path: string): ConfigFile["format"] {
  const extension = extname(path).toLowerCase();
  if (extension === ".toml") return "toml";
  return extension === ".json" ? "json" : "yaml";
}

async function parseConfig(
  bytes: Buffer,
  format: ConfigFile["format"],
  file: string,
): Promise<JsonValue> {
  try {
    if (format === "json") return parseStrictJson(bytes);
    if (format === "yaml") return await parseStrictYaml(bytes);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return toJson((await import("smol-toml")).parse(text), "");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw recordErrors.CONFIG_INVALID(`${file} is not valid ${format.toUpperCase()}: ${reason}`, {
      cause,
    });
  }
}

/** TOML knows more types than JSON; bring them down or say where that cannot be done. */
function toJson(value: unknown, pointer: string): JsonValue {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") {
    if (value.isWellFormed()) return value;
    throw new Error(`${pointer || "/"} has half a character (a lone surrogate)`);
  }
  if (typeof value === "number") {
    if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)))
      return value;
    throw new Error(`${pointer || "/"} is ${value}, which JSON cannot hold; write it as text`);
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, `${pointer}/${index}`));
  if (typeof value === "object" && isPlain(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        if (key === "__proto__" || !key.isWellFormed())
          throw new Error(`${pointer || "/"} has a key that no JSON of ours may have`);
        return [key, toJson(item, `${pointer}/${key}`)];
      }),
    );
  throw new Error(`${pointer || "/"} holds a ${nameOf(value)}, which JSON cannot hold`);
}

/** YAML 1.1 knows sets, ordered maps and binary data as well. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function nameOf(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}
