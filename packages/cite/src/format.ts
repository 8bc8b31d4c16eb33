import { type BibtexStyle, formatBibtex } from "./bibtex.ts";
import type { CitableManifest, Citation, CitationOptions } from "./citation.ts";
import { citationOf } from "./citation-of.ts";
import { formatDatacite } from "./datacite.ts";
import { citeErrors } from "./errors.ts";
import { formatMarkdown } from "./markdown.ts";

/** What a citation can be written as. */
export type CitationFormat = "bibtex" | "json" | "markdown" | "datacite";

/** Every {@link CitationFormat}, for a command line's list of choices. */
export const citationFormats: readonly CitationFormat[] = [
  "bibtex",
  "json",
  "markdown",
  "datacite",
];

/** How a citation is written. */
export interface CitationFormatOptions {
  /** Dialect of the BibTeX entry; default `bibtex` (`@misc`). Ignored by the other formats. */
  readonly style?: BibtexStyle;
}

/**
 * Write a citation as BibTeX, JSON, Markdown or DataCite's JSON; UTF-8 text that ends in a newline.
 *
 * The same model gives the same bytes, on every machine and day. JSON is the model without its
 * warnings, keys sorted, indented by two spaces.
 *
 * @throws CITE_FORMAT_UNKNOWN
 * @example
 * await writeFile("CITATION.bib", formatCitation(citationOf(manifest, seal), "bibtex"));
 */
export function formatCitation(
  citation: Citation,
  format: CitationFormat,
  options: CitationFormatOptions = {},
): string {
  switch (format) {
    case "bibtex":
      return formatBibtex(citation, options.style);
    case "json":
      return formatJson(citation);
    case "markdown":
      return formatMarkdown(citation);
    case "datacite":
      return formatDatacite(citation);
    default:
      throw citeErrors.FORMAT_UNKNOWN(`Citations are not written as ${JSON.stringify(format)}.`);
  }
}

/**
 * Cite an execution in one call: {@link citationOf}, then {@link formatCitation}.
 *
 * The warnings are lost; call the two where somebody can read them.
 *
 * @throws CITE_MANIFEST_INVALID, CITE_FORMAT_UNKNOWN
 */
export function generateCitation(
  manifest: CitableManifest,
  seal: string,
  format: CitationFormat,
  options: CitationOptions & CitationFormatOptions = {},
): string {
  return formatCitation(citationOf(manifest, seal, options), format, options);
}

function formatJson(citation: Citation & { readonly warnings?: unknown }): string {
  const { warnings: _, ...facts } = citation;
  return `${JSON.stringify(facts, sortedKeys, 2)}\n`;
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
