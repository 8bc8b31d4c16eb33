import { createHash } from "node:crypto";
import { catalogErrors } from "./errors.ts";

/** The last row of a page: the next page starts behind it. */
export interface Position {
  /** The value that the list is sorted by; `null` among the rows that have none. */
  readonly value: string | number | null;
  /** Hexadecimal. */
  readonly seal: string;
}

/** Make a cursor that only the query with this binding accepts. */
export function formatCursor(binding: string, position: Position): string {
  // Numbers travel as text: JSON has no infinity.
  const value = typeof position.value === "number" ? [String(position.value)] : position.value;
  return Buffer.from(JSON.stringify([binding, value, position.seal])).toString("base64url");
}

/**
 * Read a cursor.
 *
 * @throws CATALOG_CURSOR_INVALID when it is not a cursor, or one of another query
 */
export function parseCursor(binding: string, cursor: string): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw catalogErrors.CURSOR_INVALID("`after` is not a cursor.", { cause });
  }
  if (!Array.isArray(parts) || parts.length !== 3) {
    throw catalogErrors.CURSOR_INVALID("`after` is not a cursor.");
  }
  const [bound, value, seal] = parts as unknown[];
  if (bound !== binding) {
    throw catalogErrors.CURSOR_INVALID(
      "`after` belongs to a list with other filters, another sort or another order.",
    );
  }
  if (typeof seal !== "string" || !/^[0-9a-f]{64}$/.test(seal)) {
    throw catalogErrors.CURSOR_INVALID("`after` is not a cursor.");
  }
  const position = { value: parseValue(value), seal };
  // Base64 readers pass over what does not belong to it; a cursor is taken only as it was given.
  if (formatCursor(binding, position) !== cursor) {
    throw catalogErrors.CURSOR_INVALID("`after` is not a cursor.");
  }
  return position;
}

/** A short name for what a cursor is bound to. */
export function bindingOf(query: unknown): string {
  return createHash("sha256").update(JSON.stringify(query)).digest("base64url").slice(0, 16);
}

function parseValue(value: unknown): Position["value"] {
  if (value === null || typeof value === "string") return value;
  const number = Array.isArray(value) ? Number(value[0]) : Number.NaN;
  if (Number.isNaN(number)) throw catalogErrors.CURSOR_INVALID("`after` is not a cursor.");
  return number;
}
