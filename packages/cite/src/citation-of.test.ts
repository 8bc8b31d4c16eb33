import { expect, test } from "vitest";
import { manifestWith, parentId, parentSeal, seal } from "../test/sample.ts";
import type { CitationWarning } from "./citation.ts";
import { citationOf } from "./citation-of.ts";

const codes = (warnings: readonly CitationWarning[]) => warnings.map(({ code }) => code);

test("the title falls back to the name, the command and the short artifact id", () => {
  const titled = citationOf(manifestWith({ title: "T", name: "n" }, ["c"]), seal);
  const named = citationOf(manifestWith({ title: " \n", name: "n" }, ["c"]), seal);
  const commanded = citationOf(manifestWith({}, ["sh", "-c", "echo 'it'"]), seal);
  const bare = citationOf(manifestWith(), seal);

  expect(titled.title).toBe("T");
  expect(codes(titled.warnings)).not.toContain("title_missing");
  expect(named.title).toBe("n");
  expect(commanded.title).toBe("sh -c 'echo '\\''it'\\'''");
  expect(bare.title).toBe("Run 3f2a91b0c4de");
  expect(codes(bare.warnings)).toContain("title_missing");
});

test("a long command is cut as a title, a long title is not", () => {
  const command = citationOf(manifestWith({}, ["🧪".repeat(500)]), seal);
  const title = citationOf(manifestWith({ title: "x".repeat(10_000) }), seal);

  expect([...command.title]).toHaveLength(200);
  expect(command.title.endsWith("🧪…")).toBe(true);
  expect(title.title).toHaveLength(10_000);
});

test("the date is the day of creation in UTC, whatever the offset it was written with", () => {
  const utc = citationOf(manifestWith(), seal);
  const offset = citationOf(manifestWith({ created_at: "2025-12-31T23:30:00-05:00" }), seal);

  expect([utc.date, utc.year]).toEqual(["2025-12-31", 2025]);
  expect([offset.date, offset.year]).toEqual(["2026-01-01", 2026]);
});

test.for([
  [{ created_at: "yesterday" }, seal],
  [{ created_at: "0000-01-01T00:00:00Z" }, seal],
  [{ created_at: "+012345-01-01T00:00:00Z" }, seal],
  [{ artifact_id: "sha256:12" }, seal],
  [{ run_id: " " }, seal],
  [{}, "A71F"],
  [{ parents: [{ artifact_id: "x", relationship: "replay_of" }] }, seal],
  [{ parents: [{ artifact_id: parentId, seal: "}", relationship: "replay_of" }] }, seal],
] as const)("refuses a manifest with malformed ids or times: %j", ([context, badSeal]) => {
  expect(() => citationOf(manifestWith(context), badSeal)).toThrow(
    expect.objectContaining({ code: "CITE_MANIFEST_INVALID", exitCode: 4 }),
  );
});

test("nobody is made an author, and the warning says so", () => {
  const citation = citationOf(
    manifestWith({ title: "T", authors: [{ name: " " }], institution: "I" }),
    seal,
  );

  expect(citation.authors).toEqual([]);
  expect(codes(citation.warnings)).toEqual(["authors_missing"]);
});

test("an ORCID iD becomes a full address, or is left out when its check digit is wrong", () => {
  const authors = [
    { name: "A", orcid: "0000-0002-1825-0097" },
    { name: "B", orcid: "https://orcid.org/0000-0002-1694-233x" },
    { name: "C", orcid: "0000-0002-1825-0098" },
    { name: "D", orcid: "https://evil.example/0000-0002-1825-0097" },
  ];

  const citation = citationOf(manifestWith({ title: "T", authors }), seal);

  expect(citation.authors).toEqual([
    { name: "A", orcid: "https://orcid.org/0000-0002-1825-0097" },
    { name: "B", orcid: "https://orcid.org/0000-0002-1694-233X" },
    { name: "C" },
    { name: "D" },
  ]);
  expect(codes(citation.warnings)).toEqual(["orcid_invalid", "orcid_invalid"]);
});

test("addresses of authors' mail boxes are not cited", () => {
  const authors = [{ name: "A", email: "a@example.org" }];

  expect(JSON.stringify(citationOf(manifestWith({ authors }), seal))).not.toContain("example.org");
});

test.for([
  [
    "https://example.org/a b/{x}?q={y}|^#`z`",
    "https://example.org/a%20b/%7Bx%7D?q=%7By%7D%7C%5E#%60z%60",
  ],
  ["https://example.org/ü/量?ö#ß", "https://example.org/%C3%BC/%E9%87%8F?%C3%B6#%C3%9F"],
  ["https://bücher.example/", "https://xn--bcher-kva.example/"],
])("a URL is cited in ASCII that needs no escaping: %s", ([url = "", expected]) => {
  const citation = citationOf(manifestWith(), seal, { url });

  expect(citation.url).toBe(expected);
});

test.for(["javascript:alert(1)", "file:///etc/passwd", "reseal/3f2a", "", "http://"])(
  "what is no web address is left out: %s",
  (url) => {
    const citation = citationOf(manifestWith(), seal, { url });

    expect(citation).not.toHaveProperty("url");
    expect(codes(citation.warnings)).toContain("url_invalid");
  },
);

test("credentials never leave with a URL", () => {
  const url = "https://ada:hunter22@example.org/x";

  const citation = citationOf(manifestWith({ url }), seal);

  expect(citation.url).toBe("https://example.org/x");
  expect(JSON.stringify(citation)).not.toContain("hunter22");
  expect(codes(citation.warnings)).toContain("url_credentials_removed");
});

test("a DOI is only what somebody registered: never made up, never a test prefix", () => {
  const without = citationOf(manifestWith(), seal);
  const real = citationOf(manifestWith(), seal, { doi: "https://doi.org/10.5281/zenodo.123" });

  expect(without).not.toHaveProperty("doi");
  expect(real.doi).toBe("10.5281/zenodo.123");
  for (const doi of ["10.5072/fake", "zenodo.123", "10.1/x", "10.5281/a b", "10.5281/a}", ""]) {
    const citation = citationOf(manifestWith(), seal, { doi });
    expect(citation).not.toHaveProperty("doi");
    expect(codes(citation.warnings)).toContain("doi_invalid");
  }
});

test("ancestors complete the manifest's parents and never contradict them", () => {
  const parents = [{ artifact_id: parentId, seal: parentSeal, relationship: "replay_of" }];
  const ancestors = [
    { artifact_id: parentId, relationship: "replay_of", title: "Parent" },
    { artifact_id: parentId, seal, relationship: "replay_of", title: "Another execution" },
  ];

  const citation = citationOf(manifestWith({ parents }), seal, { ancestors });

  expect(citation.parents).toEqual([
    { artifact_id: parentId, seal: parentSeal, relationship: "replay_of", title: "Parent" },
    { artifact_id: parentId, seal, relationship: "replay_of", title: "Another execution" },
  ]);
});

test("text is one well-formed line without directional overrides", () => {
  const title = "a\u0000b\r\n c\u202Ed\u2066e \uD800f\u3000g ";

  expect(citationOf(manifestWith({ title }), seal).title).toBe("a b cde \uFFFDf g");
});
