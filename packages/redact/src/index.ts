export { secretsFromEnvironment } from "./environment.ts";
export { redactErrors } from "./errors.ts";
export type { KnownSecret } from "./known-values.ts";
export type { Finding } from "./placeholders.ts";
export {
  createRedactor,
  type Redactor,
  type RedactorOptions,
  type ScanOptions,
} from "./redactor.ts";
export { rulesVersion } from "./rules-version.ts";
export type { RedactStream, Scanner } from "./stream.ts";
