import { parseStrictJson, parseTree } from "@reseal/hash";
import { type FileEntry, type SchemaName, validate } from "@reseal/schema";
import { bundlePaths, bundleTrees } from "./paths.ts";
import type { AddFinding } from "./verify.ts";

/**
 * The documents that have a fixed name, and the schema that each must satisfy. The name decides,
 * not the role: whoever forges a manifest chooses the roles.
 */
const schemas: Readonly<Record<string, SchemaName>> = {
  [bundlePaths.runIndex]: "run",
  [bundlePaths.config]: "config-snapshot",
  [bundlePaths.environment]: "environment",
  [bundlePaths.provenance]: "provenance",
  [bundlePaths.metrics]: "metrics",
  [bundlePaths.replay]: "replay",
  [bundlePaths.comparison]: "comparison",
};

const treeFiles: ReadonlySet<string> = new Set(bundleTrees.map(({ file }) => file));

/** A file that lists others. */
export function isTreeFile(path: string): boolean {
  return treeFiles.has(path);
}

/** Larger documents are checked by digest only; in bytes. */
const documentBytesMax = 64 * 1024 * 1024;
/** A tree of a million files fits. */
const treeBytesMax = 256 * 1024 * 1024;

/** A file that is looked into; of others only the bytes count. */
export function isDocument({ path, size }: Pick<FileEntry, "path" | "size">): boolean {
  if (isTreeFile(path)) return size <= treeBytesMax;
  const isKnown = path === bundlePaths.events || Object.hasOwn(schemas, path);
  return isKnown && size <= documentBytesMax;
}

/** Check a document against its format. One that is in order is added to `documents`. */
export async function verifyDocument(
  path: string,
  bytes: Uint8Array,
  documents: Map<string, unknown>,
  add: AddFinding,
): Promise<void> {
  if (isTreeFile(path)) {
    try {
      documents.set(path, parseTree(bytes));
    } catch (error) {
      add("tree_mismatch", path, (error as Error).message);
    }
  } else if (path === bundlePaths.events) await verifyEvents(path, bytes, add);
  else {
    const schema = schemas[path];
    const value = schema && (await validDocument(schema, path, bytes, add));
    if (value !== undefined) documents.set(path, value);
  }
}

/** More broken lines than this say nothing new. */
const eventFindingsMax = 10;

async function verifyEvents(path: string, bytes: Uint8Array, add: AddFinding): Promise<void> {
  const lines = Buffer.from(bytes).toString("utf8").split("\n");
  let count = 0;
  for (const [index, line] of lines.entries()) {
    if (line === "" && index === lines.length - 1) continue;
    const isValid = await validDocument("event", path, line, (code, _, message) => {
      count += 1;
      if (count <= eventFindingsMax) add(code, path, `line ${index + 1}: ${message}`);
    });
    if (isValid === undefined && count > eventFindingsMax) return;
  }
}

/** The value of a JSON document, unless something is wrong with it. */
async function validDocument(
  schema: SchemaName,
  path: string,
  bytes: Uint8Array | string,
  add: AddFinding,
): Promise<unknown> {
  let value: unknown;
  try {
    // An event may hold any number that the child wrote; what we write ourselves is strict.
    value = typeof bytes === "string" ? JSON.parse(bytes) : parseStrictJson(bytes);
  } catch (error) {
    add("schema", path, (error as Error).message);
    return undefined;
  }
  const findings = await validate(schema, value);
  for (const { pointer, message } of findings) add("schema", path, `${pointer || "/"} ${message}`);
  return findings.length === 0 ? value : undefined;
}
