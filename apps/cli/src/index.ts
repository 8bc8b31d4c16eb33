export { type CommandEntry, type CommandFactory, commandTable } from "./command-table.ts";
export {
  CommandContext,
  type GlobalOptions,
  type Host,
  type StoreOptions,
} from "./context.ts";
export { cliErrors } from "./errors.ts";
export { runProgram } from "./program.ts";
export { cliVersion } from "./version.ts";
