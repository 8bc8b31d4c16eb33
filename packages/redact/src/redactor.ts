import { redactBytes } from "./apply.ts";
import { redactArguments } from "./argv.ts";
import { normaliseName } from "./assignments.ts";
import { createDetector, type Detector } from "./detect.ts";
import { failClosed } from "./errors.ts";
import { type JsonRedaction, redactJson } from "./json.ts";
import { isKnowable, type KnownSecret } from "./known-values.ts";
import { splitName } from "./names.ts";
import { type Finding, FindingCounter, PlaceholderBook } from "./placeholders.ts";
import {
  openRedactStream,
  openScanner,
  type RedactStream,
  type Scanner,
  scanWhole,
  wholeMax,
} from "./stream.ts";

/** What a redactor knows beyond the public token formats. */
export interface RedactorOptions {
  /** Values to find wherever and however they are written. Too short or too plain ones are ignored. */
  readonly secrets?: readonly KnownSecret[];
  /** More key names whose values are secrets; case and punctuation do not matter. */
  readonly keys?: readonly string[];
}

/** How a file is looked at. */
export interface ScanOptions {
  /** Look for exact known values only, as is right for what is not text. */
  readonly binary?: boolean;
}

/**
 * Finds secrets and replaces each with `[REDACTED:<rule>:<n>]`.
 *
 * `n` numbers the distinct secrets of a rule in order of first appearance in this redactor, so one
 * secret has one placeholder in all that one run writes. Redacting twice is the same as once.
 * Every method throws REDACT_FAILED, and returns nothing, when it cannot do its work.
 */
export interface Redactor {
  /** Redact a text. Lone surrogates of a text with secrets become U+FFFD. */
  text(text: string): { readonly text: string; readonly findings: readonly Finding[] };
  /**
   * Redact a JSON value without changing its shape: strings and numbers under secret key names,
   * tokens in strings. The value itself is not touched.
   *
   * @throws REDACT_NOT_JSON, REDACT_TOO_DEEP
   */
  json<Value>(value: Value): { readonly value: Value; readonly findings: readonly Finding[] };
  /** Redact command arguments one by one. */
  argv(args: readonly string[]): {
    readonly argv: readonly string[];
    readonly findings: readonly Finding[];
  };
  /** Open a stream of bytes to redact. */
  stream(): RedactStream;
  /** Look for secrets in bytes that stay as they are; a string is taken as UTF-8. */
  scan(bytes: Uint8Array | string, options?: ScanOptions): readonly Finding[];
  /** The same for bytes that arrive in chunks. */
  scanner(options?: ScanOptions): Scanner;
}

/**
 * Create a redactor for one run.
 *
 * @example
 * const redactor = createRedactor({ secrets: secretsFromEnvironment(environment) });
 * const { text, findings } = redactor.text(line);
 */
export function createRedactor({ secrets = [], keys = [] }: RedactorOptions = {}): Redactor {
  const extraNames = new Map(
    keys
      .map((key) => [normaliseName(key), anchorOf(key)] as const)
      .filter(([, at]) => at.length >= 3),
  );
  const detector = failClosed(() => createDetector(secrets, extraNames, false));
  let knownDetector: Detector | undefined;
  const known = (): Detector => {
    knownDetector ??= failClosed(() => createDetector(secrets, extraNames, true));
    return knownDetector;
  };
  const multiline = secrets
    .map(({ value }) => value.trim())
    .filter((value) => value.includes("\n") && isKnowable(value))
    .map((value) => Buffer.from(value, "utf8").toString("latin1"));
  const book = new PlaceholderBook();
  const names: ReadonlySet<string> = new Set(keys.map(normaliseName));

  const redactText = (text: string, counter: FindingCounter): string =>
    failClosed(() => {
      const bytes = Buffer.from(text, "utf8");
      const redacted = redactBytes(bytes, detector, book, counter);
      return redacted === bytes ? text : redacted.toString("utf8");
    });
  const redaction = (counter: FindingCounter): JsonRedaction => ({
    text: (text) => redactText(text, counter),
    book,
    counter,
    extraNames: names,
  });
  const detectorFor = ({ binary = false }: ScanOptions = {}): Detector =>
    binary ? known() : detector;
  const scanner = (options?: ScanOptions): Scanner => openScanner(detectorFor(options), multiline);

  return {
    text(text) {
      const counter = new FindingCounter();
      return { text: redactText(text, counter), findings: counter.list() };
    },
    json<Value>(value: Value) {
      const counter = new FindingCounter();
      // The shape is the same; a number under a secret key becomes a string.
      return { value: redactJson(redaction(counter), value) as Value, findings: counter.list() };
    },
    argv(args) {
      const counter = new FindingCounter();
      return { argv: redactArguments(redaction(counter), args), findings: counter.list() };
    },
    stream: () => openRedactStream(detector, multiline, book),
    scan(bytes, options) {
      const whole = typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes;
      if (whole.byteLength <= wholeMax) return scanWhole(whole, detectorFor(options));
      const opened = scanner(options);
      opened.push(whole);
      return opened.end();
    },
    scanner,
  };
}

/** The word of a key name to look for; names of shorter words count in JSON only. */
function anchorOf(key: string): string {
  return splitName(key).reduce((best, word) => (word.length > best.length ? word : best), "");
}
