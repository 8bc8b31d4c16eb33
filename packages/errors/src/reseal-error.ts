/** JSON-safe facts about an error: never a secret, never a whole file. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What a package fixes once for each of its error codes. */
export interface ErrorDefinition {
  /** Exit status of the command line, see `reseal help exit-codes`. */
  readonly exitCode: number;
  /** HTTP status of the server. */
  readonly httpStatus: number;
  /** What the reader can do about it, one or two sentences. */
  readonly hint: string;
}

/** What one throw adds to the definition of its code. */
export interface ErrorOptions {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** Replaces the hint of the table where this throw knows better. */
  readonly hint?: string;
}

const brand = Symbol.for("reseal.error");

/**
 * The one error class of Reseal.
 *
 * `code` is stable API; `message` says what and where; `hint` says what to do. Recognise it with
 * {@link isResealError} or by `code`, never with `instanceof`: two copies of this package may be
 * installed side by side.
 */
export class ResealError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly exitCode: number;
  readonly httpStatus: number;
  readonly details: ErrorDetails;

  constructor(
    code: string,
    message: string,
    definition: ErrorDefinition,
    { details = {}, cause, hint = definition.hint }: ErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ResealError";
    this.code = code;
    this.hint = hint;
    this.exitCode = definition.exitCode;
    this.httpStatus = definition.httpStatus;
    this.details = details;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Tell a Reseal error from any other value, across realms and package copies. */
export function isResealError(value: unknown): value is ResealError {
  return typeof value === "object" && value !== null && brand in value;
}
