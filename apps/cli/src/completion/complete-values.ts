import type { CommandNode } from "../command-tree.ts";
import type { Completion, ShellWords } from "./candidate.ts";
import { nothing } from "./candidate.ts";
import { matching, type ValueSource } from "./complete-words.ts";

/** Lists that the build writes down, so that completing them loads nothing. */
export interface KnownWords {
  readonly schemas: readonly string[];
  readonly codes: readonly string[];
  readonly topics: readonly string[];
  readonly columns: readonly string[];
  readonly fields: readonly string[];
}

/** Where the store is, for the words that only it knows. */
export interface StorePlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The value of `--store` on the line. */
  readonly store: string | undefined;
}

/** Completes values by the name that the help gives them. */
export function valueSource(
  program: CommandNode,
  known: KnownWords,
  place: StorePlace,
): ValueSource {
  const complete: ValueSource["complete"] = async (name, typed, before) => {
    const [path] = before;
    const ofRun = path === "cat" && name === "path" ? before[1] : undefined;
    if (ofRun !== undefined)
      return await (await import("./complete-ids.ts")).completePaths(place, ofRun, typed);
    switch (name) {
      case "schema":
        return words(known.schemas, typed);
      case "code":
        return words(known.codes, typed.toUpperCase());
      case "names":
        return listWords(known.columns, typed);
      case "field":
        return words(typed.startsWith("-") ? known.fields.map(descending) : known.fields, typed);
      case "expression":
        return /^[\w.]*$/.test(typed) ? words(known.fields.map(equals), typed) : nothing;
      case "name":
        return path === "help" ? helpWords(program, known, before.slice(1), typed) : nothing;
      default:
        return await byKind(place, name.split(/[-=]/), typed);
    }
  };
  return { complete };
}

/** Values that are ids, files or both, as the parts of their names say: `id-or-path`, `file`. */
async function byKind(
  place: StorePlace,
  parts: readonly string[],
  typed: string,
): Promise<Completion> {
  const has = (...kinds: readonly string[]): boolean => kinds.some((kind) => parts.includes(kind));
  const isBoth = has("a", "b", "base", "candidates");
  const shell: ShellWords | undefined =
    isBoth || has("file", "path", "bundle") ? "files" : has("folder") ? "folders" : undefined;
  const { candidates } =
    isBoth || has("id", "ids")
      ? await (await import("./complete-ids.ts")).completeIds(place, typed)
      : nothing;
  return { candidates, ...(shell !== undefined && { shell }) };
}

function helpWords(
  program: CommandNode,
  known: KnownWords,
  before: readonly string[],
  typed: string,
): Completion {
  let command: CommandNode | undefined = program;
  for (const word of before) command = command?.commands.find(({ name }) => name === word);
  const commands = (command?.commands ?? []).map(({ name, description }) => ({
    value: name,
    about: description,
  }));
  const topics = before.length === 0 ? known.topics.map((value) => ({ value })) : [];
  return { candidates: matching([...commands, ...topics], typed) };
}

function words(values: readonly string[], typed: string): Completion {
  return {
    candidates: matching(
      values.map((value) => ({ value })),
      typed,
    ),
  };
}

/** The last word of a list with commas. */
function listWords(values: readonly string[], typed: string): Completion {
  const start = typed.slice(0, typed.lastIndexOf(",") + 1);
  const used = new Set(start.split(","));
  const free = values.filter((value) => !used.has(value));
  return words(
    free.map((value) => start + value),
    typed,
  );
}

function descending(field: string): string {
  return `-${field}`;
}

function equals(field: string): string {
  return `${field}=`;
}
