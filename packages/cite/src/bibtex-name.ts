import type { CitationAuthor } from "./citation.ts";
import { bracedLatex } from "./latex.ts";

const suffix = /^(?:jr\.?|sr\.?|ii|iii|iv)$/i;
const conjunction = /^(?:y|e|i)$/;
// Letters, marks, and single apostrophes, stops and hyphens: read alike by TeX and every parser.
const plainWord = /^['’]?\p{L}[\p{L}\p{M}]*(?:(?:\.-|['’.·-])\p{L}[\p{L}\p{M}]*)*['’.]?$/u;
// Names in these scripts put the family first and are printed whole.
const familyFirst = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー・·\s]+$/u;
const institutionWords =
  "academy agency association authority center centre collaboration college committee company " +
  "consortium corp corporation council department developers foundation gmbh group inc institut " +
  "contributors maintainers authors " +
  "institute institution lab laboratories laboratory labs llc ltd ministry observatory " +
  "organisation organization project school society team universidad universidade universität " +
  "université universiteit university università";
const institution = new RegExp(
  `(?<!\\p{L})(?:${institutionWords.replaceAll(" ", "|")})(?![\\p{L}\\p{M}])`,
  "iu",
);

/**
 * Write one author the way BibTeX reads names: `von Family, Suffix, Given`.
 *
 * A name with a comma is taken as `Family, Given` (or `Family, Jr, Given`). One without is split by
 * BibTeX's own rule: lower-case words are particles and start the family name, else the last word
 * is the family name. What cannot be a split name is braced and so printed as it is: institutions,
 * `others`, names with digits or signs, and names written in Chinese, Japanese or Korean. Who has an
 * ORCID iD is a person whatever the name says.
 *
 * @see https://ctan.org/pkg/tamethebeast How BibTeX splits names: "Tame the BeaST", section 11
 */
export function bibtexName({ name, orcid }: CitationAuthor): string {
  if (orcid === undefined && institution.test(name)) return bracedLatex(name);
  if (isWhole(name)) return bracedLatex(name);
  const parts = name.split(",").map((part) => part.trim().split(" "));
  if (!parts.every((words) => words.every(isPlainWord))) return bracedLatex(name);
  const [first = [], second, third] = parts;
  if (second === undefined) return naturalOrder(first);
  if (third !== undefined) return joined(first, second.join(" "), third);
  if (second.length === 1 && suffix.test(second[0] ?? "")) {
    return naturalOrder([...first, ...second]);
  }
  return joined(first, "", second);
}

function isWhole(name: string): boolean {
  if (name === "others" || familyFirst.test(name)) return true;
  return name.split(",").length > 3;
}

function isPlainWord(word: string): boolean {
  return plainWord.test(word) && word.toLowerCase() !== "and";
}

function naturalOrder(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  const hasSuffix = words.length > 2 && suffix.test(last);
  const named = hasSuffix ? words.slice(0, -1) : words;
  const start = familyStart(named);
  return joined(named.slice(start), hasSuffix ? last : "", named.slice(0, start));
}

function familyStart(words: readonly string[]): number {
  const particle = words.findIndex((word, index) => index < words.length - 1 && isLowerCase(word));
  if (particle === -1) return words.length - 1;
  // Ortega y Gasset, Costa e Silva: the word before the conjunction is a family name, too.
  return particle > 1 && conjunction.test(words[particle] ?? "") ? particle - 1 : particle;
}

function joined(family: readonly string[], jr: string, given: readonly string[]): string {
  let start = 0;
  while (start < family.length - 1 && isLowerCase(family[start] ?? "")) start += 1;
  const rest = family.slice(start);
  // A lower-case word further in would make BibTeX take all before it for particles.
  const core = rest.length > 1 && rest.some(isLowerCase) ? `{${rest.join(" ")}}` : rest.join(" ");
  const parts = [[...family.slice(0, start), core].join(" "), jr, given.join(" ")];
  return parts.filter((part) => part !== "").join(", ");
}

/** BibTeX's test: what counts is the first character that has a case. */
function isLowerCase(word: string): boolean {
  const cased = [...word].find((character) => character.toLowerCase() !== character.toUpperCase());
  return cased !== undefined && cased === cased.toLowerCase();
}
