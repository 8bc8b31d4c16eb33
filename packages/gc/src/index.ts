export { gcErrors } from "./errors.ts";
export { parseGc } from "./gc.ts";
