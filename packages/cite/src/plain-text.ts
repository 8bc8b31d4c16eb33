const whiteSpace = /[\s\p{Cc}]+/gu;
const loneSurrogate = /\p{Cs}/gu;
// Embeddings, overrides and isolates: they would reorder the text that follows the citation.
const bidiControl = /[\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Make text fit for one line of any format, and nothing else.
 *
 * Runs of white space and control characters become one space (BibTeX does that anyway),
 * directional overrides go, a lone surrogate becomes U+FFFD. All other Unicode stays as it is.
 * Returns `undefined` for a missing text and for one of which nothing remains.
 */
export function plainText(text: string | undefined): string | undefined {
  const plain = text
    ?.replace(bidiControl, "")
    .replace(whiteSpace, " ")
    .replace(loneSurrogate, "\u{fffd}")
    .trim();
  return plain === "" ? undefined : plain;
}
