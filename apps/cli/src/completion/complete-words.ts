import type { ArgumentNode, CommandNode, FlagNode } from "../command-tree.ts";
import type { Candidate, Completion } from "./candidate.ts";
import { nothing } from "./candidate.ts";

/** What completes the words whose values only the store or the program knows. */
export interface ValueSource {
  /** Completes a value by the name that the help gives it, for example `id` or `schema`. */
  complete(name: string, typed: string, before: readonly string[]): Promise<Completion>;
}

/**
 * Complete the last of `words`, which are what stands on the line after `reseal`.
 *
 * What follows `--` belongs to the command that is run: the shell completes it.
 */
export async function completeWords(
  program: CommandNode,
  words: readonly string[],
  values: ValueSource,
): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const place = findPlace(program, words.slice(0, -1));
  if (place.isForeign) return { candidates: [], shell: "programs" };
  if (place.openFlag !== undefined) return await completeFlagValue(place.openFlag, typed, values);
  const [flagName = "", valueStart] = splitFlag(typed);
  if (valueStart !== undefined) {
    const flag = findFlag(place, flagName);
    if (flag === undefined) return nothing;
    const { candidates, ...rest } = await completeFlagValue(flag, valueStart, values);
    return { ...rest, candidates: candidates.map((each) => withPrefix(`${flagName}=`, each)) };
  }
  if (typed.startsWith("-")) return { candidates: completeFlags(place, typed) };
  if (place.command.commands.length > 0 && place.given.length === 0)
    return { candidates: matching(place.command.commands.map(commandCandidate), typed) };
  const argument = argumentAt(place.command, place.given.length);
  if (argument === undefined) return nothing;
  if (argument.choices.length > 0)
    return { candidates: matching(argument.choices.map(valueCandidate), typed) };
  return await values.complete(argument.name, typed, [place.path, ...place.given]);
}

/** Where on the line the cursor stands. */
interface Place {
  readonly command: CommandNode;
  /** Names of the commands so far, for example `schema show`. */
  readonly path: string;
  /** Arguments before the cursor. */
  readonly given: readonly string[];
  readonly used: ReadonlySet<string>;
  readonly flags: readonly FlagNode[];
  /** The flag whose value the cursor is in. */
  readonly openFlag: FlagNode | undefined;
  /** After `--`, or in the command that `run` is given without it. */
  readonly isForeign: boolean;
}

function findPlace(program: CommandNode, words: readonly string[]): Place {
  let command = program;
  let flags = program.flags;
  const path: string[] = [];
  const given: string[] = [];
  const used = new Set<string>();
  let openFlag: FlagNode | undefined;
  let isForeign = false;
  for (const word of words) {
    if (openFlag !== undefined) openFlag = undefined;
    else if (word === "--" || isForeign) isForeign = true;
    else if (word.startsWith("-")) {
      const [name = "", value] = splitFlag(word);
      const flag = flags.find(({ long, short }) => long === name || short === name);
      if (flag !== undefined) used.add(flag.flags);
      if (flag?.value != null && value === undefined) openFlag = flag;
    } else {
      const child = command.commands.find(({ name }) => name === word);
      if (child !== undefined && given.length === 0) {
        command = child;
        flags = [...child.flags, ...flags];
        path.push(word);
      } else given.push(word);
    }
  }
  return { command, path: path.join(" "), given, used, flags, openFlag, isForeign };
}

function splitFlag(word: string): [name: string, value?: string] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function findFlag({ flags }: Place, name: string): FlagNode | undefined {
  return flags.find(({ long, short }) => long === name || short === name);
}

async function completeFlagValue(
  { value, choices }: FlagNode,
  typed: string,
  values: ValueSource,
): Promise<Completion> {
  if (choices.length > 0) return { candidates: matching(choices.map(valueCandidate), typed) };
  return value === null ? nothing : await values.complete(value, typed, []);
}

function completeFlags({ flags, used }: Place, typed: string): Candidate[] {
  const free = flags.filter((flag) => flag.repeats || !used.has(flag.flags));
  const long = free.flatMap(({ long: name, description }) =>
    name === null ? [] : [{ value: name, about: description }],
  );
  return matching([...long, { value: "--help", about: "help for the command" }], typed);
}

function argumentAt(command: CommandNode, index: number): ArgumentNode | undefined {
  const last = command.arguments.at(-1);
  return command.arguments[index] ?? (last?.variadic === true ? last : undefined);
}

function commandCandidate({ name, description }: CommandNode): Candidate {
  return { value: name, about: description };
}

function valueCandidate(value: string): Candidate {
  return { value };
}

function withPrefix(prefix: string, { value, ...rest }: Candidate): Candidate {
  return { ...rest, value: prefix + value };
}

/** The candidates that begin as the word does. */
export function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(typed));
}
