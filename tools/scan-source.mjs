// A small scanner of TypeScript and JavaScript: it tells code from comments, strings and patterns.

/**
 * Blank out comments and the insides of strings, keeping every position and line.
 *
 * @returns {{ code: string, strings: Map<number, string>, comments: { start: number, end: number, text: string }[] }}
 *   `code` has the length of `text`; `strings` gives the content of each plain string by the
 *   position of its opening quote.
 */
export function scanSource(text) {
  const out =
    [...text].length === text.length
      ? text.split("")
      : Array.from({ length: text.length }, (_, i) => text[i]);
  const strings = new Map();
  const comments = [];
  const templates = []; // Depth of braces at which each open `${` returns to its template.
  let depth = 0;
  let previous = ""; // Last token that matters: tells a pattern from a division.
  let at = 0;

  const blank = (from, to) => {
    for (let i = from; i < to; i++) if (out[i] !== "\n") out[i] = " ";
  };
  const template = (from) => {
    let end = from;
    while (end < text.length && text[end] !== "`" && !(text[end] === "$" && text[end + 1] === "{"))
      end += text[end] === "\\" ? 2 : 1;
    blank(from, end);
    if (text[end] === "$") {
      templates.push(depth);
      depth += 1;
      previous = "{";
      return end + 2;
    }
    previous = "`";
    return end + 1;
  };

  while (at < text.length) {
    const char = text[at];
    const two = text.slice(at, at + 2);
    if (two === "//" || two === "/*") {
      const close = two === "//" ? text.indexOf("\n", at) : text.indexOf("*/", at + 2) + 2;
      const end = close < (two === "//" ? 0 : 2) ? text.length : close;
      comments.push({ start: at, end, text: text.slice(at, end) });
      blank(at, end);
      at = end;
    } else if (char === '"' || char === "'") {
      const end = endOfQuoted(text, at, char);
      strings.set(at, text.slice(at + 1, end));
      blank(at + 1, end);
      previous = char;
      at = end + 1;
    } else if (char === "`") at = template(at + 1);
    else if (char === "/" && startsPattern(previous)) {
      const end = endOfPattern(text, at);
      blank(at + 1, end);
      previous = "/";
      at = end + 1;
    } else if (char === "}" && templates.at(-1) === depth - 1) {
      depth = templates.pop();
      at = template(at + 1);
    } else if (/[\w$]/.test(char)) {
      previous = /^[\w$]+/.exec(text.slice(at))[0];
      at += previous.length;
    } else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      if (char.trim() !== "") previous = char;
      at += 1;
    }
  }
  return { code: out.join(""), strings, comments };
}

/** Line number (from 1) of a position. */
export function lineAt(text, position) {
  return text.slice(0, position).split("\n").length;
}

function endOfQuoted(text, start, quote) {
  let end = start + 1;
  while (end < text.length && text[end] !== quote && text[end] !== "\n")
    end += text[end] === "\\" ? 2 : 1;
  return end;
}

function endOfPattern(text, start) {
  let end = start + 1;
  let inClass = false;
  while (end < text.length && (inClass || text[end] !== "/") && text[end] !== "\n") {
    if (text[end] === "[") inClass = true;
    if (text[end] === "]") inClass = false;
    end += text[end] === "\\" ? 2 : 1;
  }
  return end;
}

// After a value a slash divides; after an operator, an opening or a keyword it opens a pattern.
function startsPattern(previous) {
  if (/^(return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/.test(previous))
    return true;
  return !/^[\w$]+$/.test(previous) && ![")", "]", "}", '"', "'", "`", "/"].includes(previous);
}
