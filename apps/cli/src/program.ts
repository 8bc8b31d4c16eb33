import { didYouMean, nearest, type ResealError } from "@reseal/errors";
import { Command, CommanderError, Option } from "commander";
import { commandNamed, commandTable } from "./command-table.ts";
import { CommandContext, type GlobalOptions, type Host } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { exitCodeHelp } from "./help.ts";
import { reportError } from "./report-error.ts";
import { abortOnSignals } from "./signals.ts";
import { cliVersion } from "./version.ts";
import { keepYoungSpaceSmall, letYoungSpaceGrow } from "./young-space.ts";

/** Run the command line on this process. */
export async function main(args: readonly string[]): Promise<void> {
  const host: Host = {
    cwd: process.cwd(),
    env: process.env,
    // Asked for only by who reads it: making the stream takes as long as reading the arguments.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
  };
  process.stdout.on("error", endOnClosedPipe);
  process.stderr.on("error", goOnWithoutReader);
  const [name = ""] = leadingWords(args);
  const signal =
    commandNamed(name)?.managesSignals === true
      ? new AbortController().signal
      : abortOnSignals((message) => context.note(message));
  const context: CommandContext = new CommandContext(host, signal);
  process.exitCode = await runProgram(args, context);
  letYoungSpaceGrow();
}

/** Run one command line. @returns the exit status. */
export async function runProgram(
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const startMs = Date.now();
  const program = await buildProgram(args, context);
  try {
    await program.parseAsync([...args], { from: "user" });
    context.detail(`took ${Date.now() - startMs} ms`);
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // The help that commander has shown says enough, but not to a program.
    const isHelp = error instanceof CommanderError && error.code === "commander.help";
    if (isHelp && !ownFlags(args).includes("--json")) return 2;
    const name = leadingWords(args)[0] ?? "";
    return reportError(asUsageError(error, args), context, {
      command: commandNamed(name)?.name,
      isJson: ownFlags(args).includes("--json"),
      isDebug: ownFlags(args).includes("--debug"),
    });
  }
}

/** The program with the commands that `args` name loaded, and the others as names for help. */
export async function buildProgram(
  args: readonly string[],
  context: CommandContext,
): Promise<Command> {
  const isJson = ownFlags(args).includes("--json");
  const program = new Command("reseal")
    .description("Record any run as one sealed artifact: verify, replay, compare, cite and keep it")
    .usage("[flags] COMMAND [ARGUMENT...]")
    .version(cliVersion(), "-V, --version", "print the version")
    .helpCommand(false)
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.host.stdout.write(text),
      writeErr: (text) => {
        if (!isJson) context.host.stderr.write(text);
      },
      outputError: () => undefined, // Reported like every other error, see runProgram.
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
${exitCodeHelp}
Topics: reseal help ids · exit-codes · env · formats · retention`,
    );
  program.hook("preAction", (_, action) => {
    context.options = action.optsWithGlobals<GlobalOptions>();
  });
  const wanted = leadingWords(args);
  for (const { name, summary, load, isHidden, isHeavy } of commandTable) {
    if (name === wanted[0] || (name === wanted[1] && wanted[0] === "help")) {
      if (isHeavy === true) setTimeout(keepYoungSpaceSmall, smallSpaceAfterMs).unref();
      const command = (await load())(context);
      program.addCommand(inherit(command, program), { hidden: isHidden === true });
    } else program.command(name, { hidden: isHidden === true }).description(summary);
  }
  return program;
}

/** Who works on many files does so for longer than this, in milliseconds. */
const smallSpaceAfterMs = 250;

/** Commander copies these settings only to commands that it makes itself. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, command);
  return command;
}

const valueFlags: ReadonlySet<string> = new Set(["--store", "--color"]);

/** The first two words that are no global flags: the command, and what comes after it. */
function leadingWords(args: readonly string[]): string[] {
  const words: string[] = [];
  const own = ownFlags(args);
  for (let index = 0; index < own.length && words.length < 2; index++) {
    const word = own[index] ?? "";
    if (valueFlags.has(word)) index++;
    else if (!word.startsWith("-")) words.push(word);
  }
  return words;
}

/** The words that are ours: what follows `--` belongs to the command that is run. */
function ownFlags(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end < 0 ? args : args.slice(0, end);
}

function increase(_: unknown, previous: number | undefined): number {
  return (previous ?? 0) + 1;
}

/** What commander objects to, in our words; any other error as it is. */
function asUsageError(error: unknown, args: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [name = ""] = leadingWords(args);
  if (error.code === "commander.help") return missingCommand(name);
  if (error.code === "commander.unknownCommand" && commandNamed(name) === undefined)
    return unknownCommand(name);
  const [first = "", suggestion] = error.message.replace(/^error: /, "").split("\n(");
  const message = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.?$/, ".")}`;
  const isForeignFlag = name === "run" && error.code === "commander.unknownOption";
  const [, given = "", choices] =
    /'([^']*)' is invalid\. Allowed choices are (.*)\./.exec(message) ?? [];
  const near = choices === undefined ? [] : nearest(given, choices.split(", "));
  const hints = [
    near.length > 0 ? didYouMean(near, "") : undefined,
    suggestion?.replace(/\)$/, "").replaceAll(", ", " or ").replace("one of ", ""),
    isForeignFlag ? dashesHint : undefined,
    suggestion === undefined && near.length === 0 && !isForeignFlag
      ? `See \`reseal help ${name}\`.`
      : undefined,
  ];
  return cliErrors.USAGE(message, { hint: hints.filter(Boolean).join(" "), cause: error });
}

const dashesHint = "Put two dashes before the command: reseal run -- COMMAND --its-own-flags";

function missingCommand(name: string): ResealError {
  return name === ""
    ? cliErrors.USAGE("Say what to do: reseal COMMAND.", { hint: "See `reseal help`." })
    : cliErrors.USAGE(`Say what to do: reseal ${name} COMMAND.`, {
        hint: `See \`reseal help ${name}\`.`,
      });
}

function unknownCommand(name: string): ResealError {
  const names = commandTable.filter(({ isHidden }) => isHidden !== true).map((entry) => entry.name);
  return cliErrors.USAGE(`There is no command ${JSON.stringify(name)}.`, {
    hint: didYouMean(nearest(name, names), "See `reseal help`."),
  });
}

function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

function goOnWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
