/** A JSON Schema document, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown };
