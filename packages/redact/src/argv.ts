import { ruleOf } from "./assignments.ts";
import { goesWhole, type JsonRedaction, keyStrength } from "./json.ts";
import { placeholderStart } from "./placeholders.ts";

/**
 * Redact command arguments: `--password X`, `--password=X`, `PASSWORD=X`, tokens anywhere.
 *
 * The number of arguments stays the same.
 */
export function redactArguments(redaction: JsonRedaction, args: readonly string[]): string[] {
  const redacted: string[] = [];
  let flag: string | undefined;
  for (const argument of args) {
    const isValue = flag !== undefined && !/^-{1,2}[A-Za-z]/.test(argument);
    redacted.push(
      isValue && flag !== undefined
        ? redactValue(redaction, flag, argument)
        : assignmentOf(redaction, argument),
    );
    flag = !isValue && /^--?[A-Za-z][\w.-]*$/.test(argument) ? argument : undefined;
  }
  return redacted;
}

function assignmentOf(redaction: JsonRedaction, argument: string): string {
  const match = /^(-{0,2}[A-Za-z_][\w.-]{0,95})=/.exec(argument);
  if (match?.[1] === undefined) return redaction.text(argument);
  const name = match[1];
  const value = argument.slice(match[0].length);
  const shown = redaction.text(name);
  return `${shown}=${redactValue(redaction, name, value, shown === name)}`;
}

function redactValue(
  redaction: JsonRedaction,
  name: string,
  value: string,
  isPlainName = true,
): string {
  const strength = keyStrength(name, redaction.extraNames);
  // A plain name goes along: some formats are secrets only next to one.
  const start = isPlainName ? `${name}=` : "";
  const whole = redaction.text(`${start}${value}`);
  const rest = whole.startsWith(start) ? whole.slice(start.length) : redaction.text(value);
  if (rest.startsWith(placeholderStart)) return rest;
  if (!goesWhole(value, strength) || /^\d{1,5}$/.test(value)) return rest;
  redaction.counter.add(ruleOf(strength));
  const secret = Buffer.from(value, "utf8").toString("latin1");
  return redaction.book.placeholder({ rule: ruleOf(strength), secret });
}
