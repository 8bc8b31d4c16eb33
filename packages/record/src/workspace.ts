import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";

/**
 * The workspace of a folder: the nearest one upward with `.reseal/` or `reseal.yaml`, else the
 * folder itself. It is never guessed from git.
 */
export function findWorkspace(folder: string): string {
  const start = resolve(folder);
  for (let candidate = start; ; candidate = dirname(candidate)) {
    if (isFolder(join(candidate, ".reseal")) || existsSync(join(candidate, "reseal.yaml")))
      return candidate;
    if (dirname(candidate) === candidate) return start;
  }
}

/** An opaque name for a folder of this host: it tells runs of one folder from others. */
export function workspaceId(workspace: string): string {
  return createHash("sha256").update(`${hostname()}\0${workspace}`).digest("hex").slice(0, 16);
}

/** Who runs this process. In a container a user may have a number and no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
