import type { Argument, Command, Option } from "commander";
import { commandTable } from "./command-table.ts";
import type { CommandContext } from "./context.ts";
import { helpText } from "./help-text.ts";
import { buildProgram } from "./program.ts";

/** A flag, as completion, man pages and tests need to know it. */
export interface FlagNode {
  readonly flags: string;
  readonly long: string | null;
  readonly short: string | null;
  readonly description: string;
  /** Name of its value, `null` for one that takes none. */
  readonly value: string | null;
  readonly choices: readonly string[];
  readonly repeats: boolean;
}

/** A word that a command takes. */
export interface ArgumentNode {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly variadic: boolean;
  readonly choices: readonly string[];
}

/** A command with all that its help says. */
export interface CommandNode {
  readonly name: string;
  readonly description: string;
  readonly usage: string;
  /** What comes after the flags: examples, exit statuses. */
  readonly after: string;
  readonly flags: readonly FlagNode[];
  readonly arguments: readonly ArgumentNode[];
  readonly commands: readonly CommandNode[];
}

/** The whole command line as data: every command is loaded. Hidden commands are left out. */
export async function describeProgram(context: CommandContext): Promise<CommandNode> {
  const program = await buildProgram([], context);
  const commands: CommandNode[] = [];
  for (const { name, isHidden } of commandTable) {
    if (isHidden === true) continue;
    const loaded = await buildProgram([name], context);
    const command = loaded.commands.find((candidate) => candidate.name() === name);
    if (command !== undefined) commands.push(describe(command, []));
  }
  return describe(program, commands);
}

function describe(command: Command, known: readonly CommandNode[]): CommandNode {
  const own = known.length > 0 ? known : command.commands.map((child) => describe(child, []));
  return {
    name: command.name(),
    description: command.description(),
    usage: command.usage(),
    after: helpText(command).slice(command.helpInformation().length).trim(),
    flags: command.options.filter(({ hidden }) => !hidden).map(describeFlag),
    arguments: command.registeredArguments.map(describeArgument),
    commands: own,
  };
}

function describeFlag(option: Option): FlagNode {
  const { flags, long, short, description, argChoices } = option;
  return {
    flags,
    long: long ?? null,
    short: short ?? null,
    description,
    value: /[<[]([^>\].]+)(\.{3})?[>\]]/.exec(flags)?.[1] ?? null,
    choices: argChoices ?? [],
    repeats: option.variadic || repeatable.has(option.long ?? ""),
  };
}

/** Flags that may be given several times though commander does not know. */
const repeatable: ReadonlySet<string> = new Set([
  "--in",
  "--in-ref",
  "--out",
  "--env",
  "--tag",
  "--allow-secret",
  "--filter",
  "--ref",
  "--quiet",
  "--verbose",
]);

function describeArgument(argument: Argument): ArgumentNode {
  return {
    name: argument.name(),
    description: argument.description,
    required: argument.required,
    variadic: argument.variadic,
    choices: argument.argChoices ?? [],
  };
}
