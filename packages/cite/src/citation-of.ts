import type {
  CitableManifest,
  CitationAuthor,
  CitationModel,
  CitationOptions,
  CitationParent,
  CitationWarning,
} from "./citation.ts";
import { citeErrors } from "./errors.ts";
import { bareDoi, isDigestText, orcidAddress, shortDigest, webAddress } from "./identifiers.ts";
import { plainText } from "./plain-text.ts";

const commandTitleLengthMax = 200;

/**
 * Collect what there is to cite about one execution of an artifact.
 *
 * The title falls back to the run's name, then its command, then `Run <12 hex>`. What cannot be
 * cited (a wrong ORCID iD, an address that is no web address, a DOI that cannot resolve) is left
 * out and said in `warnings`; nothing is ever made up.
 *
 * @throws CITE_MANIFEST_INVALID when an id, the seal or the time of creation is malformed.
 */
export function citationOf(
  manifest: CitableManifest,
  seal: string,
  options: CitationOptions = {},
): CitationModel {
  const { content, context } = manifest;
  const warnings: CitationWarning[] = [];
  const artifactId = digestField("artifact id", context.artifact_id);
  const date = creationDate(context.created_at);
  const institution = plainText(context.institution);
  const url = citedUrl(options.url ?? context.url, warnings);
  const doi = citedDoi(options.doi ?? manifest.context.doi, warnings);
  const version = plainText(options.version ?? manifest.context.version);
  const licence = plainText(context.licence);
  const title = citedTitle(manifest, warnings);
  const authors = citedAuthors(context.authors ?? [], warnings);
  const replayCommand = plainText(options.replay_command);
  return {
    schema_version: "reseal.citation/v1",
    artifact_id: artifactId,
    seal: digestField("seal", seal),
    run_id: requiredText("run id", context.run_id),
    title,
    authors,
    ...(institution !== undefined && { institution }),
    date,
    year: Number(date.slice(0, 4)),
    ...(url !== undefined && { url }),
    ...(doi !== undefined && { doi }),
    ...(version !== undefined && { version }),
    ...(licence !== undefined && { licence }),
    type: requiredText("artifact type", content.type),
    parents: citedParents(context.parents ?? [], options.ancestors ?? []),
    ...(replayCommand !== undefined && { replay_command: replayCommand }),
    cite_as: `${artifactId};seal=${seal}`,
    warnings,
  };
}

function digestField(what: string, digest: string): string {
  if (isDigestText(digest)) return digest;
  throw citeErrors.MANIFEST_INVALID(`The ${what} is not a SHA-256 digest.`, {
    details: { found: String(digest).slice(0, 100) },
  });
}

function requiredText(what: string, text: string): string {
  const plain = plainText(text);
  if (plain !== undefined) return plain;
  throw citeErrors.MANIFEST_INVALID(`The ${what} is missing.`);
}

function creationDate(createdAt: string): string {
  const time = Date.parse(createdAt);
  const date = Number.isNaN(time) ? "" : new Date(time).toISOString().slice(0, 10);
  // Years beyond 9999 have a sign and six digits in ISO 8601; no format takes them, nor year 0.
  if (/^[1-9]\d{3}-/.test(date)) return date;
  throw citeErrors.MANIFEST_INVALID("The time of creation is not an ISO 8601 time.", {
    details: { found: String(createdAt).slice(0, 100) },
  });
}

function citedTitle({ content, context }: CitableManifest, warnings: CitationWarning[]): string {
  const given = plainText(context.title);
  if (given !== undefined) return given;
  const name = plainText(context.name);
  const command = commandTitle(content.inputs.command ?? []);
  const title = name ?? command ?? `Run ${shortDigest(context.artifact_id)}`;
  const source = name ? "the run's name" : command ? "its command" : "its artifact id";
  warnings.push({
    code: "title_missing",
    message: `The run has no title; the citation uses ${source}.`,
  });
  return title;
}

function commandTitle(command: readonly string[]): string | undefined {
  const words = command.map((word) =>
    /^[^\s'"\\$`]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  );
  const text = [...(plainText(words.join(" ")) ?? "")];
  if (text.length <= commandTitleLengthMax) return text.join("") || undefined;
  return `${text.slice(0, commandTitleLengthMax - 1).join("")}…`;
}

function citedAuthors(
  authors: readonly CitationAuthor[],
  warnings: CitationWarning[],
): CitationAuthor[] {
  const cited: CitationAuthor[] = [];
  for (const author of authors) {
    const name = plainText(author.name);
    if (name === undefined) continue;
    const orcid = author.orcid === undefined ? undefined : orcidAddress(author.orcid);
    if (author.orcid !== undefined && orcid === undefined) {
      warnings.push({ code: "orcid_invalid", message: `The ORCID iD of ${name} is not valid.` });
    }
    const affiliation = plainText(author.affiliation);
    cited.push({
      name,
      ...(orcid !== undefined && { orcid }),
      ...(affiliation !== undefined && { affiliation }),
    });
  }
  if (cited.length === 0) {
    warnings.push({
      code: "authors_missing",
      message: "The run names no authors; citations show its institution, or Anonymous.",
    });
  }
  return cited;
}

function citedUrl(text: string | undefined, warnings: CitationWarning[]): string | undefined {
  if (text === undefined) return undefined;
  const address = webAddress(text);
  if (address === undefined) {
    warnings.push({
      code: "url_invalid",
      message: "The URL is not an http or https address, so it is left out.",
    });
  } else if (address.credentialsRemoved) {
    warnings.push({
      code: "url_credentials_removed",
      message: "The URL held a user name or password; the citation does not.",
    });
  }
  return address?.url;
}

function citedDoi(text: string | undefined, warnings: CitationWarning[]): string | undefined {
  if (text === undefined) return undefined;
  const doi = bareDoi(text);
  if (doi === undefined) {
    warnings.push({
      code: "doi_invalid",
      message: "The DOI is malformed or a test DOI, so it is left out.",
    });
  }
  return doi;
}

function citedParents(
  parents: readonly CitationParent[],
  ancestors: readonly CitationParent[],
): CitationParent[] {
  const cited = parents.map(citedParent);
  for (const ancestor of ancestors.map(citedParent)) {
    const known = cited.findIndex((parent) => isSameLink(parent, ancestor));
    // The manifest's own words win: an ancestor only adds what is not there.
    if (known === -1) cited.push(ancestor);
    else cited[known] = { ...ancestor, ...cited[known] };
  }
  return cited;
}

function citedParent(parent: CitationParent): CitationParent {
  const title = plainText(parent.title);
  return {
    artifact_id: digestField("artifact id of a parent", parent.artifact_id),
    ...(parent.seal !== undefined && { seal: digestField("seal of a parent", parent.seal) }),
    relationship: plainText(parent.relationship) ?? "derived_from",
    ...(title !== undefined && { title }),
  };
}

function isSameLink(one: CitationParent, other: CitationParent): boolean {
  return (
    one.artifact_id === other.artifact_id &&
    one.relationship === other.relationship &&
    (one.seal === undefined || other.seal === undefined || one.seal === other.seal)
  );
}
