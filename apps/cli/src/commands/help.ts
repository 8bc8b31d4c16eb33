import { didYouMean, nearest } from "@reseal/errors";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { helpText } from "../help-text.ts";
import { type HelpTopic, helpTopics } from "../help-topics.ts";

/** `reseal help [COMMAND|TOPIC]` */
export function helpCommand(context: CommandContext): Command {
  const topics = helpTopics.map(({ name, summary }) => `  ${name.padEnd(11)}  ${summary}`);
  const help = new Command("help")
    .description("Help for a command, or on a topic")
    .argument("[name...]", "a command, a command and its subcommand, or a topic")
    .addHelpText("after", `\nTopics:\n${topics.join("\n")}`)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal help run", "flags, examples, exit statuses"],
          ["reseal help schema show", "a subcommand"],
          ["reseal help ids", "a topic"],
        ],
        { 0: "printed", 2: "no such command or topic" },
      ),
    );
  return help.action((names: readonly string[]) => {
    const program = help.parent;
    if (program === null) return;
    const [name] = names;
    const topic = helpTopics.find((candidate) => candidate.name === name);
    const text = topic === undefined ? helpText(find(program, names)) : topicText(topic);
    context.result("help/v1", { name: names.join(" "), text }, () => text);
  });
}

function topicText({ name, summary, text }: HelpTopic): string {
  return `${name}: ${summary}\n\n${text}\n`;
}

function find(program: Command, names: readonly string[]): Command {
  let found = program;
  for (const [depth, name] of names.entries()) {
    const next = found.commands.find((candidate) => candidate.name() === name);
    if (next === undefined) {
      const known = found.commands.map((candidate) => candidate.name());
      const all = depth === 0 ? [...known, ...helpTopics.map((topic) => topic.name)] : known;
      throw cliErrors.USAGE(`There is no help on ${JSON.stringify(names.join(" "))}.`, {
        hint: didYouMean(nearest(name, all), "See `reseal help`."),
      });
    }
    found = next;
  }
  return found;
}
