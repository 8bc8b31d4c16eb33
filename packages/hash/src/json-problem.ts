import { hashErrors } from "./errors.ts";
import { jsonPointer } from "./json-pointer.ts";
import { quote } from "./quote.ts";

/** What a strict reader can hold against a document; `details.reason` of `HASH_JSON_INVALID`. */
export type JsonReason =
  | "byte_order_mark"
  | "depth"
  | "duplicate_key"
  | "number"
  | "proto_key"
  | "size"
  | "surrogate"
  | "syntax"
  | "utf8";

/** Where in the document, counted in UTF-16 units from 0, and below which keys. */
export interface JsonPlace {
  readonly text: string;
  readonly offset: number;
  readonly pointer: Iterable<string | number>;
}

/** The error for a document that is not strict JSON. Lines and columns count from 1. */
export function jsonProblem(reason: JsonReason, problem: string, place: JsonPlace): Error {
  const { line, column } = lineAndColumn(place.text, place.offset);
  const pointer = jsonPointer(place.pointer);
  const below = pointer === "" ? "" : ` (${quote(pointer)})`;
  return hashErrors.JSON_INVALID(`JSON line ${line}, column ${column}${below}: ${problem}.`, {
    details: { reason, line, column, pointer },
  });
}

function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (;;) {
    const feed = text.indexOf("\n", lineStart);
    if (feed === -1 || feed >= offset) return { line, column: offset - lineStart + 1 };
    line++;
    lineStart = feed + 1;
  }
}
