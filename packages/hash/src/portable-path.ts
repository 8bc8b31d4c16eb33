const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const SEGMENT_BYTES_MAX = 255;
const PATH_BYTES_MAX = 4096;

/**
 * Say what keeps a path out of a tree, or `undefined` when nothing does.
 *
 * A portable path is relative, `/`-separated, in NFC, without empty, `.` or `..` segments, control
 * characters, backslashes or lone surrogates; at most 255 bytes a segment and 4096 bytes in all,
 * counted in UTF-8. The path `-` alone is not portable either: `sha256sum -c` reads standard input
 * for it. The answer is a phrase that follows the path: `"has a backslash"`.
 *
 * Names that only some systems refuse are the business of `importNameProblems`.
 */
export function portablePathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path === "-") return "is what sha256sum calls standard input";
  if (path.length > PATH_BYTES_MAX) return `is longer than ${PATH_BYTES_MAX} bytes`;
  let isAscii = true;
  let start = 0;
  for (let index = 0; index <= path.length; index++) {
    const unit = index === path.length ? SLASH : path.charCodeAt(index);
    if (unit === SLASH) {
      const problem = segmentProblem(path, start, index);
      if (problem !== undefined) return problem;
      start = index + 1;
    } else if (unit === BACKSLASH) return "has a backslash";
    else if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return "has a control character";
    else if (unit > 0x7f) isAscii = false;
  }
  return isAscii ? undefined : unicodeProblem(path);
}

function segmentProblem(path: string, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0) {
    if (start === 0) return "is absolute";
    return end === path.length ? "ends with a slash" : "has an empty segment";
  }
  if (length === 1 && path[start] === ".") return "has a `.` segment";
  if (length === 2 && path.startsWith("..", start)) return "has a `..` segment";
  // Bytes are at least as many as UTF-16 units.
  if (length > SEGMENT_BYTES_MAX) return `has a segment longer than ${SEGMENT_BYTES_MAX} bytes`;
  return undefined;
}

function unicodeProblem(path: string): string | undefined {
  if (!path.isWellFormed()) return "has a lone surrogate";
  if (path.normalize("NFC") !== path) return "is not in Unicode normal form C";
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) return `is longer than ${PATH_BYTES_MAX} bytes`;
  for (const segment of path.split("/")) {
    if (Buffer.byteLength(segment) > SEGMENT_BYTES_MAX) {
      return `has a segment longer than ${SEGMENT_BYTES_MAX} bytes`;
    }
  }
  return undefined;
}
