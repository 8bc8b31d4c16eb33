/**
 * The rows of a text with separated values.
 *
 * Quoted cells may hold the delimiter, line breaks and doubled quotes (RFC 4180); a quote inside
 * an unquoted cell is an ordinary character. Empty lines are no rows.
 */
export function parseCsv(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  while (at < text.length) {
    const cell =
      text[at] === '"' ? quotedCell(text, at, delimiter) : plainCell(text, at, delimiter);
    row.push(cell.value);
    at = cell.end;
    if (text[at] === delimiter) {
      at += 1;
      if (at < text.length) continue;
      row.push(""); // The text ends right after a delimiter.
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}

/** The delimiter that the first line of a text uses most; a comma when it uses none. */
export function guessDelimiter(text: string): string {
  const end = text.indexOf("\n");
  const line = end === -1 ? text : text.slice(0, end);
  const counts = [",", "\t", ";"].map((delimiter) => ({
    delimiter,
    count: line.split(delimiter).length - 1,
  }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

interface Cell {
  readonly value: string;
  /** Index of the delimiter or line break after it. */
  readonly end: number;
}

function plainCell(text: string, start: number, delimiter: string): Cell {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== "\n") end += 1;
  const isCrLf = text[end] === "\n" && end > start && text[end - 1] === "\r";
  if (isCrLf) end -= 1;
  return { value: text.slice(start, end), end };
}

function quotedCell(text: string, start: number, delimiter: string): Cell {
  let value = "";
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return { value: value + text.slice(from), end: text.length };
    value += text.slice(from, quote);
    from = quote + 2;
    if (text[quote + 1] === '"') {
      value += '"';
      continue;
    }
    // Whatever stands between the closing quote and the delimiter belongs to the cell.
    const rest = plainCell(text, quote + 1, delimiter);
    return { value: value + rest.value, end: rest.end };
  }
}
