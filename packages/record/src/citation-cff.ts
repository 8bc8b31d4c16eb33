import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStrictYaml } from "@reseal/hash";
import type { Context } from "@reseal/schema";

/**
 * Authors that a `CITATION.cff` in a folder names; empty when there is none or it is not valid.
 * @see https://citation-file-format.github.io/ version 1.2.0, "authors"
 */
export async function readCffAuthors(folder: string): Promise<Context["authors"]> {
  let document: unknown;
  try {
    document = await parseStrictYaml(readFileSync(join(folder, "CITATION.cff")));
  } catch {
    return [];
  }
  const { authors } = (document ?? {}) as { authors?: unknown };
  if (!Array.isArray(authors)) return [];
  return authors.flatMap((author: unknown) =>
    typeof author === "object" && author !== null
      ? readAuthor(author as Record<string, unknown>)
      : [],
  );
}

function readAuthor(author: Record<string, unknown>): Context["authors"] {
  const text = (key: string): string | undefined => lineOf(author[key]);
  const family = [text("name-particle"), text("family-names"), text("name-suffix")]
    .filter((part) => part !== undefined)
    .join(" ");
  const given = text("given-names");
  const name = text("name") ?? (given && family ? `${family}, ${given}` : given || family);
  if (!name) return [];
  const orcid = /\d{4}-\d{4}-\d{4}-\d{3}[\dX]/.exec(text("orcid") ?? "")?.[0];
  const [email, affiliation] = [text("email"), text("affiliation")];
  return [
    {
      name,
      ...(orcid !== undefined && { orcid: `https://orcid.org/${orcid}` }),
      ...(email !== undefined && /^[^\s@]+@[^\s@]+$/.test(email) && { email }),
      ...(affiliation !== undefined && { affiliation }),
    },
  ];
}

/** A file that others wrote for another purpose must not stop a run: what a manifest cannot hold goes. */
function lineOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const line = value
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .slice(0, lineLengthMax)
    .trim();
  return line === "" ? undefined : line;
}

/** Most characters of a line in a manifest, with room for a comma and a given name. */
const lineLengthMax = 300;
