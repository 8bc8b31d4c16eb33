import { bibtexName } from "./bibtex-name.ts";
import type { Citation, CitationParent } from "./citation.ts";
import { shortDigest } from "./identifiers.ts";
import { bracedLatex, escapeLatex } from "./latex.ts";

/**
 * `bibtex`: `@misc`, which every BibTeX style knows. `biblatex`: `@dataset`, with `date`, `url`,
 * `eprint` and ORCID annotations, for biblatex with biber only.
 */
export type BibtexStyle = "bibtex" | "biblatex";

type Field = readonly [name: string, value: string];

const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/**
 * Write a citation as one BibTeX entry in UTF-8 that ends in a newline.
 *
 * The key is made from artifact id and seal alone, so it never changes. Without authors the
 * institution stands in, else `{Anonymous}`: styles want an author to sort and label by.
 */
export function formatBibtex(citation: Citation, style: BibtexStyle = "bibtex"): string {
  const fields = style === "biblatex" ? biblatexFields(citation) : bibtexFields(citation);
  const lines = fields.map(([name, value]) => `  ${name.padEnd(12)} = ${value}`);
  const type = style === "biblatex" ? "dataset" : "misc";
  return `@${type}{${citationKey(citation)},\n${lines.join(",\n")}\n}\n`;
}

/** Key of the entry: `reseal-`, 12 hex of the artifact id, 8 hex of the seal. */
export function citationKey({ artifact_id, seal }: Citation): string {
  return `reseal-${shortDigest(artifact_id)}-${shortDigest(seal).slice(0, 8)}`;
}

function bibtexFields(citation: Citation): Field[] {
  const { url, version, artifact_id, seal, type } = citation;
  const sentences = [
    ...(version === undefined ? [] : [`Version ${escapeLatex(version)}`]),
    `Artifact ${artifact_id}, seal ${seal}`,
    ...parentSentences(citation),
  ];
  return [
    ...sharedFields(citation),
    ["year", `{${String(citation.year).padStart(4, "0")}}`],
    ["month", months[Number(citation.date.slice(5, 7)) - 1] ?? "{}"],
    [
      "howpublished",
      // Plain styles print no url field; in this one the url package breaks the address.
      url === undefined ? `{Sealed ${escapeLatex(type)} artifact}` : `{\\url{${url}}}`,
    ],
    ["note", `{${sentences.join(". ")}}`],
    ...rightsAndDoi(citation),
  ];
}

function biblatexFields(citation: Citation): Field[] {
  const { url, version, type } = citation;
  const parents = parentSentences(citation);
  return [
    ...sharedFields(citation),
    ...orcidAnnotations(citation),
    ["date", `{${citation.date}}`],
    ["type", `{Sealed ${escapeLatex(type)} artifact}`],
    ...optional("version", version, escapeLatex),
    ["eprint", `{${citation.cite_as}}`],
    ["eprinttype", "{reseal}"],
    ...(parents.length === 0 ? [] : [["note", `{${parents.join(". ")}}`] as const]),
    ...optional("url", url, String),
    ...rightsAndDoi(citation),
  ];
}

function sharedFields(citation: Citation): Field[] {
  const { institution } = citation;
  return [
    ["author", `{${authorList(citation)}}`],
    ["title", `{${bracedLatex(citation.title)}}`],
    // Braced twice: biblatex splits this field at "and".
    ...optional("organization", institution, bracedLatex),
  ];
}

function rightsAndDoi({ licence, doi }: Citation): Field[] {
  // Styles make a link of a DOI and expect it unescaped.
  return [...optional("copyright", licence, escapeLatex), ...optional("doi", doi, String)];
}

function optional(
  name: string,
  text: string | undefined,
  write: (text: string) => string,
): Field[] {
  return text === undefined ? [] : [[name, `{${write(text)}}`]];
}

function authorList({ authors, institution }: Citation): string {
  if (authors.length === 0) return bracedLatex(institution ?? "Anonymous");
  return authors.map(bibtexName).join(" and ");
}

function orcidAnnotations({ authors }: Citation): Field[] {
  const items = authors.flatMap(({ orcid }, index) =>
    orcid === undefined ? [] : [`${index + 1}="${orcid.replace("https://orcid.org/", "")}"`],
  );
  return items.length === 0 ? [] : [["author+an:orcid", `{${items.join("; ")}}`]];
}

function parentSentences({ parents }: Citation): string[] {
  return parents.length === 0 ? [] : [`Derived from: ${parents.map(parentText).join("; ")}`];
}

function parentText({ artifact_id, seal, relationship, title }: CitationParent): string {
  const name = title === undefined ? "" : `${bracedLatex(title)}, `;
  const sealed = seal === undefined ? "" : `, seal ${seal}`;
  return `${name}${artifact_id}${sealed} (${escapeLatex(relationship.replaceAll("_", " "))})`;
}
