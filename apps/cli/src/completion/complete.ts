import { readFileSync } from "node:fs";
import type { CommandNode } from "../command-tree.ts";
import type { Completion } from "./candidate.ts";
import { type KnownWords, valueSource } from "./complete-values.ts";
import { completeWords } from "./complete-words.ts";

/** What the build writes beside the program: all that completion needs without loading a command. */
export interface CompletionData {
  readonly program: CommandNode;
  readonly known: KnownWords;
}

/**
 * `reseal __complete -- WORDS...`: print what may stand where the last word is, a line each, with
 * a tab before what it is. A last line `:files`, `:folders` or `:programs` asks the shell to add
 * its own. It never fails: a shell could only show the error in the middle of a line.
 */
export async function printCompletion(
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<string> {
  const words = args[0] === "--" ? args.slice(1) : args;
  try {
    const text = readFileSync(new URL("./completion.json", import.meta.url), "utf8");
    const { program, known } = JSON.parse(text) as CompletionData;
    const values = valueSource(program, known, { cwd, env, store: storeFlag(words) });
    return linesOf(await completeWords(program, words, values));
  } catch {
    return "";
  }
}

function linesOf({ candidates, shell }: Completion): string {
  const lines = candidates.map(({ value, about }) =>
    about === undefined ? oneLine(value) : `${oneLine(value)}\t${oneLine(about).slice(0, 80)}`,
  );
  if (shell !== undefined) lines.push(`:${shell}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** Text from a recorded run must not drive the terminal, and a line is one candidate. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, " ");
}

function storeFlag(words: readonly string[]): string | undefined {
  const at = words.indexOf("--store");
  if (at >= 0) return words[at + 1];
  return words.find((word) => word.startsWith("--store="))?.slice("--store=".length);
}
