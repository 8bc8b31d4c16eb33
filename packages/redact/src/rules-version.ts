import { createHash } from "node:crypto";
import { type ContextRule, contextRules } from "./context-rules.ts";
import type { TokenRule } from "./rule.ts";
import { tokenRules } from "./rules.ts";

/**
 * A name for the rules of this version, for caches of files that were found clean.
 *
 * It follows from the rules themselves, so a changed rule cannot forget to change it. `revision`
 * stands for the code around them: raise it when that finds other things.
 */
export const rulesVersion: string = createHash("sha256")
  .update(JSON.stringify({ revision: 2, rules: [...tokenRules, ...contextRules].map(describe) }))
  .digest("hex")
  .slice(0, 16);

function describe({ rule, anchors, pattern }: TokenRule | ContextRule): readonly string[] {
  return [rule, anchors.join(" "), String(pattern)];
}
