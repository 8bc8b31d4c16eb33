/** What is known of the language that runs the command. */
export interface RuntimeFacts {
  readonly name: string;
  readonly version: string;
  readonly implementation?: string;
  /** Names and versions; several installed versions of one name are one sorted text. */
  readonly packages: ReadonlyMap<string, string>;
  /** Versions of the tools that made the environment or start the command, such as uv and npm. */
  readonly tools?: Readonly<Record<string, string>>;
  readonly build?: BuildFacts;
}

/** How an interpreter was built. */
export interface BuildFacts {
  readonly profile?: string;
  readonly compiler?: string;
  readonly flags?: readonly string[];
}

/**
 * Say after a version where it came from: `1.2 (git https://github.com/x/y@0f3c…)`.
 *
 * The URL is left out where it names a folder: the same package elsewhere is the same package.
 */
export function withRevision(
  version: string,
  kind: string,
  url: string | undefined,
  revision: string,
): string {
  const told = url === undefined ? undefined : remoteUrl(url);
  return `${version} (${kind} ${told === undefined ? "" : `${told}@`}${revision})`;
}

/** The URL without user, password, query and fragment; nothing for local ones. */
function remoteUrl(url: string): string | undefined {
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)([^?#\s]*)/i.exec(url);
  if (parts === null) return /^[\w.-]+@([\w.-]+:[^?#\s@]*)$/.exec(url)?.[1];
  const [, scheme = "", authority = "", path = ""] = parts;
  if (scheme.toLowerCase() === "file://" || authority === "") return undefined;
  return scheme + authority.slice(authority.lastIndexOf("@") + 1) + path;
}

/** A version number inside a path, the last one wins: `…/gromacs-2023.3/bin/gmx`, `…/v20.1.0/…`. */
export function versionInPath(path: string): string | undefined {
  const segments = path.split(/[\\/]/).slice(0, -1).reverse();
  for (const segment of segments) {
    const match = /(?:^|[a-z][-@_]?)v?(\d+\.\d+(?:\.\d+)*(?:[a-z]+\d+)?)(?=$|[-+_])/i.exec(segment);
    if (match?.[1] !== undefined) return match[1];
  }
  return undefined;
}
