import type { CompiledError } from "./compiled-validator.ts";
import { patternMeanings } from "./pattern-meanings.generated.ts";

/** One place where a document breaks its schema. */
export interface Finding {
  /** JSON Pointer (RFC 6901) of the offending value; for a missing property, of its object. */
  readonly pointer: string;
  /** What is wrong there, without the offending value itself: it may be a secret. */
  readonly message: string;
  /** The schema keyword that is broken, for example `required` or `pattern`. */
  readonly keyword: string;
}

/** The most findings that one validation returns; a hostile document could cause millions. */
const findingsMax = 100;

/** Turn the errors of a compiled validator into findings, without repetitions. */
export function findingsOf(errors: readonly CompiledError[]): Finding[] {
  const findings = new Map<string, Finding>();
  for (const error of joinBranches(errors)) {
    if (findings.size === findingsMax) break;
    const message = error.branches ? joined(error.branches) : messageOf(error);
    if (message === undefined) continue;
    const finding = { pointer: pointerOf(error), message, keyword: error.keyword };
    findings.set(`${finding.pointer} ${message}`, finding);
  }
  return [...findings.values()];
}

interface JoinedError extends CompiledError {
  /** For `anyOf` and `oneOf`: what each branch objected to. */
  readonly branches?: readonly CompiledError[];
}

/** Put the objections of the branches, which stand before their `anyOf`, into one error. */
function joinBranches(errors: readonly CompiledError[]): JoinedError[] {
  const kept: JoinedError[] = [];
  for (const error of errors) {
    if (error.keyword !== "anyOf" && error.keyword !== "oneOf") {
      kept.push(error);
      continue;
    }
    let start = kept.length;
    while (start > 0 && isBranchOf(error, kept[start - 1])) start--;
    const branches = kept.splice(start).flatMap((branch) => branch.branches ?? branch);
    kept.push(branches.length === 0 ? error : { ...error, branches });
  }
  return kept;
}

const valueKeywords = /^(type|enum|const|pattern|anyOf|oneOf|(min|max)(imum|Length))$/;

/** A branch behind a `$ref` has a schema path of its own, but only speaks of the same value. */
function isBranchOf(error: CompiledError, candidate: CompiledError | undefined): boolean {
  if (candidate?.instancePath !== error.instancePath) return false;
  const isInline = candidate.schemaPath.startsWith(`${error.schemaPath}/`);
  return isInline || valueKeywords.test(candidate.keyword);
}

function joined(branches: readonly CompiledError[]): string {
  const messages = branches.map((branch) =>
    branch.keyword === "additionalProperties"
      ? `must not have the property ${quote(branch.params.additionalProperty)}`
      : messageOf(branch),
  );
  return [...new Set(messages)].filter((message) => message !== undefined).join(", or ");
}

function pointerOf({ instancePath, keyword, params }: CompiledError): string {
  const extra = keyword === "additionalProperties" ? params.additionalProperty : undefined;
  return typeof extra === "string" ? `${instancePath}/${escapeToken(extra)}` : instancePath;
}

/** The sentence for a keyword; `undefined` for keywords that only repeat what others say. */
function messageOf({ keyword, params }: CompiledError): string | undefined {
  switch (keyword) {
    case "required":
    case "dependentRequired":
      return `lacks the property ${quote(params.missingProperty)}`;
    case "additionalProperties":
      return "is not a known property";
    case "type":
      return `must be ${withArticle(String(params.type))}`;
    case "enum":
      return `must be one of ${list(params.allowedValues)}`;
    case "const":
      return `must be ${quote(params.allowedValue)}`;
    case "pattern":
      return patternMessage(String(params.pattern));
    case "minLength":
      return params.limit === 1
        ? "must not be empty"
        : `must have at least ${count(params, "character")}`;
    case "maxLength":
      return `must have at most ${count(params, "character")}`;
    case "minItems":
      return `must have at least ${count(params, "item")}`;
    case "maxItems":
      return `must have at most ${count(params, "item")}`;
    case "minProperties":
      return `must have at least ${count(params, "property", "properties")}`;
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return `must be ${String(params.comparison)} ${String(params.limit)}`;
    case "uniqueItems":
      return `has equal items at ${String(params.j)} and ${String(params.i)}`;
    case "propertyNames":
      return `has a property name that is not allowed: ${quote(params.propertyName)}`;
    case "oneOf":
      return "must match exactly one of the allowed forms";
    case "anyOf":
      return "must match one of the allowed forms";
    case "false schema":
      return "is not allowed here";
    case "if": // Its `then` or `else` says what is wrong.
    case "items": // Items beyond a tuple; `maxItems` says so.
      return undefined;
    default:
      return `breaks the rule ${quote(keyword)}`;
  }
}

function patternMessage(pattern: string): string {
  const meaning = patternMeanings[pattern];
  return meaning === undefined ? `must match ${pattern}` : `must be: ${meaning}`;
}

function count(params: CompiledError["params"], one: string, many = `${one}s`): string {
  return `${String(params.limit)} ${params.limit === 1 ? one : many}`;
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map(quote).join(", ") : String(values);
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function withArticle(type: string): string {
  if (type === "null") return type;
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}
