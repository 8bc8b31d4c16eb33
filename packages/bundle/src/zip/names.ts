import { importNameProblems, portablePathProblem } from "@reseal/hash";
import { flags, unixHosts } from "./format.ts";
import type { AllZipLimits } from "./limits.ts";
import { zipError } from "./zip-errors.ts";

/** What a name in an archive says. */
export interface DecodedName {
  /** Without the slash at the end. */
  readonly path: string;
  readonly isFolder: boolean;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Read a name and refuse it when it is not safe on its own, so that messages may hold it.
 *
 * Names are UTF-8. Without the flag that says so they are code page 437 by the letter, but what
 * Unix tools write is the bytes of the system, and they read it as such: Info-ZIP never sets the
 * flag for them. So the flag is asked of other systems only.
 */
export function decodeName(name: Buffer, flagBits: number, host: number): DecodedName {
  const text = name.toString("latin1");
  const isAscii = !/[\u0080-\u00ff]/.test(text);
  const full = isAscii
    ? text
    : decodeUtf8(name, text, (flagBits & flags.utf8) !== 0 || unixHosts.has(host));
  const isFolder = full.endsWith("/");
  const path = isFolder ? full.slice(0, -1) : full;
  const problem = isAscii ? portablePathProblem(path) : importNameProblems([path])[0]?.problem;
  if (problem !== undefined) throw unsafe(full, problem);
  return { path, isFolder };
}

function decodeUtf8(name: Buffer, latin1: string, isUtf8: boolean): string {
  if (!isUtf8) throw unsafe(latin1, "is not ASCII and not marked as UTF-8");
  try {
    return strictUtf8.decode(name);
  } catch (cause) {
    throw unsafe(latin1, "is not UTF-8", cause);
  }
}

/**
 * Refuse names that are not safe everywhere, or not safe beside each other; see
 * `importNameProblems`, and {@link AllZipLimits.depthMax}.
 */
export function checkNames(
  entries: readonly { readonly path: string; readonly isFolder?: boolean | undefined }[],
  { depthMax }: Pick<AllZipLimits, "depthMax">,
): void {
  const hasFolders = entries.some(({ isFolder }) => isFolder === true);
  const folderMember = hasFolders ? unusedSegment(entries.map((entry) => entry.path)) : undefined;
  // A folder is checked as if it held a file, so that it meets no file and no other folder.
  const paths = entries.map(({ path, isFolder }) =>
    isFolder === true ? `${path}/${folderMember}` : path,
  );
  const [first] = importNameProblems(paths);
  if (first !== undefined) {
    const added = folderMember === undefined ? "" : `/${folderMember}`;
    throw unsafe(first.path.replace(added, ""), first.problem);
  }
  for (const { path } of entries)
    if (depthOf(path) > depthMax)
      throw zipError(
        "ZIP_LIMIT",
        "limit",
        `${shown(path)} is more than ${depthMax} folders deep.`,
        {
          path: path.slice(0, 200),
        },
      );
}

/** A name that no entry has in any of its folders. */
function unusedSegment(paths: readonly string[]): string {
  let segment = "member";
  while (paths.some((path) => path.toLowerCase().includes(segment))) segment += "0";
  return segment;
}

function depthOf(path: string): number {
  let depth = 1;
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) depth += 1;
  return depth;
}

function unsafe(path: string, problem: string, cause?: unknown): Error {
  return zipError("ZIP_UNSAFE", "name", `The name ${shown(path)} ${problem}.`, {
    path: path.slice(0, 200),
    problem,
    cause,
  });
}

/** A foreign name inside a message: short, and without what could drive a terminal. */
function shown(path: string): string {
  return JSON.stringify(path.slice(0, 100)).replace(
    /[\p{C}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
