import { placeholderStart } from "./placeholders.ts";
import type { Span } from "./spans.ts";
import { entropy, isMixedWord, isMonotonous } from "./text-statistics.ts";

/** A format that only its surroundings on the same line make a secret. */
export interface ContextRule {
  readonly rule: string;
  /** A word near the secret, in either case. */
  readonly anchors: readonly string[];
  /** From the anchor on; ends with group 2, the secret. Group 1 is what stands between. */
  readonly pattern: RegExp;
  /** What must stand between, or must not. */
  readonly between: (text: string) => boolean;
}

const secretWord = /key|token|auth|passw|secret|login|credential|bearer|pat\b/i;
const otherWord =
  /commit|sha|rev|digest|hash|integrity|run|artifact|trace|span|request|version|checksum|sid/i;
const notOther = (text: string): boolean => secretWord.test(text) || !otherWord.test(text);
const withWord = (text: string): boolean => secretWord.test(text);
const rank = 2;

/** Formats without a prefix of their own. */
export const contextRules: readonly ContextRule[] = [
  {
    rule: "wandb-key",
    anchors: ["wandb"],
    pattern: /wandb([^\n]{0,80}?[^A-Za-z0-9\n])([0-9a-f]{40})(?![A-Za-z0-9])/iy,
    between: notOther,
  },
  {
    rule: "twilio-token",
    anchors: ["twilio"],
    pattern: /twilio([^\n]{0,80}?[^A-Za-z0-9\n])([0-9a-f]{32})(?![A-Za-z0-9])/iy,
    between: withWord,
  },
  {
    rule: "heroku-key",
    anchors: ["heroku"],
    pattern:
      /heroku([^\n]{0,60}?[^A-Za-z0-9\n])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![A-Za-z0-9])/iy,
    between: withWord,
  },
  {
    rule: "cloudflare-token",
    anchors: ["cloudflare", "CF_API"],
    pattern: /(?:cloudflare|cf_api)([^\n]{0,60}?[^\w\n-])([\w-]{40}|[0-9a-f]{37})(?![\w-])/iy,
    between: withWord,
  },
  {
    rule: "azure-storage-key",
    anchors: ["azure", "AccountName", "core.windows.net"],
    pattern:
      /(?:azure|accountname|core\.windows\.net)([^\n]{0,80}?[^A-Za-z0-9+/\n])([A-Za-z0-9+/]{86}==)/iy,
    between: notOther,
  },
  {
    rule: "datadog-key",
    anchors: ["datadog", "dd_api", "dd-api", "dd_app"],
    pattern:
      /(?:datadog|dd[_-]ap[ip])([^\n]{0,60}?[^A-Za-z0-9\n])([0-9a-f]{32}(?:[0-9a-f]{8})?)(?![A-Za-z0-9])/iy,
    between: withWord,
  },
  {
    rule: "mailgun-key",
    anchors: ["mailgun"],
    pattern:
      /mailgun([^\n]{0,60}?[^A-Za-z0-9\n])([0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})(?![A-Za-z0-9])/iy,
    between: () => true,
  },
];

/** Try a context rule at the place of its anchor. */
export function matchContext(rule: ContextRule, text: string, start: number): Span | undefined {
  rule.pattern.lastIndex = start;
  const match = rule.pattern.exec(text);
  const secret = match?.[2];
  if (match === null || secret === undefined) return undefined;
  const between = match[1] ?? "";
  // A placeholder in between was the secret of this anchor.
  if (
    between.includes(placeholderStart) ||
    text.startsWith(placeholderStart, start - placeholderStart.length)
  ) {
    return undefined;
  }
  if (isMonotonous(secret) || !rule.between(between)) return undefined;
  const end = start + match[0].length;
  return { start: end - secret.length, end, rule: rule.rule, secret, rank };
}

/** The 40 characters of an AWS secret key on the line of its key id. */
export function awsSecretsNear(text: string, start: number, end: number): Span[] {
  const before = text.slice(Math.max(0, start - 200), start);
  const from = start - (before.length - (before.lastIndexOf("\n") + 1));
  const stretch = text.slice(from, end + 200);
  const newline = stretch.indexOf("\n", end - from);
  const line = newline === -1 ? stretch : stretch.slice(0, newline);
  const spans: Span[] = [];
  for (const match of line.matchAll(/(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g)) {
    const secret = match[0];
    if (!isMixedWord(secret) || entropy(secret) < 4 || /EXAMPLE/.test(secret)) continue;
    const at = from + match.index;
    spans.push({ start: at, end: at + 40, rule: "aws-secret-key", secret, rank });
  }
  return spans;
}
