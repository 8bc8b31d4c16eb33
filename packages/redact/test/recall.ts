import { createRedactor } from "../src/redactor.ts";
import { contexts, coreOf, type Provider, providers } from "./corpus.ts";
import { Random } from "./random.ts";

/** A secret of the corpus that was not covered as a whole. */
export interface Miss {
  readonly provider: string;
  readonly context: string;
  readonly output: string;
}

/** Redact every provider in every context. */
export function measureRecall(seed: number): { total: number; misses: Miss[] } {
  const random = new Random(seed);
  const misses: Miss[] = [];
  let total = 0;
  for (const provider of providers) {
    for (const context of contexts) {
      const secret = provider.make(random);
      const text = context.write(provider, secret, random);
      const redacted = createRedactor().text(text).text;
      total += 1;
      if (isReadable(provider, context.name, secret, redacted, context.asWritten)) {
        misses.push({ provider: provider.name, context: context.name, output: redacted });
      }
    }
  }
  return { total, misses };
}

const colour = new RegExp(`${"\u001b"}\\[[0-9;]*m`, "g");
const frame = "BEGIN RSA OPENSSH PRIVATE KEY PRIVATE_KEY [REDACTED: DATABASE_URL";

/** Does anything of the secret longer than a border of four characters stay? */
function isReadable(
  provider: Provider,
  context: string,
  secret: string,
  output: string,
  asWritten: (secret: string) => string,
): boolean {
  const core = coreOf(provider, secret);
  const seen = context === "ansi log" ? output.replace(colour, "") : output;
  if (context === "base64") return /payload [A-Za-z0-9+/]{5}/.test(seen);
  const written = asWritten(core);
  for (let at = 0; at + 5 <= written.length; at += 1) {
    const piece = written.slice(at, at + 5);
    if (/[A-Z0-9]/.test(piece) && !frame.includes(piece) && seen.includes(piece)) return true;
  }
  return !output.includes("[REDACTED:");
}
