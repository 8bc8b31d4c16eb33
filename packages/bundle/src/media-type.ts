import { lookup } from "mrmime";

/** Types of the field that general tables lack. */
const ownTypes: Readonly<Record<string, string>> = {
  bib: "application/x-bibtex",
  ipynb: "application/x-ipynb+json",
  jsonl: "application/jsonl",
  log: "text/plain",
  npy: "application/x-npy",
  npz: "application/x-npz",
  parquet: "application/vnd.apache.parquet",
  py: "text/x-python",
  r: "text/x-r",
  rs: "text/x-rust",
  sh: "application/x-sh",
  sha256: "text/plain",
  sqlite: "application/vnd.sqlite3",
  toml: "application/toml",
  ts: "text/x-typescript",
  yaml: "application/yaml",
  yml: "application/yaml",
};

const unknownType = "application/octet-stream";

/** The media type that a file's name suggests; `application/octet-stream` when it says nothing. */
export function mediaTypeOf(path: string): string {
  const dot = path.lastIndexOf(".");
  const extension = path.slice(dot + 1).toLowerCase();
  if (dot < 0 || extension === "" || extension.includes("/")) return unknownType;
  if (Object.hasOwn(ownTypes, extension)) return ownTypes[extension] ?? unknownType;
  // The table is an object: of `a.constructor` it gives what every object has.
  const known: unknown = lookup(extension);
  return typeof known === "string" ? known : unknownType;
}
