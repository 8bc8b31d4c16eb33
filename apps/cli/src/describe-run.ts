import type { Description, GitUser } from "@reseal/record";
import type { Context, ProjectConfig } from "@reseal/schema";

/** Flags of `run` and `seal` that describe what is sealed. */
export interface DescriptionFlags {
  readonly project?: string;
  readonly family?: string;
  readonly name?: string;
  readonly title?: string;
  readonly note?: string;
  readonly tag?: readonly string[];
}

/** What a run is called and who made it: flags first, then `reseal.yaml`. */
export function describeRun(
  flags: DescriptionFlags,
  config: ProjectConfig,
  authors: Context["authors"],
): Description {
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
    authors,
  };
}

/** Authors from `reseal.yaml`, else from CITATION.cff, else git's user. */
export function chooseAuthors(
  config: ProjectConfig,
  cff: Context["authors"],
  user: GitUser | undefined,
): Context["authors"] {
  if (config.authors !== undefined && config.authors.length > 0) return [...config.authors];
  if (cff.length > 0) return cff;
  if (user === undefined) return [];
  return [{ name: user.name, ...(user.email !== undefined && { email: user.email }) }];
}
