import type { Explanation, ReplayCheck } from "@reseal/schema";
import { type Colors, harmless } from "./terminal.ts";

/** Causes and facts that a terminal shows; a report has them all. */
const causesMax = 4;
const factsMax = 3;

/** Why results differ: ranked causes, what speaks for each, and what to try next. */
export function renderExplanation(explanation: Explanation | undefined, colors: Colors): string[] {
  if (explanation === undefined) return [];
  const { causes, summary, order, divergent } = explanation;
  const lines = [`${colors.bold("why")}  ${harmless(summary)}`];
  if (divergent.length > 1) {
    const how = order === "produced" ? "as they were written" : "by path";
    const more = divergent.length > 5 ? " …" : "";
    lines.push(harmless(`  differing ${how}: ${divergent.slice(0, 5).join(", ")}${more}`));
  }
  for (const [index, cause] of causes.slice(0, causesMax).entries()) {
    lines.push(`  ${index + 1}. ${colors.bold(cause.likelihood)}: ${harmless(cause.statement)}`);
    for (const fact of cause.evidence.slice(0, factsMax))
      lines.push(colors.dim(`     because ${harmless(fact)}`));
    lines.push(`     next: ${harmless(cause.experiment)}`);
  }
  if (causes.length > causesMax)
    lines.push(colors.dim(`  and ${causes.length - causesMax} more; see --report or --json`));
  return lines;
}

/** Checks that did not come out as recorded, a line each; what the policy ignores is left out. */
export function renderChecks(checks: readonly ReplayCheck[], colors: Colors): string[] {
  return checks
    .filter(({ status, policy }) => status !== "ok" && policy !== "ignore")
    .map(({ name, status, message }) => {
      const mark = colors.yellow(`${status}:`);
      return `  ${mark} ${harmless(message ?? name)}`;
    });
}
