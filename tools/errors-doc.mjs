// Writes docs/errors.md from the error tables of all packages and apps, as they are built.
// `--check` compares instead of writing.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { table, writePage } from "./generated-page.mjs";

/**
 * Collect the error codes of every package below `root`, by package name.
 *
 * A table is an export whose name ends in `Errors`. One that a package only hands on from a package
 * it depends on is listed there, not here. A package with a `src/errors.ts` that exports no table is an
 * error: its codes would be missing from the page.
 *
 * @returns {Promise<{ name: string, folder: string, codes: { code: string, exitCode: number, httpStatus: number, hint: string }[] }[]>}
 */
export async function collectErrors(root) {
  const packages = [];
  for (const path of globSync("{packages,apps}/*/package.json", { cwd: root }).sort()) {
    const manifest = JSON.parse(readFileSync(join(root, path), "utf8"));
    const entry = manifest.exports?.["."]?.default;
    if (entry === undefined) continue;
    const folder = dirname(path);
    const exported = await import(pathToFileURL(join(root, folder, entry)).href);
    const tables = Object.entries(exported)
      .filter(([name, value]) => name.endsWith("Errors") && typeof value === "object")
      .map(([, table]) => table);
    if (tables.length === 0 && existsSync(join(root, folder, "src", "errors.ts")))
      throw new Error(`${folder} has src/errors.ts, but its index exports no table of errors.`);
    packages.push({ name: manifest.name, folder, tables, uses: manifest.dependencies ?? {} });
  }
  return packages
    .map(({ name, folder, tables, uses }) => {
      const handedOn = packages
        .filter((other) => other.name in uses)
        .flatMap((each) => each.tables);
      const own = tables.filter((each) => !handedOn.includes(each));
      return { name, folder, codes: own.flatMap(codesOf).sort(byCode) };
    })
    .filter(({ codes }) => codes.length > 0);
}

function codesOf(factories) {
  return Object.values(factories).map(({ code, exitCode, httpStatus, hint }) => ({
    code,
    exitCode,
    httpStatus,
    hint,
  }));
}

function byCode(a, b) {
  return a.code < b.code ? -1 : 1;
}

/** The page for these packages. */
export function errorsPage(packages) {
  const sections = packages.map(
    ({ name, folder, codes }) =>
      `## ${name}\n\nFrom [${folder}](../${folder}).\n\n${table(
        ["code", "exit", "HTTP", "what to do"],
        codes.map(({ code, exitCode, httpStatus, hint }) => [
          `\`${code}\``,
          exitCode,
          httpStatus,
          hint,
        ]),
      )}\n`,
  );
  return `${introduction}\n${sections.join("\n")}`;
}

const introduction = `# Errors

<!-- Written by tools/errors-doc.mjs from the tables in src/errors.ts; do not edit. -->

Every error has a code. Codes are stable: act on them, not on messages. With \`--json\` a command that
fails prints \`{"ok": false, "error": {"code", "message", "hint", "exit", "details"}}\` on standard output;
a library throws a \`ResealError\` with the same fields, and the server answers with problem details
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).

| exit status | means |
| --- | --- |
| 0 | all is well |
| 1 | a difference or a failed check was found; this is a result, not an error |
| 2 | usage or configuration |
| 3 | not found, or ambiguous |
| 4 | integrity: bytes, digests or documents are not what they should be |
| 5 | refused by policy: a secret, a read-only store, an unsafe name |
| 6 | partly done |
| 7 | busy, locked or out of room; try again later |
| 8 | a remote place failed |
| 70 | a defect of Reseal |
| 130 | interrupted |

\`reseal run\` passes on the status of its command. When Reseal itself fails there, the status is 125, or
126 and 127 when the command cannot be executed or found, or 2 for wrong usage.
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  writePage(join(root, "docs", "errors.md"), errorsPage(await collectErrors(root)), {
    script: "tools/errors-doc.mjs",
    args: process.argv,
  });
}
