import { Argument, Command } from "commander";
import {
  completionScript,
  installHints,
  type ShellName,
  shellNames,
} from "../completion/scripts.ts";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";

/** `reseal completion SHELL` */
export function completionCommand(context: CommandContext): Command {
  const hints = shellNames.map((shell) => `  ${shell.padEnd(10)}  ${installHints[shell]}`);
  return new Command("completion")
    .description("Print the script that completes commands, flags, ids and files in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices([...shellNames]))
    .addHelpText("after", `\nTo keep it:\n${hints.join("\n")}`)
    .addHelpText(
      "after",
      commandHelp(
        [
          ['eval "$(reseal completion bash)"', "in this shell only; zsh as well"],
          ["reseal completion fish | source", "the same in fish"],
          ["reseal completion zsh > _reseal", "a file for a folder of fpath"],
        ],
        { 0: "printed", 2: "no such shell" },
      ),
    )
    .action((shell: ShellName) => {
      const script = completionScript(shell);
      context.result("completion/v1", { shell, script }, () => script);
    });
}
