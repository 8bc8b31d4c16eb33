import { AssignmentReader, nameAnchors } from "./assignments.ts";
import { Base64Reader, visitRuns } from "./base64.ts";
import { awsSecretsNear, type ContextRule, contextRules, matchContext } from "./context-rules.ts";
import { type Anchor, buildGramIndex, type GramIndex, visitAnchors } from "./grams.ts";
import { type KnownSecret, knownAnchors, type Needle } from "./known-values.ts";
import { isNotExample } from "./rule.ts";
import { tokenRules } from "./rules.ts";
import { matchRunRules } from "./run-rules.ts";
import type { Span } from "./spans.ts";
import { type CompiledRule, compileRule, matchRule } from "./token-rules.ts";
import {
  ansiViews,
  escapeAnchors,
  percentViews,
  type Traits,
  traitsOf,
  unicodeViews,
  type View,
} from "./views.ts";

/** Finds the spans of secrets in bytes. */
export type Detector = (bytes: Buffer) => Span[];

type Handler =
  | { readonly kind: "name" }
  | { readonly kind: "escape" }
  | { readonly kind: "rule"; readonly rule: CompiledRule }
  | { readonly kind: "context"; readonly rule: ContextRule }
  | { readonly kind: "known"; readonly needle: Needle };

interface Setup {
  readonly index: GramIndex<Handler>;
  readonly extraNames: ReadonlySet<string>;
  /** Known values only: no formats, no names, no other readings of the text. */
  readonly knownOnly: boolean;
}

const depthMax = 3;
const knownRank = 3;
const base64Edge = 4096;
const isBase64 = /[A-Za-z0-9+/_=-]/;

let sharedAnchors: readonly Anchor<Handler>[] | undefined;

/** Prepare a detector; `extraNames` are normalised key names. */
export function createDetector(
  secrets: readonly KnownSecret[],
  extraNames: ReadonlyMap<string, string>,
  knownOnly: boolean,
): Detector {
  const known = knownAnchors(secrets).map(
    ({ literal, fold, handler: needle }): Anchor<Handler> => ({
      literal,
      fold,
      handler: { kind: "known", needle },
    }),
  );
  const names = [...extraNames.values()].map(nameAnchor);
  sharedAnchors ??= builtInAnchors();
  const anchors = knownOnly ? known : [...known, ...names, ...sharedAnchors];
  const setup: Setup = {
    index: buildGramIndex(anchors),
    extraNames: new Set(extraNames.keys()),
    knownOnly,
  };
  return (bytes) => detect(setup, bytes, 0);
}

function builtInAnchors(): Anchor<Handler>[] {
  const anchors: Anchor<Handler>[] = nameAnchors.map(nameAnchor);
  for (const literal of escapeAnchors) {
    anchors.push({ literal, fold: true, handler: { kind: "escape" } });
  }
  for (const rule of tokenRules) {
    const compiled = compileRule(rule, isNotExample);
    for (const literal of rule.anchors) {
      anchors.push({
        literal,
        fold: rule.fold === true,
        handler: { kind: "rule", rule: compiled },
      });
    }
  }
  for (const rule of contextRules) {
    for (const literal of rule.anchors) {
      anchors.push({ literal, fold: true, handler: { kind: "context", rule } });
    }
  }
  return anchors;
}

function nameAnchor(literal: string): Anchor<Handler> {
  return { literal, fold: true, handler: { kind: "name" } };
}

function detect(setup: Setup, bytes: Buffer, depth: number): Span[] {
  const spans: Span[] = [];
  // Made on the first hit: clean text is never turned into a string.
  let text: string | undefined;
  const read = (): string => {
    const made = text ?? bytes.toString("latin1");
    text = made;
    return made;
  };
  const hasEscapes = scanAnchors(setup, bytes, read, spans);
  if (setup.knownOnly) return spans;
  const traits = traitsOf(bytes, hasEscapes);
  scanRuns(setup, bytes, read, depth, spans);
  if (depth < depthMax) {
    for (const view of viewsOf(traits, read, depth)) addView(setup, view, depth, spans);
  }
  return spans;
}

/** Look at every anchor; tells whether escaped characters were among them. */
function scanAnchors(setup: Setup, bytes: Buffer, read: () => string, spans: Span[]): boolean {
  let hasEscapes = false;
  let assignments: AssignmentReader | undefined;
  visitAnchors(setup.index, bytes, (handler, start, literal) => {
    if (handler.kind === "escape") {
      hasEscapes = true;
      return;
    }
    const text = read();
    if (handler.kind === "name") {
      assignments ??= new AssignmentReader(text, setup.extraNames);
      assignments.read(start);
    } else if (handler.kind === "rule") {
      const span = matchRule(handler.rule, text, start);
      if (span === undefined) return;
      spans.push(span);
      if (span.rule === "aws-access-key") spans.push(...awsSecretsNear(text, span.start, span.end));
    } else if (handler.kind === "context") {
      const span = matchContext(handler.rule, text, start);
      if (span !== undefined) spans.push(span);
    } else {
      spans.push(knownSpan(handler.needle, text, start, start + literal.length));
    }
  });
  assignments?.finish(spans);
  return hasEscapes;
}

function knownSpan(needle: Needle, text: string, start: number, end: number): Span {
  let first = start;
  let last = end;
  if (needle.isBase64) {
    // The neighbours hold the first and the last bits of the secret.
    const firstMin = Math.max(0, start - base64Edge);
    while (first > firstMin && isBase64.test(text.charAt(first - 1))) first -= 1;
    const lastMax = Math.min(text.length, end + base64Edge);
    while (last < lastMax && isBase64.test(text.charAt(last))) last += 1;
  }
  return { start: first, end: last, rule: "known-value", secret: needle.secret, rank: knownRank };
}

function scanRuns(
  setup: Setup,
  bytes: Buffer,
  read: () => string,
  depth: number,
  spans: Span[],
): void {
  const reader = new Base64Reader(bytes);
  const found = spans.slice().sort((a, b) => a.start - b.start);
  let next = 0;
  visitRuns(bytes, (start, end) => {
    // What goes anyway is not decoded.
    while ((found[next]?.end ?? end) < end) next += 1;
    if ((found[next]?.start ?? end) <= start) return;
    matchRunRules(bytes, start, end, read, spans);
    if (depth >= depthMax) return;
    for (const found of reader.texts(start, end)) {
      const inner = detect(setup, Buffer.from(found.text, "latin1"), depth + 1);
      const [first] = inner.sort((a, b) => a.start - b.start || b.rank - a.rank);
      if (first !== undefined) spans.push({ ...first, start: found.start, end: found.end });
    }
  });
}

function* viewsOf(traits: Traits, read: () => string, depth: number): Generator<View> {
  // Colours around colours do not occur, and each level would multiply the work.
  if (traits.hasAnsi && depth === 0) yield* ansiViews(read());
  if (traits.hasPercent) yield* percentViews(read());
  if (traits.hasUnicode) yield* unicodeViews(read());
}

function addView(setup: Setup, view: View, depth: number, spans: Span[]): void {
  for (const span of detect(setup, Buffer.from(view.text, "latin1"), depth + 1)) {
    spans.push({ ...span, start: view.startOf(span.start), end: view.endOf(span.end) });
  }
}
