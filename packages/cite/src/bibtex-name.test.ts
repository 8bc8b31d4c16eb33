import fc from "fast-check";
import { expect, test } from "vitest";
import { parseBibtex } from "../test/parse-bibtex.ts";
import { manifestWith, seal } from "../test/sample.ts";
import { bibtexName } from "./bibtex-name.ts";
import { generateCitation } from "./format.ts";
import { plainText } from "./plain-text.ts";

test.for([
  ["Ada Lovelace", "Lovelace, Ada"],
  ["Lovelace, Ada", "Lovelace, Ada"],
  ["Plato", "Plato"],
  ["Ludwig van Beethoven", "van Beethoven, Ludwig"],
  ["van Beethoven, Ludwig", "van Beethoven, Ludwig"],
  [
    "Charles Louis Xavier Joseph de la Vallée Poussin",
    "de la Vallée Poussin, Charles Louis Xavier Joseph",
  ],
  ["Gerard ’t Hooft", "’t Hooft, Gerard"],
  ["José Ortega y Gasset", "{Ortega y Gasset}, José"],
  ["Martin Luther King Jr.", "King, Jr., Martin Luther"],
  ["King, Jr., Martin Luther", "King, Jr., Martin Luther"],
  ["Sammy Davis, Jr.", "Davis, Jr., Sammy"],
  ["J.-P. Serre", "Serre, J.-P."],
  ["Jean-Pierre O'Neil", "O'Neil, Jean-Pierre"],
  ["Łukasz Żółć", "Żółć, Łukasz"],
  ["Лев Толстой", "Толстой, Лев"],
  ["نجيب محفوظ", "محفوظ, نجيب"],
  ["bell hooks", "bell hooks"],
  ["王 小明", "{王 小明}"],
  ["たなか たろう", "{たなか たろう}"],
  ["김 철수", "{김 철수}"],
  ["others", "{others}"],
  ["Fish and Chips", "{Fish and Chips}"],
  ["ATLAS Collaboration", "{ATLAS Collaboration}"],
  ["Acme, Inc.", "{Acme, Inc.}"],
  ["Universität Bonn", "{Universität Bonn}"],
  ["Group of 7", "{Group of 7}"],
  ["Smith,", "{Smith,}"],
  ["a, b, c, d", "{a, b, c, d}"],
  ["AT&T", "{AT\\&T}"],
  ["family=X, given=Y", "{family=X, given=Y}"],
  ["Project Bot 2000", "{Project Bot 2000}"],
  ["", "{}"],
])("%s is written %s", ([name = "", expected]) => {
  expect(bibtexName({ name })).toBe(expected);
});

test("whoever has an ORCID iD is a person, whatever the name says", () => {
  expect(bibtexName({ name: "Ada Lab", orcid: "https://orcid.org/x" })).toBe("Lab, Ada");
});

test("a parser reads as many authors as there are, and every letter of their names", () => {
  const word = fc.constantFrom("Ada", "van", "de", "Müller", "and", "AND", "others", "Jr.", "III");
  const odd = fc.constantFrom(
    "王",
    "y",
    "O’Neil",
    "-x",
    "x-",
    "a--b",
    "''",
    "=",
    "{",
    "}}",
    "\\",
    "%",
    "R&D",
    ",",
  );
  const words = fc.array(fc.oneof(word, odd), { minLength: 1, maxLength: 6 });
  const name = fc.oneof(
    words.map((list) => list.join(" ")),
    fc.string({ unit: "binary" }),
  );

  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
      const authors = names
        .filter((text) => plainText(text) !== undefined)
        .map((text) => ({ name: text }));
      fc.pre(authors.length > 0);

      const text = generateCitation(manifestWith({ authors }), seal, "bibtex");
      const { author } = parseBibtex(text).csl;

      expect(author).toHaveLength(authors.length);
      for (const [index, { name: given }] of authors.entries()) {
        const read = Object.values(author[index] ?? {}).join("");
        expect(letters(read)).toBe(letters(plainText(given) ?? ""));
      }
    }),
    { numRuns: 400 },
  );
});

/** The order of the parts, and what joins them, is the style's matter. */
function letters(text: string): string {
  return [...text.replace(/[\s,]/g, "")].sort().join("");
}
