// What the generators of new packages and commands share.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SetupError } from "./report.mjs";

/** Writes files below a folder and keeps their paths. */
export function writer(root) {
  const changed = [];
  const write = (path, text) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    changed.push(path);
  };
  /** Put something before the first place of a file that a pattern fits. */
  const insert = (path, pattern, addition) =>
    write(path, insertBefore(readFileSync(join(root, path), "utf8"), pattern, addition));
  return { write, insert, changed };
}

/** A text with something put before the first place that a pattern fits. */
export function insertBefore(text, pattern, addition) {
  const at = text.search(pattern);
  if (at < 0) throw new SetupError(`${pattern} is nowhere to be found: add it by hand.`);
  return text.slice(0, at) + addition + text.slice(at);
}

/** `store-gcs` as `storeGcs`. */
export function camelCase(name) {
  const [first, ...others] = name.split("-");
  return first + others.map(capital).join("");
}

/** A word with a capital letter. */
export function capital(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Refuse what was asked for. */
export function usage(message, hint) {
  return new SetupError(message, { hint, exitCode: 2 });
}
