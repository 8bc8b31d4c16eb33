const digestPattern = /^sha256:[0-9a-f]{64}$/;
const orcidPattern = /^(?:https?:\/\/orcid\.org\/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])\/?$/i;
const doiPattern = /^(?:doi:\s*|https?:\/\/(?:dx\.)?doi\.org\/)?(10\.\d{4,9}\/[^\s\p{Cc}{}\\]+)$/iu;
// 10.5072 is DataCite's prefix for tests: it never resolves.
const testDoi = /^10\.5072\//;
// What `\url{}`, `<…>` in Markdown and RFC 3986 cannot hold; the URL class leaves some of it.
const notInUrls = /[\s\p{Cc}"<>\\^`{|}]|[^\p{ASCII}]/gu;

/** Tell whether a text is `sha256:` and 64 lower-case hex digits. */
export function isDigestText(text: unknown): text is string {
  return typeof text === "string" && digestPattern.test(text);
}

/** First 12 hex digits of a digest. */
export function shortDigest(digest: string): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}

/**
 * Give an ORCID iD as full address, or `undefined` if its form or check digit is wrong.
 *
 * @see https://support.orcid.org/hc/en-us/articles/360006897674 ISO 7064 MOD 11-2
 */
export function orcidAddress(text: string): string | undefined {
  const id = orcidPattern.exec(text.trim())?.[1]?.toUpperCase();
  if (id === undefined) return undefined;
  const digits = id.replaceAll("-", "");
  let total = 0;
  for (const digit of digits.slice(0, -1)) total = (total + Number(digit)) * 2;
  const check = (12 - (total % 11)) % 11;
  return digits.endsWith(check === 10 ? "X" : String(check))
    ? `https://orcid.org/${id}`
    : undefined;
}

/** Give a DOI without prefix, or `undefined` if it is not one that could resolve. */
export function bareDoi(text: string): string | undefined {
  const doi = doiPattern.exec(text.trim())?.[1];
  return doi === undefined || testDoi.test(doi) ? undefined : doi;
}

/** An address and whether a user name or password had to be taken off. */
export interface WebAddress {
  readonly url: string;
  readonly credentialsRemoved: boolean;
}

/** Give an `http` or `https` address in ASCII without credentials, or `undefined`. */
export function webAddress(text: string): WebAddress | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  const credentialsRemoved = url.username !== "" || url.password !== "";
  url.username = "";
  url.password = "";
  return { url: url.href.replace(notInUrls, percentEncode), credentialsRemoved };
}

function percentEncode(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
}
