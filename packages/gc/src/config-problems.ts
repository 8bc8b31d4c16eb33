import { nearest } from "@reseal/errors";
import { linesInYaml } from "@reseal/hash";
import { type ArtifactsFile, getSchema, validate } from "@reseal/schema";
import type { ConfigKind } from "./artifacts-config.ts";
import { gcErrors } from "./errors.ts";
import { defaultFamilies } from "./families.ts";

/** Rules that hold whatever a configuration says. */
export const hardRules: readonly string[] = ["last_pass", "last_run", "pinned"];

/** Something wrong in a configuration. */
export interface ConfigProblem {
  /** RFC 6901. */
  readonly pointer: string;
  /** What is wrong with it. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /** It takes a hard rule away. */
  readonly isRule?: boolean | undefined;
}

/** All that is wrong with the value of an `artifacts.yaml`. */
export async function problemsOf(value: unknown, kind: ConfigKind): Promise<ConfigProblem[]> {
  const findings = await validate("artifacts-config", value);
  if (findings.length === 0) return meaningOf(value as ArtifactsFile, kind);
  const known = namesIn(await getSchema("artifacts-config"));
  return findings.map(({ pointer, message }) => {
    const [name] = nearest(pointer.split("/").at(-1) ?? "", known);
    const isUnknown = message.includes("known property");
    return {
      pointer,
      message,
      hint: isUnknown && name !== undefined ? `Did you mean ${name}?` : "",
    };
  });
}

/** What a schema cannot say. */
function meaningOf(file: ArtifactsFile, kind: ConfigKind): ConfigProblem[] {
  const { retention = {}, patterns = {}, families = {}, gc = {} } = file;
  const problems: ConfigProblem[] = [];
  const missing = hardRules.filter((rule) => gc.always_keep?.includes(rule) === false);
  if (missing.length > 0)
    problems.push({
      pointer: "/gc/always_keep",
      message: `leaves out ${missing.join(", ")}, which cannot be switched off`,
      hint: "",
      isRule: true,
    });
  if (kind === "store") return problems;
  const known = [...defaultFamilies.map(({ name }) => name), ...Object.keys(patterns)];
  for (const name of Object.keys(retention))
    if (!known.includes(name))
      problems.push({
        pointer: `/retention/${name}`,
        message: "is the policy of a family without patterns",
        hint: hintFor(name, known),
      });
  for (const name of Object.keys(families))
    if (!known.includes(name) && !(name in retention))
      problems.push({
        pointer: `/families/${name}`,
        message: "is no family",
        hint: hintFor(name, known),
      });
  return problems;
}

function hintFor(name: string, known: readonly string[]): string {
  const [near] = nearest(name, known);
  return near === undefined
    ? `Add its globs under patterns. Families: ${known.join(", ")}.`
    : `Did you mean ${near}? Else add its globs under patterns.`;
}

/** The error that names all problems, each with its line. */
export async function configError(
  problems: readonly ConfigProblem[],
  text: string,
  source: string,
): Promise<Error> {
  const lines = await linesInYaml(
    text,
    problems.map(({ pointer }) => pointer),
  );
  const findings = problems.map(({ pointer, message, hint }, index) => ({
    line: lines[index] ?? 1,
    pointer,
    message,
    hint,
  }));
  const texts = findings.map(
    ({ line, pointer, message }) => `${line}: ${pointer || "the file"} ${message}`,
  );
  const hint = findings
    .filter((one) => one.hint !== "")
    .map((one) => (findings.length === 1 ? one.hint : `Line ${one.line}: ${one.hint}`))
    .join(" ");
  const [only] = texts;
  const message =
    texts.length === 1
      ? `${source}:${only}.`
      : `${source} has ${texts.length} mistakes:\n${texts.map((one) => `  line ${one}`).join("\n")}`;
  const options = { details: { source, findings }, ...(hint !== "" && { hint }) };
  const isRule = problems.every((problem) => problem.isRule === true);
  return (isRule ? gcErrors.RULE_REQUIRED : gcErrors.CONFIG_INVALID)(message, options);
}

/** Every name that a document of a schema may have. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties } = schema as { readonly properties?: object };
  return [...Object.keys(properties ?? {}), ...Object.values(schema).flatMap(namesIn)];
}
