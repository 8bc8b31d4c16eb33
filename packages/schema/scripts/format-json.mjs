const width = 100;

/**
 * JSON text as the repository's formatter lays it out, so that a refreshed schema is not a
 * formatting change: objects on several lines where the pretty form does not fit, short arrays
 * of plain values on one line. Characters outside printable ASCII are escaped.
 */
export function formatJson(value) {
  return `${escapeUnprintable(print(value, "", 0))}\n`;
}

function print(value, indent, column) {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const flat = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    const plain = value.every((item) => typeof item !== "object" || item === null);
    if (plain && column + escapeUnprintable(flat).length < width) return flat;
    const items = value.map((item) => inner + print(item, inner, inner.length));
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([key, item]) => {
    const head = `${inner}${JSON.stringify(key)}: `;
    return head + print(item, inner, head.length);
  });
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

function escapeUnprintable(text) {
  return text.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
