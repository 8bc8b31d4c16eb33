import type { Description } from "@reseal/record";
import type { Context, ProjectConfig } from "@reseal/schema";
import type { Host } from "./context.ts";

/** Flags of `run` and `seal` that describe what is sealed. */
export interface DescriptionFlags {
  readonly project?: string;
  readonly family?: string;
  readonly name?: string;
  readonly title?: string;
  readonly note?: string;
  readonly tag?: readonly string[];
}

/** What a run is called: flags first, then `reseal.yaml`. */
export function describeRun(flags: DescriptionFlags, config: ProjectConfig): Description {
  const { project = config.project, family = config.family, title = config.title } = flags;
  const { name, note } = flags;
  const { description, institution, licence, url } = config;
  return {
    ...(project !== undefined && { project }),
    ...(family !== undefined && { family }),
    ...(title !== undefined && { title }),
    ...(name !== undefined && { name }),
    ...(note !== undefined && { notes: note }),
    ...(description !== undefined && { description }),
    ...(institution !== undefined && { institution }),
    ...(licence !== undefined && { licence }),
    ...(url !== undefined && { url }),
    tags: [...(config.tags ?? []), ...(flags.tag ?? [])],
  };
}

/**
 * Authors from `reseal.yaml`, else from CITATION.cff, else git's user. Git answers beside what the
 * caller does next.
 */
export async function findAuthors(
  config: ProjectConfig,
  workspace: string,
  env: Host["env"],
): Promise<{ readonly authors: Promise<Context["authors"]> }> {
  const { readCffAuthors, readGitUser } = await import("@reseal/record");
  const named = config.authors?.length ? [...config.authors] : await readCffAuthors(workspace);
  if (named.length > 0) return { authors: Promise.resolve(named) };
  return { authors: readGitUser(workspace, env).then((user) => (user ? [user] : [])) };
}
