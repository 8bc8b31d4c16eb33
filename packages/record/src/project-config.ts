import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStrictYaml } from "@reseal/hash";
import { getSchema, type ProjectConfig, validate } from "@reseal/schema";
import { recordErrors } from "./errors.ts";

/** The name of the file that says what holds for every run of a workspace. */
export const projectConfigName = "reseal.yaml";

/**
 * Read a workspace's `reseal.yaml`; empty when there is none.
 * @throws `RECORD_PROJECT_CONFIG_INVALID` with what is wrong and, for an unknown key, the likely one.
 */
export async function readProjectConfig(workspace: string): Promise<ProjectConfig> {
  const file = join(workspace, projectConfigName);
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw recordErrors.PROJECT_CONFIG_INVALID(`${file} cannot be read.`, { cause: error });
  }
  let value: unknown;
  try {
    value = (await parseStrictYaml(text)) ?? {};
  } catch (cause) {
    const reason = (cause as Error).message.split("\n")[0];
    throw recordErrors.PROJECT_CONFIG_INVALID(`${file} is not valid YAML: ${reason}`, { cause });
  }
  const [finding] = await validate("project-config", value);
  if (finding === undefined) return value as ProjectConfig;
  const suggestion = await likelyKey(value);
  throw recordErrors.PROJECT_CONFIG_INVALID(
    `${file}: ${finding.pointer || "/"} ${finding.message}.`,
    suggestion === undefined ? {} : { hint: suggestion },
  );
}

async function likelyKey(value: unknown): Promise<string | undefined> {
  if (typeof value !== "object" || value === null) return undefined;
  const schema = (await getSchema("project-config")) as { properties?: Record<string, unknown> };
  const known = Object.keys(schema.properties ?? {});
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return undefined;
  const near = known.find((key) => isNear(unknown, key));
  return near === undefined
    ? `Unknown key "${unknown}". Known keys: ${known.join(", ")}.`
    : `Unknown key "${unknown}". Did you mean "${near}"?`;
}

/** One letter too many, too few, swapped or wrong, or the plural. */
function isNear(a: string, b: string): boolean {
  if (a.length > b.length + 2 || b.length > a.length + 2) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end))
    end++;
  return Math.max(a.length, b.length) - start - end <= 2;
}
