import { didYouMean, nearest } from "@reseal/errors";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { type ErrorCode, errorCodes } from "../error-codes.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";

/** `reseal explain [CODE]` */
export function explainCommand(context: CommandContext): Command {
  return new Command("explain")
    .description("What an error code means and what to do; without a code, all of them")
    .argument("[code]", "as --json and --debug print it, for example STORE_BLOB_CORRUPT")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal explain STORE_BLOB_CORRUPT", "one code"],
          ["reseal explain", "every code, a line each"],
          ["reseal explain --json", "the same for programs"],
        ],
        { 0: "printed", 3: "no such code" },
      ),
    )
    .action(async (given: string | undefined) => {
      const codes = await errorCodes();
      if (given === undefined) {
        const width = Math.max(...codes.map(({ code }) => code.length));
        context.result("explain/v1", { items: codes, next: null }, () =>
          codes.map(({ code, exit, hint }) => `${code.padEnd(width)}  ${exit}  ${hint}`).join("\n"),
        );
        return;
      }
      const found = findCode(codes, given);
      context.result("explain/v1", { items: [found], next: null }, () => describe(found));
    });
}

function findCode(codes: readonly ErrorCode[], given: string): ErrorCode {
  const wanted = given.toUpperCase().replaceAll("-", "_");
  const found = codes.find(({ code }) => code === wanted);
  if (found !== undefined) return found;
  const names = codes.map(({ code }) => code);
  // The part that people remember is often the last.
  const parts = names.filter((name) => wanted.length > 3 && name.includes(wanted));
  throw cliErrors.CODE_NOT_FOUND(`There is no error code ${JSON.stringify(given)}.`, {
    hint: didYouMean(
      parts.length > 0 ? parts.slice(0, 3) : nearest(wanted, names),
      "`reseal explain` lists every code.",
    ),
  });
}

const exitWords: Readonly<Record<number, string>> = {
  1: "a difference or a failed check",
  2: "wrong usage or configuration",
  3: "not found or ambiguous",
  4: "integrity",
  5: "refused by policy",
  6: "partly done",
  7: "busy, or no space",
  8: "remote",
  70: "a defect of Reseal",
  125: "Reseal itself failed in `run`",
  126: "the command cannot be executed",
  127: "the command was not found",
  130: "stopped by a signal",
};

function describe({ code, exit, http_status, hint }: ErrorCode): string {
  return [
    code,
    `  ${hint}`,
    `  exit status ${exit}: ${exitWords[exit] ?? ""}`,
    `  HTTP ${http_status}`,
  ].join("\n");
}
