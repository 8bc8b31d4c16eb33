import { Option } from "commander";

/** A flag that may be repeated. */
export function list(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, previous: string[] = []) => [
    ...previous,
    value,
  ]);
}
