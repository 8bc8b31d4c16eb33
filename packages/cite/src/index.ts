export { type BibtexStyle, citationKey } from "./bibtex.ts";
export type {
  CitableManifest,
  Citation,
  CitationAuthor,
  CitationModel,
  CitationOptions,
  CitationParent,
  CitationWarning,
} from "./citation.ts";
export { citationOf } from "./citation-of.ts";
export { citeErrors } from "./errors.ts";
export {
  type CitationFormat,
  type CitationFormatOptions,
  citationFormats,
  formatCitation,
  generateCitation,
} from "./format.ts";
