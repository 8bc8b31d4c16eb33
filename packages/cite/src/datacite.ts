import type { Citation, CitationAuthor, CitationParent } from "./citation.ts";

/**
 * Write a citation as the attributes with which a DOI is registered at DataCite, metadata schema
 * 4: what an archive or `POST /dois` takes. A DOI is there only when one was registered already.
 *
 * Who is not known is `(:unkn)`, DataCite's own word for it. Identifiers of ours are alternate
 * identifiers; parents are related items with their ids as numbers, for no registry knows them.
 *
 * @see https://datacite-metadata-schema.readthedocs.io/en/4.6/
 */
export function formatDatacite(citation: Citation): string {
  const { artifact_id, seal, run_id, title, authors, institution, date, year, type } = citation;
  const { doi, url, version, licence, parents } = citation;
  const attributes = {
    schemaVersion: "http://datacite.org/schema/kernel-4",
    ...(doi !== undefined && {
      doi,
      identifiers: [{ identifier: `https://doi.org/${doi}`, identifierType: "DOI" }],
    }),
    ...(url !== undefined && { url }),
    creators: authors.length === 0 ? [organisation(institution)] : authors.map(creatorOf),
    titles: [{ title }],
    publisher: { name: institution ?? unknown },
    publicationYear: year,
    types: { resourceTypeGeneral: "Dataset", resourceType: `Sealed ${type} artifact` },
    dates: [{ date, dateType: "Created" }],
    ...(version !== undefined && { version }),
    alternateIdentifiers: [
      { alternateIdentifier: artifact_id, alternateIdentifierType: "Reseal artifact id" },
      { alternateIdentifier: seal, alternateIdentifierType: "Reseal seal" },
      { alternateIdentifier: run_id, alternateIdentifierType: "Reseal run id" },
    ],
    ...(licence !== undefined && {
      rightsList: [
        {
          rightsIdentifier: licence,
          rightsIdentifierScheme: "SPDX",
          schemeUri: "https://spdx.org/licenses/",
        },
      ],
    }),
    descriptions: [
      {
        description:
          `Cite as ${citation.cite_as}. To verify a copy, run \`sha256sum manifest.json\`: ` +
          `it prints ${seal.replace("sha256:", "")}.`,
        descriptionType: "TechnicalInfo",
      },
    ],
    ...(parents.length > 0 && { relatedItems: parents.map(itemOf) }),
  };
  return `${JSON.stringify(attributes, undefined, 2)}\n`;
}

/** What DataCite writes for a value that is known to be unknown. */
const unknown = "(:unkn)";

function organisation(institution: string | undefined): object {
  return institution === undefined
    ? { name: unknown }
    : { name: institution, nameType: "Organizational" };
}

/** Only an ORCID iD tells a person from an institution that signs as author. */
function creatorOf({ name, orcid, affiliation }: CitationAuthor): object {
  return {
    name,
    ...(orcid !== undefined && {
      nameType: "Personal",
      nameIdentifiers: [
        {
          nameIdentifier: orcid,
          nameIdentifierScheme: "ORCID",
          schemeUri: "https://orcid.org",
        },
      ],
    }),
    ...(affiliation !== undefined && { affiliation: [{ name: affiliation }] }),
  };
}

function itemOf({ artifact_id, seal, relationship, title }: CitationParent): object {
  const named = title === undefined ? "" : `${title}, `;
  return {
    relatedItemType: "Dataset",
    relationType: relationship === "supersedes" ? "Obsoletes" : "IsDerivedFrom",
    titles: [{ title: `${named}${relationship.replaceAll("_", " ")}` }],
    number: seal === undefined ? artifact_id : `${artifact_id};seal=${seal}`,
    numberType: "Other",
  };
}
