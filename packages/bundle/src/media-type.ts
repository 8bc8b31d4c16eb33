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

/** The media type that a file's name suggests; `application/octet-stream` when it says nothing. */
export function mediaTypeOf(path: string): string {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase();
  if (extension === undefined) return "application/octet-stream";
  // An extension like `constructor` is in no table, but every object has it.
  const type: unknown = Object.hasOwn(ownTypes, extension)
    ? ownTypes[extension]
    : lookup(extension);
  return typeof type === "string" ? type : "application/octet-stream";
}
