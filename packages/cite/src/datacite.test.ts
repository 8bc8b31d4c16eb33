import { expect, test } from "vitest";
import { manifestWith, seal } from "../test/sample.ts";
import type { CitableManifest, CitationOptions } from "./citation.ts";
import { citationOf } from "./citation-of.ts";
import { formatCitation } from "./format.ts";

function attributes(
  context: Partial<CitableManifest["context"]> = {},
  options: CitationOptions = {},
): Record<string, unknown> {
  const citation = citationOf(manifestWith(context), seal, options);
  return JSON.parse(formatCitation(citation, "datacite")) as Record<string, unknown>;
}

test("everything that DataCite demands is there, whatever the manifest has", () => {
  const bare = attributes();

  for (const name of ["creators", "titles", "publisher", "publicationYear", "types"])
    expect(bare[name], name).toBeDefined();
  expect(bare).toMatchObject({
    creators: [{ name: "(:unkn)" }],
    publisher: { name: "(:unkn)" },
    types: { resourceTypeGeneral: "Dataset" },
  });
  expect(bare).not.toHaveProperty("doi");
});

test("people have their ORCID iD and affiliation, and an institution is no person", () => {
  const orcid = "https://orcid.org/0000-0002-1825-0097";
  const { creators } = attributes({
    authors: [{ name: "Ada Lovelace", orcid, affiliation: "London" }, { name: "Plato" }],
  });
  const signed = attributes({ institution: "Institute of Optics" });

  expect(creators).toEqual([
    {
      name: "Ada Lovelace",
      nameType: "Personal",
      nameIdentifiers: [
        {
          nameIdentifier: orcid,
          nameIdentifierScheme: "ORCID",
          schemeUri: "https://orcid.org",
        },
      ],
      affiliation: [{ name: "London" }],
    },
    { name: "Plato" },
  ]);
  expect(signed.creators).toEqual([{ name: "Institute of Optics", nameType: "Organizational" }]);
});

test("a DOI is there only when one was registered, the licence by its SPDX name", () => {
  const published = attributes({ licence: "CC-BY-4.0" }, { doi: "10.5281/zenodo.1234" });

  expect(published).toMatchObject({
    doi: "10.5281/zenodo.1234",
    identifiers: [{ identifier: "https://doi.org/10.5281/zenodo.1234", identifierType: "DOI" }],
    rightsList: [{ rightsIdentifier: "CC-BY-4.0", rightsIdentifierScheme: "SPDX" }],
  });
});

test("parents are related items with artifact id and seal", () => {
  const artifact_id = `sha256:${"77".repeat(32)}`;
  const { relatedItems } = attributes({
    parents: [
      { artifact_id, seal, relationship: "replay_of", title: "Meshes" },
      { artifact_id, relationship: "supersedes" },
    ],
  });

  expect(relatedItems).toEqual([
    {
      relatedItemType: "Dataset",
      relationType: "IsDerivedFrom",
      titles: [{ title: "Meshes, replay of" }],
      number: `${artifact_id};seal=${seal}`,
      numberType: "Other",
    },
    {
      relatedItemType: "Dataset",
      relationType: "Obsoletes",
      titles: [{ title: "supersedes" }],
      number: artifact_id,
      numberType: "Other",
    },
  ]);
});
