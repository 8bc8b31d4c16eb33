// Reads the commands out of a Markdown document, and runs them as a reader would: top to bottom, in
// one shell, in a fresh folder.
//
// What is run:
// - Fenced `sh` blocks, each line of them. The first command that does not end with 0 fails.
// - Fenced `console` blocks: lines after `$ ` are commands, the lines below are what they print.
//   Ids, sizes, times and paths may be others; `…` stands for anything, alone on a line for any number of lines.
//
// A comment on the line before the fence says otherwise:
//   <!-- not run: REASON -->      for a person only; the reason is printed
//   <!-- needs: PROGRAM -->       not run where there is no such program; this is printed
//   <!-- exit status: N -->       with what the last command of the block ends
//   <!-- file: PATH -->           a block of any language is written to this file
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** One fenced block of shell commands. */
export interface CommandBlock {
  /** Where its fence opens, from 1. */
  readonly line: number;
  readonly commands: readonly DocumentCommand[];
  readonly notRun: string | undefined;
  readonly needs: string | undefined;
  readonly exitStatus: number;
  /** The block is no command; the reader saves it as this file. */
  readonly file: string | undefined;
}

/** One command (of `sh` blocks: all of them together), and for transcripts what it prints. */
export interface DocumentCommand {
  readonly text: string;
  readonly printed: readonly string[] | undefined;
}

/** What came of running a document: nothing but findings matters to the test. */
export interface DocumentResult {
  readonly findings: readonly string[];
  /** What was left out, with the reason. */
  readonly notRun: readonly string[];
  readonly ran: number;
}

