export { defineErrors, type ErrorFactory, type ErrorsOf } from "./define-errors.ts";
export {
  type ErrorDefinition,
  type ErrorDetails,
  type ErrorOptions,
  isResealError,
  ResealError,
} from "./reseal-error.ts";
export { didYouMean, nearest } from "./suggest.ts";
