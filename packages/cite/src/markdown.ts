import type { Citation, CitationParent } from "./citation.ts";

// Inline marks of CommonMark, and those of GitHub and of mathematics: ~ $ : @ ^
const special = /[\\`*_{}[\]<>#|&~$^!:@=]/g;

// What opens a list or a rule at the start of a line.
/**
 * Write a citation as one Markdown paragraph, a list of parents, and how to verify a copy.
 *
 * Without authors the institution stands in, else `Anonymous`.
 */
export function formatMarkdown(citation: Citation): string {
  const { replay_command: replayCommand } = citation;
  const blocks = [
    sourceParagraph(citation),
    ...(citation.parents.length === 0
      ? []
      : ["Derived from:", citation.parents.map(parentItem).join("\n")]),
    `Cite as \`${citation.cite_as}\`. To verify a copy, run \`sha256sum manifest.json\`: ` +
      `it prints \`${citation.seal.replace("sha256:", "")}\`.`,
    ...(replayCommand === undefined ? [] : [`To run it again: ${codeSpan(replayCommand)}`]),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/**
 * Escape one line of text so that Markdown shows it as it is and makes no link or mark of it.
 *
 * @see https://spec.commonmark.org/0.31.2/#backslash-escapes
 */
function escapeMarkdown(text: string): string {
  return (
    text
      .replace(special, "\\$&")
      // GitHub links www.… without any mark.
      .replace(/\bwww\./gi, (www) => `${www.slice(0, 3)}\\.`)
  );
}

function sourceParagraph(citation: Citation): string {
  const { title, date, institution, version, licence, doi, url, type, artifact_id, seal } =
    citation;
  const names = citation.authors.map(({ name }) => name);
  const authors = names.length === 0 ? [institution ?? "Anonymous"] : names;
  const publisher = names.length === 0 ? undefined : institution;
  const sentences = [
    `${escapeLineStart(authors.join(", "))} (${date})`,
    `*${escapeMarkdown(title)}*${version === undefined ? "" : `, version ${escapeMarkdown(version)}`}`,
    ...(publisher === undefined ? [] : [escapeMarkdown(publisher)]),
    `Sealed ${escapeMarkdown(type)} artifact \`${artifact_id}\`, seal \`${seal}\``,
    ...(licence === undefined ? [] : [`Licence ${escapeMarkdown(licence)}`]),
    ...(doi === undefined ? [] : [`<https://doi.org/${encodeURI(doi)}>`]),
    ...(url === undefined ? [] : [`<${url}>`]),
  ];
  return `${sentences.join(". ")}.`;
}

/** Keep a name that begins with `-`, `+` or a number and a stop from opening a list. */
function escapeLineStart(text: string): string {
  return escapeMarkdown(text).replace(/^(\d*)([-+]|(?<=\d)[.)])/, "$1\\$2");
}

function parentItem({ title, relationship, artifact_id, seal }: CitationParent): string {
  const name = title === undefined ? "" : `*${escapeMarkdown(title)}*, `;
  const sealed = seal === undefined ? "" : `, seal \`${seal}\``;
  const link = escapeMarkdown(relationship.replaceAll("_", " "));
  return `- ${name}\`${artifact_id}\`${sealed} (${link})`;
}

/** A code span shows backslashes as they are, so its fence must be longer than any inside. */
function codeSpan(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = longest === 0 ? "" : " ";
  return `${fence}${space}${text}${space}${fence}`;
}
