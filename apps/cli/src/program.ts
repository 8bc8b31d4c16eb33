import { isResealError, type ResealError } from "@reseal/errors";
import { Command, CommanderError, Option } from "commander";
import { commandTable } from "./command-table.ts";
import { CommandContext, type GlobalOptions, type Host } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { exitCodeHelp } from "./help.ts";
import { cliVersion } from "./version.ts";

/** Run the command line on this process. */
export async function main(args: readonly string[]): Promise<void> {
  const host: Host = {
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  };
  process.stdout.on("error", endQuietlyOnClosedPipe);
  process.stderr.on("error", endQuietlyOnClosedPipe);
  const abort = new AbortController();
  const context = new CommandContext(host, abort.signal);
  process.exitCode = await runProgram(args, context);
}

/** Run one command line. @returns the exit status. */
export async function runProgram(
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const wanted = wantedCommand(args);
  // Commander answers `help` of what it does not know with the help of everything.
  if (args.includes("help") && wanted !== undefined && !isCommand(wanted))
    return reportError(unknownCommand(wanted), args, context);
  const program = await buildProgram(args, context);
  try {
    await program.parseAsync([...args], { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return usageExit(error, args, context);
    return reportError(error, args, context);
  }
}

/** The program with the command that `args` name loaded, and the others as names for help. */
async function buildProgram(args: readonly string[], context: CommandContext): Promise<Command> {
  const program = new Command("reseal")
    .description("Record any run as one sealed artifact: verify, replay, compare, cite and keep it")
    .version(cliVersion(), "-V, --version", "print the version")
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.host.stdout.write(text),
      writeErr: (text) => {
        if (!args.includes("--json")) context.host.stderr.write(text);
      },
    })
    .option("--json", "one JSON object on the last line of standard output")
    .option("-q, --quiet", "fewer words on standard error; twice: errors only", increase)
    .option("-v, --verbose", "more words on standard error", increase)
    .option("--store <folder>", "the store (default: .reseal of the workspace; RESEAL_STORE)")
    .addOption(
      new Option("--color <when>", "colour the output").choices(["auto", "always", "never"]),
    )
    .option("--no-progress", "no moving progress")
    .option("--debug", "print the stack of an error")
    .addHelpText(
      "after",
      `
Examples:
  $ reseal run -- python3 train.py        record a command and seal what it did
  $ reseal ls                             the runs recorded here
  $ reseal verify --all                   read every byte again
  $ reseal replay @last                   run it again and compare
  $ reseal cite @last --format bibtex     a citation for a paper
${exitCodeHelp}`,
    );
  program.hook("preAction", (_, action) => {
    context.options = action.optsWithGlobals<GlobalOptions>();
  });
  const wanted = wantedCommand(args);
  for (const { name, summary, load } of commandTable) {
    if (name === wanted) {
      const command = (await load())(context);
      program.addCommand(inherit(command, program));
    } else program.command(name).description(summary).allowUnknownOption();
  }
  return program;
}

/** Commander copies these settings only to commands that it makes itself. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, command);
  return command;
}

const valueFlags: ReadonlySet<string> = new Set(["--store", "--color"]);

/** The first word that is not a global flag; for `help X` it is X. */
function wantedCommand(args: readonly string[]): string | undefined {
  const words: string[] = [];
  for (let index = 0; index < args.length && words.length < 2; index++) {
    const word = args[index] ?? "";
    if (word === "--") break;
    if (valueFlags.has(word)) index++;
    else if (!word.startsWith("-")) words.push(word);
  }
  return words[0] === "help" ? words[1] : words[0];
}

function increase(_: unknown, previous: number | undefined): number {
  return (previous ?? 0) + 1;
}

function usageExit(
  error: CommanderError,
  args: readonly string[],
  context: CommandContext,
): number {
  const isHelp = error.exitCode === 0 || error.code === "commander.help";
  if (isHelp) return args.length === 0 ? 2 : 0;
  if (args.includes("--json")) {
    const message = error.message.replace(/^error: /, "");
    return reportError(cliErrors.USAGE(message), args, context);
  }
  if (wantedCommand(args) === "run" && error.code === "commander.unknownOption")
    context.host.stderr.write(`${context.err.dim("hint:")} ${dashesHint}\n`);
  return 2;
}

const dashesHint = "Put two dashes before the command: reseal run -- COMMAND --its-own-flags";

function isCommand(name: string): boolean {
  return name === "help" || commandTable.some((entry) => entry.name === name);
}

function unknownCommand(name: string): ResealError {
  const near = commandTable.find((entry) => entry.name.startsWith(name.slice(0, 2)));
  return cliErrors.USAGE(`There is no command ${JSON.stringify(name)}.`, {
    hint: near === undefined ? "See `reseal help`." : `Did you mean ${near.name}?`,
  });
}

function reportError(error: unknown, args: readonly string[], context: CommandContext): number {
  const known = asResealError(error);
  const isDebug = args.includes("--debug");
  // `run` has its own range: whatever goes wrong with us, not with the child, is 125.
  const exit = wantedCommand(args) === "run" ? runExit(known) : known.exitCode;
  if (args.includes("--json")) {
    const { code, message, hint, details } = known;
    const schema = `${wantedCommand(args) ?? "error"}/v1`;
    const line = { schema, ok: false, error: { code, message, hint, exit, details } };
    context.host.stdout.write(`${JSON.stringify(line)}\n`);
  } else {
    const { err } = context;
    context.host.stderr.write(`${err.red("error:")} ${known.message}\n`);
    if (known.hint !== "") context.host.stderr.write(`${err.dim("hint:")} ${known.hint}\n`);
  }
  if (isDebug) {
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.host.stderr.write(`${known.code}\n${shown}\n`);
    if (error instanceof Error && error.cause instanceof Error)
      context.host.stderr.write(`caused by ${error.cause.stack}\n`);
  }
  return exit;
}

function runExit({ exitCode }: ResealError): number {
  return exitCode === 2 || exitCode === 126 || exitCode === 127 ? exitCode : 125;
}

function asResealError(error: unknown): ResealError {
  if (isResealError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === "AbortError")
    return cliErrors.INTERRUPTED("Interrupted.", { cause: error });
  return cliErrors.INTERNAL(message, { cause: error });
}

function endQuietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
