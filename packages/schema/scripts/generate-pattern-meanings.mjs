import { join } from "node:path";
import { banner } from "./output.mjs";
import { packageFolder } from "./schemas.mjs";

/** Write what each shared pattern means, for messages that people can read. */
export function writePatternMeanings(output, definitions) {
  const meanings = {};
  for (const { anyOf = [], ...definition } of Object.values(definitions)) {
    for (const { pattern, description } of [definition, ...anyOf]) {
      if (pattern !== undefined) meanings[pattern] ??= description.replace(/\.$/, "");
    }
  }
  output.write(
    join(packageFolder, "src", "pattern-meanings.generated.ts"),
    `${banner("schemas/definitions.json")}
/** What the patterns of the shared definitions mean, in words. */
export const patternMeanings: Readonly<Record<string, string>> = ${JSON.stringify(meanings, null, 2)};
`,
  );
}
