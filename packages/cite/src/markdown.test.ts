import { HtmlRenderer, Parser } from "commonmark";
import fc from "fast-check";
import { expect, test } from "vitest";
import { manifestWith, parentId, readVector, seal } from "../test/sample.ts";
import { citationOf } from "./citation-of.ts";
import { formatCitation, generateCitation } from "./format.ts";

test("the paragraph names authors, day, title, institution, ids, licence and address", () => {
  const { manifest, seal: vectorSeal, options } = readVector("full");

  const text = read(generateCitation(manifest, vectorSeal, "markdown", options)).text;

  for (const part of [
    "Ludwig van Beethoven, Jürgen Müller, 王小明, Plato, Procter and Gamble Company (2025-12-31).",
    "Drift of 50% of {MZI} meshes & their_gradients, version 1.2_b.",
    "Institute of Optics and Light.",
    `Sealed replay artifact ${manifest.context.artifact_id}, seal ${vectorSeal}.`,
    "Licence CC-BY-4.0.",
    "sha256sum manifest.json",
    "reseal replay 3f2a91b0c4de",
  ]) {
    expect(text).toContain(part);
  }
});

test("any Unicode text shows verbatim and makes no mark, link, list or HTML", () => {
  const mark = fc.constantFrom(..."\\`*_{}[]()<>#+-.!|&~$^:@=\"'/ 1a\n", "www.a.b", "https://a.b");
  const unit = fc.oneof(mark, fc.string({ unit: "binary", minLength: 1, maxLength: 1 }));
  const string = fc.string({ unit, maxLength: 40 });

  fc.assert(
    fc.property(string, string, string, (name, title, relationship) => {
      const parents = [{ artifact_id: parentId, relationship, title }];
      const manifest = manifestWith({ authors: [{ name }], title, institution: name, parents });
      const citation = citationOf(manifest, seal);

      const { text, kinds } = read(formatCitation(citation, "markdown"));

      const author = citation.authors[0]?.name ?? citation.institution ?? "Anonymous";
      expect(text).toContain(`${author} (2025-12-31). ${citation.title}. `);
      const parent = citation.parents[0];
      expect(text).toContain(`(${parent?.relationship.replaceAll("_", " ")})`);
      if (parent?.title !== undefined) expect(text).toContain(`${parent.title}, ${parentId}`);
      const emphases = parent?.title === undefined ? 1 : 2;
      expect(kinds.filter((kind) => kind === "emph")).toHaveLength(emphases);
      expect(kinds).not.toEqual(expect.arrayContaining([expect.stringMatching(unwanted)]));
      expect(kinds.filter((kind) => kind === "list")).toHaveLength(1);
    }),
    { numRuns: 500 },
  );
});

test.for(["- x", "+ x", "1. x", "12) x", "# x", "> x", "=== ", "---", "* x"])(
  "an author called %j opens no block",
  (name) => {
    const { kinds, text } = read(
      generateCitation(manifestWith({ authors: [{ name }] }), seal, "markdown"),
    );

    expect(kinds.slice(0, 2)).toEqual(["document", "paragraph"]);
    expect(text).toContain(`${name.trim()} (2025-12-31)`);
  },
);

test("GitHub makes no link or mention of a title", () => {
  const text = generateCitation(
    manifestWith({ title: "www.a.b https://a.b @ada :smile: ~~x~~ $y$" }),
    seal,
    "markdown",
  );

  expect(text).toContain("*www\\.a.b https\\://a.b \\@ada \\:smile\\: \\~\\~x\\~\\~ \\$y\\$*");
});

test("a replay command with backticks stays one code span", () => {
  const replay_command = "reseal replay `x` ``y``";

  const { text } = read(generateCitation(manifestWith(), seal, "markdown", { replay_command }));

  expect(text).toContain(`To run it again: ${replay_command}`);
});

test("addresses are links to exactly what was given", () => {
  const options = { doi: "10.1002/a<b>;c", url: "https://example.org/a b" };
  const markdown = generateCitation(manifestWith(), seal, "markdown", options);

  const html = new HtmlRenderer().render(new Parser().parse(markdown));

  expect(html).toContain('href="https://doi.org/10.1002/a%3Cb%3E;c"');
  expect(html).toContain('href="https://example.org/a%20b"');
});

const unwanted = /^(?:strong|link|image|html|heading|thematic|block_quote|code_block)/;

/** What CommonMark's reference parser shows a reader, and the kinds of nodes it made. */
function read(markdown: string): { text: string; kinds: string[] } {
  const walker = new Parser().parse(markdown).walker();
  const kinds: string[] = [];
  let text = "";
  for (let event = walker.next(); event; event = walker.next()) {
    if (event.entering) kinds.push(event.node.type);
    if (event.entering) text += event.node.literal ?? "";
  }
  return { text, kinds };
}
