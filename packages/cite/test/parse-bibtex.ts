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
  // Its types ask for every option; what is left out has a default.
  type Options = Parameters<typeof plugins.input.chain>[1];
  const entries = plugins.input.chainLink(text, { forceType: "@biblatex/text" } as Options);
  const [csl, ...more] = plugins.input.chain(text, { generateGraph: false } as Options);
  if (entries.length !== 1 || csl === undefined || more.length > 0)
    throw new Error(`${entries.length} entries`);
  const [{ type, label, properties }] = entries;
  return { type, label, fields: properties, csl: csl as unknown as ParsedEntry["csl"] };
}
