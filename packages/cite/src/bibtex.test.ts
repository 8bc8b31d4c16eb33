import fc from "fast-check";
import { expect, test } from "vitest";
import { parseBibtex } from "../test/parse-bibtex.ts";
import { manifestWith, parentId, readVector, seal } from "../test/sample.ts";
import type { BibtexStyle } from "./bibtex.ts";
import { citationOf } from "./citation-of.ts";
import { formatCitation, generateCitation } from "./format.ts";
import { escapeLatex } from "./latex.ts";

const styles: readonly BibtexStyle[] = ["bibtex", "biblatex"];
const torture = [
  String.raw`50% $ _ & # ~ ^ \ { }`,
  "}}}{",
  "{{{",
  "\\",
  String.raw`\{\}\\ \textbf{x} \begin{x} \"o`,
  "$x^2_i$ <b>bold</b> a|b",
  "-- --- ---- '' ''' `` ,, ?` !` << >>",
  "Ölçüm Größe naïve ﬁ Å Å",
  "量子 誤り訂正、日本語。",
  `"quoted" 'single' @misc{x, title = "y"} # z`,
  "🧪👩‍🔬🇩🇪 é e\u0301",
  "שלום العالم",
  "Title with UPPER and lower: After colon. And after",
  "x".repeat(10_240),
  "% { \\ é ".repeat(1_280).trim(),
];

test("test_citation_format_validity", () => {
  const { manifest, seal: vectorSeal } = readVector("full");

  const plain = parseBibtex(generateCitation(manifest, vectorSeal, "bibtex"));
  const dataset = parseBibtex(
    generateCitation(manifest, vectorSeal, "bibtex", { style: "biblatex" }),
  );

  for (const { label, csl } of [plain, dataset]) {
    expect(label).toBe("reseal-3f2a91b0c4de-a71f03d2");
    expect(csl).toMatchObject({
      title: "Drift of 50% of {MZI} meshes & their_gradients",
      author: [
        { family: "Beethoven", given: "Ludwig", "non-dropping-particle": "van" },
        { family: "Müller", given: "Jürgen" },
        { family: "王小明" },
        { family: "Plato" },
        { family: "Procter and Gamble Company" },
      ],
      publisher: "Institute of Optics and Light",
      URL: "https://example.org/artifacts/3f2a?view=all&x=50%25#top",
    });
  }
  expect(plain.type).toBe("misc");
  expect(plain.csl).toMatchObject({ issued: { "date-parts": [[2025, 12]] } });
  expect(plain.csl.note).toContain(citationOf(manifest, seal).artifact_id);
  expect(plain.csl.note).toContain(vectorSeal);
  expect(dataset.type).toBe("dataset");
  expect(dataset.csl).toMatchObject({
    type: "dataset",
    issued: { "date-parts": [[2025, 12, 31]] },
  });
  expect(dataset.csl.author[0]).toMatchObject({ _orcid: "0000-0002-1825-0097" });
  expect(dataset.fields.eprint).toBe(citationOf(manifest, vectorSeal).cite_as);
});

test.for(torture)("torture string %# comes back verbatim", (title) => {
  const parents = [{ artifact_id: parentId, relationship: "derived_from", title }];
  const manifest = manifestWith({ title, institution: title, licence: title, parents });

  for (const style of styles) {
    const { csl } = parseBibtex(
      generateCitation(manifest, seal, "bibtex", { style, version: title }),
    );
    expect(csl.title).toBe(title);
    expect(csl.publisher).toBe(title);
    expect(csl.author).toEqual([{ family: title }]);
    expect(csl.note).toContain(`${title}, ${parentId} (derived from)`);
    if (style === "biblatex") expect(csl.version).toBe(title);
    else expect(csl.note).toContain(`Version ${title}.`);
  }
});

test("a newline in a title is a space in every format", () => {
  const citation = citationOf(manifestWith({ title: "one\r\n\ttwo" }), seal);

  expect(parseBibtex(formatCitation(citation, "bibtex")).csl.title).toBe("one two");
  expect(JSON.parse(formatCitation(citation, "json")).title).toBe("one two");
  expect(formatCitation(citation, "markdown")).toContain("*one two*");
});

test("any Unicode title comes back verbatim, and the braces balance as BibTeX counts them", () => {
  const tex = fc.constantFrom(..."\\{}$%&#_~^-'`,!?<>|\"@= a\n");
  const unit = fc.oneof(tex, fc.string({ unit: "binary", minLength: 1, maxLength: 1 }));

  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), fc.constantFrom(...styles), (title, style) => {
      const citation = citationOf(manifestWith({ title, institution: title }), seal);

      const text = formatCitation(citation, "bibtex", { style });

      const { csl } = parseBibtex(text);
      expect(csl.title).toBe(citation.title);
      const { institution } = citation;
      if (institution !== undefined) expect(csl.publisher).toBe(institution);
      expect(braceDepths(text).every((depth) => depth >= 0)).toBe(true);
      expect(braceDepths(text).at(-1)).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

test("no control word can swallow what follows it, and no letter is lost", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(escapeLatex(text)).not.toMatch(/\\[a-z]+(?!\{\}|[a-z])/);
    }),
  );
});

test("a title that starts with a backslash is not a special character of BibTeX", () => {
  const text = generateCitation(manifestWith({ title: "\\ABC" }), seal, "bibtex");

  expect(text).toContain("title        = {{{}\\textbackslash{}ABC}}");
});

test("without authors the institution stands in, else Anonymous", () => {
  const institute = generateCitation(manifestWith({ institution: "R and D" }), seal, "bibtex");
  const nobody = generateCitation(manifestWith(), seal, "bibtex");

  expect(institute).toContain("author       = {{R and D}}");
  expect(nobody).toContain("author       = {{Anonymous}}");
});

test("a DOI appears only when one was given", () => {
  for (const style of styles) {
    const without = generateCitation(manifestWith(), seal, "bibtex", { style });
    const options = { style, doi: "10.1002/(SICI)1:1<1::AID-X_1>3.0.CO;2-X" };
    const given = generateCitation(manifestWith(), seal, "bibtex", options);

    expect(without).not.toMatch(/doi/i);
    expect(parseBibtex(given).csl.DOI).toBe(options.doi);
  }
});

/** BibTeX counts every brace of a value, also one behind a backslash. */
function braceDepths(text: string): number[] {
  let depth = 0;
  return [...text.matchAll(/[{}]/g)].map(([brace]) => {
    depth += brace === "{" ? 1 : -1;
    return depth;
  });
}
