import type { Command } from "commander";
import type { CommandContext } from "./context.ts";

/** Makes a command; its module is loaded only when the command is used. */
export type CommandFactory = (context: CommandContext) => Command;

/** A command of the command line. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Not listed in help: for scripts. */
  readonly isHidden?: boolean;
  /** It runs a child and hands signals on itself. */
  readonly managesSignals?: boolean;
  /** It may work on many thousand files. */
  readonly isHeavy?: boolean;
  readonly load: () => Promise<CommandFactory>;
}

/** Every command, in the order of `reseal --help`. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: "run",
    isHeavy: true,
    summary: "record a command and seal what it did",
    managesSignals: true,
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  {
    name: "seal",
    isHeavy: true,
    summary: "make an existing results folder an artifact; nothing is run",
    load: async () => (await import("./commands/seal.ts")).sealCommand,
  },
  {
    name: "ls",
    summary: "list runs: filter, sort, choose columns",
    load: async () => (await import("./commands/ls.ts")).lsCommand,
  },
  {
    name: "show",
    summary: "everything about one run",
    load: async () => (await import("./commands/show.ts")).showCommand,
  },
  {
    name: "cat",
    summary: "print a file of a run",
    load: async () => (await import("./commands/cat.ts")).catCommand,
  },
  {
    name: "log",
    summary: "what a run printed, or its events",
    load: async () => (await import("./commands/log.ts")).logCommand,
  },
  {
    name: "files",
    summary: "list the files of a run",
    load: async () => (await import("./commands/files.ts")).filesCommand,
  },
  {
    name: "metrics",
    summary: "the metrics of a run, or the course of one",
    load: async () => (await import("./commands/metrics.ts")).metricsCommand,
  },
  {
    name: "env",
    summary: "the environment of a run, or how two differ",
    load: async () => (await import("./commands/env.ts")).envCommand,
  },
  {
    name: "diff",
    summary: "what differs between two runs, and which of their keys",
    load: async () => (await import("./commands/diff.ts")).diffCommand,
  },
  {
    name: "compare",
    isHeavy: true,
    summary: "hold candidates against a baseline, and decide a gate",
    load: async () => (await import("./commands/compare.ts")).compareCommand,
  },
  {
    name: "verify",
    isHeavy: true,
    summary: "read every byte again and check it against its digest",
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  {
    name: "export",
    isHeavy: true,
    summary: "write a run as a folder that stands on its own",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "import",
    isHeavy: true,
    summary: "take a bundle into the store, after verifying all of it",
    load: async () => (await import("./commands/import.ts")).importCommand,
  },
  {
    name: "replay",
    isHeavy: true,
    summary: "run an artifact again and compare the results",
    managesSignals: true,
    load: async () => (await import("./commands/replay.ts")).replayCommand,
  },
  {
    name: "prov",
    summary: "where an artifact comes from and what came of it",
    load: async () => (await import("./commands/prov.ts")).provCommand,
  },
  {
    name: "cite",
    summary: "a citation: BibTeX, JSON or Markdown",
    load: async () => (await import("./commands/cite.ts")).citeCommand,
  },
  {
    name: "artifacts",
    summary: "keep what matters of many runs: list, pin, clean up, undo",
    load: async () => (await import("./commands/artifacts.ts")).artifactsCommand,
  },
  {
    name: "store",
    isHeavy: true,
    summary: "check, repair, back up and measure the store",
    load: async () => (await import("./commands/store.ts")).storeCommand,
  },
  {
    name: "catalog",
    isHeavy: true,
    summary: "make the index of the store anew",
    load: async () => (await import("./commands/catalog.ts")).catalogCommand,
  },
  {
    name: "schema",
    summary: "list, show and apply the JSON Schemas",
    load: async () => (await import("./commands/schema.ts")).schemaCommand,
  },
  {
    name: "init",
    summary: "write a commented reseal.yaml",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    name: "doctor",
    summary: "check this machine and the store",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
  {
    name: "version",
    summary: "versions of Reseal, Node and the formats",
    load: async () => (await import("./commands/version.ts")).versionCommand,
  },
  {
    name: "completion",
    summary: "complete words in bash, zsh, fish or PowerShell",
    load: async () => (await import("./commands/completion.ts")).completionCommand,
  },
  {
    name: "explain",
    summary: "what an error code means and what to do",
    load: async () => (await import("./commands/explain.ts")).explainCommand,
  },
  {
    name: "help",
    summary: "help for a command, or on a topic",
    load: async () => (await import("./commands/help.ts")).helpCommand,
  },
];

/** The command of a name, when there is one. */
export function commandNamed(name: string): CommandEntry | undefined {
  return commandTable.find((entry) => entry.name === name);
}
