/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object that JSON can hold. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Nested arrays and objects that we write, and read unless told otherwise. `[[]]` has two. */
export const JSON_DEPTH_MAX = 256;

/** UTF-16 units that a JavaScript string can hold in V8. */
export const STRING_LENGTH_MAX: number = 2 ** 29 - 24;
