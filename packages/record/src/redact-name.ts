import type { Finding, Redactor } from "@reseal/redact";

/**
 * Take the secrets out of a path. They are looked for in the whole of it and, because a token is
 * not told from what follows it without a space (`<token>.txt`), between its slashes and dots.
 */
export function redactName(
  redactor: Redactor,
  path: string,
): { readonly text: string; readonly findings: readonly Finding[] } {
  const whole = redactor.text(path);
  const parts = whole.text.split(/([./])/);
  // One look at all parts is enough for nearly every name.
  const { findings } = redactor.text(parts.join("\n"));
  if (findings.length === 0) return whole;
  return {
    text: parts.map((part) => redactor.text(part).text).join(""),
    findings: [...whole.findings, ...findings],
  };
}
