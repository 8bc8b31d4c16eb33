import { expect, test } from "vitest";
import { parseBibtex } from "../test/parse-bibtex.ts";
import { manifestWith, readVector, readVectorFile, seal } from "../test/sample.ts";
import { citationOf } from "./citation-of.ts";
import {
  type CitationFormat,
  type CitationFormatOptions,
  citationFormats,
  formatCitation,
  generateCitation,
} from "./format.ts";

const goldenFiles: readonly [string, CitationFormat, CitationFormatOptions][] = [
  ["CITATION.bib", "bibtex", {}],
  ["CITATION.biblatex.bib", "bibtex", { style: "biblatex" }],
  ["citation.json", "json", {}],
  ["citation.md", "markdown", {}],
  ["datacite.json", "datacite", {}],
];

test.for(["full", "bare", "torture"])("the golden files of %s stay as they are", (name) => {
  const { manifest, seal: vectorSeal, options } = readVector(name);

  for (const [file, format, style] of goldenFiles) {
    const text = generateCitation(manifest, vectorSeal, format, { ...options, ...style });
    expect(text, file).toBe(readVectorFile(name, file));
  }
});

test("test_multiple_export_formats", () => {
  const { manifest, seal: vectorSeal, options } = readVector("full");
  const citation = citationOf(manifest, vectorSeal, options);

  for (const format of citationFormats) {
    const text = formatCitation(citation, format);
    expect(text).toContain(citation.artifact_id);
    expect(text).toContain(vectorSeal);
    expect(text).toContain("2025");
    expect(text).toContain("Institute of Optics and Light");
    expect(text).toContain(citation.url);
    expect(text.endsWith("\n")).toBe(true);
  }
});

test("test_citation_includes_dependencies", () => {
  const { manifest, seal: vectorSeal, options } = readVector("full");
  const citation = citationOf(manifest, vectorSeal, options);
  const grandparent = { artifact_id: `sha256:${"99".repeat(32)}`, relationship: "derived_from" };
  const chain = citationOf(manifest, vectorSeal, { ancestors: [grandparent] });

  for (const format of citationFormats) {
    const text = formatCitation(citation, format);
    for (const { artifact_id, seal: parentSeal } of citation.parents) {
      expect(text).toContain(artifact_id);
      expect(text).toContain(parentSeal ?? "");
    }
    expect(text).toContain("Meshes at 20 °C");
    expect(formatCitation(chain, format)).toContain(grandparent.artifact_id);
  }
  expect(parseBibtex(formatCitation(citation, "bibtex")).csl.note).toMatch(
    /Derived from: .*replay/,
  );
});

test("JSON is the model without its warnings, its keys sorted at every level", () => {
  const { warnings, ...facts } = citationOf(manifestWith({ authors: [{ name: "A" }] }), seal);

  const text = formatCitation({ ...facts, warnings } as typeof facts, "json");

  expect(warnings).not.toEqual([]);
  expect(JSON.parse(text)).toEqual(facts);
  const keys = Object.keys(JSON.parse(text));
  expect(keys).toEqual([...keys].sort());
});

test("a format that there is not is refused with its name", () => {
  expect(() => formatCitation(citationOf(manifestWith(), seal), "ris" as "json")).toThrow(
    expect.objectContaining({ code: "CITE_FORMAT_UNKNOWN", exitCode: 2 }),
  );
});
