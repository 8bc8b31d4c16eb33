import { plugins } from "@citation-js/core";
import "@citation-js/plugin-bibtex";

/** One entry as Citation.js reads it: the fields as written, and the CSL item they mean. */
export interface ParsedEntry {
  readonly type: string;
  readonly label: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly csl: Readonly<Record<string, unknown>> & {
    readonly author: readonly Readonly<Record<string, string>>[];
  };
}

/** Parse with a real parser, written by others; throws unless there is exactly one entry. */
export function parseBibtex(text: string): ParsedEntry {
  const entries = plugins.input.chainLink(text, { forceType: "@biblatex/text" });
  const [csl, ...more] = plugins.input.chain(text, { generateGraph: false });
  if (entries.length !== 1 || more.length > 0) throw new Error(`${entries.length} entries`);
  const [{ type, label, properties }] = entries;
  return { type, label, fields: properties, csl };
}