const repository = dirname(import.meta.dirname);
const fence = /^(`{3,}) ?(\w+)[^\n]*\n([\s\S]*?)^\1$/gm;
const marker = /^<!-- (not run|needs|exit status|file): (.+) -->$/;

/** The blocks of commands of a document, in their order. */
export function commandBlocks(markdown: string): CommandBlock[] {
  const blocks: CommandBlock[] = [];
  for (const match of markdown.matchAll(fence)) {
    const [, , language, body = ""] = match;
    const before = markdown.slice(0, match.index).split("\n");
    const [, kind, value] = marker.exec(before.at(-2) ?? "") ?? [];
    if (language !== "sh" && language !== "console" && kind !== "file") continue;
    blocks.push({
      line: before.length,
      commands: language === "console" ? transcript(body) : [{ text: body, printed: undefined }],
      notRun: kind === "not run" ? value : undefined,
      needs: kind === "needs" ? value : undefined,
      exitStatus: kind === "exit status" ? Number(value) : 0,
      file: kind === "file" ? value : undefined,
    });
  }
  return blocks;
}

/** Languages of the fences of a document; those of shells must be `sh` or `console`. */
export function fenceLanguages(markdown: string): string[] {
  return [...markdown.matchAll(fence)].map(([, , language = ""]) => language);
}

function transcript(body: string): DocumentCommand[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [text = "", ...printed] = part.trimEnd().split("\n");
      return { text, printed: printed.filter((line) => line.trim() !== "") };
    });
}

/**
 * Run the blocks of a document.
 * @param folder A fresh {@link readerFolder}.
 * @param start Where in it the reader stands at first.
 */
export async function runDocument(
  blocks: readonly CommandBlock[],
  folder: string,
  start = ".",
): Promise<DocumentResult> {
  const notRun: string[] = [];
  const runnable = blocks.filter(({ line, notRun: reason, needs }) => {
    if (reason === undefined && (needs === undefined || isInstalled(needs))) return true;
    notRun.push(`line ${line}: ${reason ?? `there is no ${needs} here`}`);
    return false;
  });
  const log = mkdtempSync(join(tmpdir(), "document-log-"));
  const ended = await runShell(shellScript(runnable, log), folder, start);
  const findings = runnable.flatMap((block, index) => blockFindings(block, index, log));
  if (ended !== 0 && findings.length === 0) findings.push(`The shell ended with ${ended}.`);
  rmSync(log, { recursive: true });
  return { findings, notRun, ran: runnable.length };
}

/** A folder such as the reader's: the examples, and links to the rest of the checkout. */
export function readerFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "document-")));
  cpSync(join(repository, "examples"), join(folder, "examples"), {
    recursive: true,
    filter: (source) => !/[/\\](\.reseal|out)$/.test(source),
  });
  for (const name of ["tools", "schemas"]) symlinkSync(join(repository, name), join(folder, name));
  mkdirSync(join(folder, "node_modules", "@reseal"), { recursive: true });
  for (const name of readdirSync(join(repository, "packages")))
    symlinkSync(join(repository, "packages", name), join(folder, "node_modules", "@reseal", name));
  const shim = join(folder, ".bin", "reseal");
  mkdirSync(dirname(shim));
  const program = join(repository, "apps", "cli", "bin", "main.js");
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(shim, 0o755);
  return folder;
}

/** What a program of the checkout prints, as a reader would call it. */
export function resealOutput(folder: string, args: readonly string[]): string {
  return execFileSync(join(folder, ".bin", "reseal"), args, {
    cwd: folder,
    env: readerEnvironment(folder),
    encoding: "utf8",
  });
}

/** @returns The exit status, or the signal that ended it. */
function runShell(script: string, folder: string, start: string): Promise<number | string> {
  const shell = spawn("sh", ["-c", script], {
    cwd: join(folder, start),
    env: readerEnvironment(folder),
    stdio: "ignore",
    timeout: 110_000,
  });
  return new Promise((resolve, reject) => {
    shell.once("error", reject);
    shell.once("close", (code, signal) => resolve(code ?? signal ?? "nothing"));
  });
}

function readerEnvironment(folder: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(RESEAL_|npm_)/.test(name));
  const path = [join(folder, ".bin"), dirname(process.execPath), process.env.PATH ?? ""];
  return { ...Object.fromEntries(own), NO_COLOR: "1", PATH: path.join(delimiter) };
}

function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/** One script for the whole document, so that `cd` and variables carry over as they do for a reader. */
function shellScript(blocks: readonly CommandBlock[], log: string): string {
  const lines = blocks.flatMap(({ commands, exitStatus, file }, block) =>
    commands.flatMap(({ text }, at) => {
      const base = join(log, `${block}-${at}`);
      if (file !== undefined) {
        writeFileSync(`${base}.file`, text);
        return [`cp '${base}.file' '${file}'`];
      }
      const expected = at === commands.length - 1 ? exitStatus : 0;
      const body = `{\n${text}\n} >'${base}.out' 2>&1 </dev/null`;
      return expected === 0
        ? [`set -e`, body, `echo 0 >'${base}.status'`]
        : [`set +e`, body, `s=$?; echo $s >'${base}.status'; [ $s -eq ${expected} ] || exit 1`];
    }),
  );
  return lines.join("\n");
}

function blockFindings(block: CommandBlock, index: number, log: string): string[] {
  return block.commands.flatMap(({ text, printed }, at) => {
    const base = join(log, `${index}-${at}`);
    if (!existsSync(`${base}.out`)) return [];
    const output = readFileSync(`${base}.out`, "utf8");
    const status = existsSync(`${base}.status`)
      ? readFileSync(`${base}.status`, "utf8").trim()
      : "";
    const expected = at === block.commands.length - 1 ? block.exitStatus : 0;
    if (status !== String(expected))
      return [`line ${block.line} failed:\n${text.trimEnd()}\n--- it printed:\n${output}`];
    if (printed === undefined || isAlike(printed, output.split("\n"))) return [];
    return [`line ${block.line}: "${text}" prints\n${output}--- and not\n${printed.join("\n")}`];
  });
}

function isAlike(expected: readonly string[], printed: readonly string[]): boolean {
  const parts = expected.map((line) => {
    if (line.trim() === "…") return "(?:.*\n)*?";
    const literal = plain(line).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return `${literal.replaceAll("…", ".*")}\n`;
  });
  const lines = printed.map(plain).filter((line) => line !== "");
  return new RegExp(`^${parts.join("")}$`).test(lines.map((line) => `${line}\n`).join(""));
}

/** A line without what is another at each reader's: ids, times, sizes, widths. */
function plain(line: string): string {
  return line
    .replaceAll(/(?<![\w.])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b/g, "ID")
    .replaceAll(/(?<![\w.])[0-9a-f]{64}\b/g, "ID")
    .replaceAll(/(?<![\w.])(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, "ID")
    .replaceAll(/(?<![\w.])(?=[0-9a-f]*\d)[0-9a-f]{8}\b/g, "ID")
    .replaceAll(/\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?Z?/g, "TIME")
    .replaceAll(/\d{4}-\d{2}-\d{2}/g, "DATE")
    .replaceAll(/\b\d+(\.\d+)? (ms|s)\b/g, "TOOK")
    .replaceAll(/\b\d+(\.\d+)? ([KMG]iB|B)\b/g, "SIZE")
    .replaceAll(/ {2,}/g, "  ")
    .trim();
}
