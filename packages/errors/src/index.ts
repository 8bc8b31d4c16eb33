export { defineErrors, type ErrorFactory } from "./define-errors.ts";
export {
  type ErrorDefinition,
  type ErrorDetails,
  type ErrorOptions,
  isResealError,
  ResealError,
} from "./reseal-error.ts";
