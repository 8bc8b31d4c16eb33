// The licences of the libraries whose code the command line carries, as they ask for it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Write one text with name, version and licence of every foreign package that a bundle holds.
 * @throws when a package says neither in a file nor in its manifest what its licence is.
 */
export async function writeLicences(moduleIds, file) {
  const packages = new Map();
  for (const id of moduleIds) {
    const folder = packageFolder(id);
    if (folder !== undefined) packages.set(folder, describe(folder));
  }
  const parts = [...packages.values()].sort((a, b) => (a.title < b.title ? -1 : 1));
  const text = parts.map(({ title, text }) => `${title}\n${"-".repeat(title.length)}\n\n${text}\n`);
  await writeFile(file, `Libraries whose code is in this folder.\n\n${text.join("\n\n")}`);
}

function packageFolder(id) {
  if (!id.startsWith("/") && !/^[A-Za-z]:/.test(id)) return undefined; // The bundler's own.
  if (!/[\\/]node_modules[\\/]/.test(id)) return undefined;
  for (let folder = dirname(id); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version) return folder;
  }
}

function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (file === undefined && typeof license !== "string")
    throw new Error(`${name} ${version} does not say what its licence is.`);
  const text =
    file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), "utf8");
  return { title: `${name} ${version}`, text: text.trim() };
}
