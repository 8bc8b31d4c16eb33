// Write the manual pages from the commands themselves: man/reseal.1 and one for each command.
//   node scripts/man.mjs [FOLDER]
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeProgram } from "../dist/command-tree.js";
import { CommandContext } from "../dist/context.js";
import { helpTopics } from "../dist/help-topics.js";
import { cliVersion } from "../dist/version.js";

const folder = process.argv[2] ?? fileURLToPath(new URL("../man", import.meta.url));
const { stdin, stdout, stderr } = process;
const host = { cwd: process.cwd(), env: {}, stdin, stdout, stderr };
const program = await describeProgram(new CommandContext(host, new AbortController().signal));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
write("reseal", programPage());
for (const command of program.commands) write(`reseal-${command.name}`, commandPage(command));

function write(name, lines) {
  const head = `.TH ${quoted(name.toUpperCase())} 1 "" ${quoted(`reseal ${cliVersion()}`)} "Reseal"`;
  writeFileSync(join(folder, `${name}.1`), `${[head, ...lines].join("\n")}\n`);
}

function programPage() {
  const { description, after, flags, commands } = program;
  return [
    ...nameSection("reseal", description),
    ".SH SYNOPSIS",
    ".B reseal",
    text("[flags] COMMAND [ARGUMENT...]"),
    ".SH COMMANDS",
    ...commands.flatMap((command) => [
      ".TP",
      `.BR reseal\\-${text(command.name)} (1)`,
      text(command.description),
    ]),
    ".SH OPTIONS",
    ...flags.flatMap(flagLines),
    ...afterSections(after),
    ...helpTopics.flatMap(({ name, summary, text: body }) => [
      `.SH ${quoted(name.toUpperCase())}`,
      text(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
      ...verbatim(body),
    ]),
    ".SH SEE ALSO",
    commands.map(({ name }) => `.BR reseal\\-${text(name)} (1)`).join("\n"),
  ];
}

function commandPage(command) {
  const name = `reseal ${command.name}`;
  return [
    ...nameSection(name.replace(" ", "-"), command.description),
    ".SH SYNOPSIS",
    ...synopsis(name, command),
    ...body(name, command),
    ".SH SEE ALSO",
    ".BR reseal (1)",
    "for the options that every command takes, how to name a run, and the environment.",
  ];
}

function body(name, { arguments: words, flags, commands, after }) {
  return [
    ...(words.length > 0 ? [".SH ARGUMENTS", ...words.flatMap(argumentLines)] : []),
    ...(flags.length > 0 ? [".SH OPTIONS", ...flags.flatMap(flagLines)] : []),
    ...(commands.length > 0 ? [".SH COMMANDS"] : []),
    ...commands.flatMap((child) => [
      `.SS ${quoted(`${name} ${child.name}`)}`,
      text(child.description),
      ".PP",
      ...synopsis(`${name} ${child.name}`, child),
      ...child.arguments.flatMap(argumentLines),
      ...child.flags.flatMap(flagLines),
      ...(child.after === "" ? [] : verbatim(withoutMore(child.after))),
    ]),
    ...afterSections(after),
  ];
}

function nameSection(name, description) {
  return [".SH NAME", `${text(name)} \\- ${text(description)}`];
}

function synopsis(name, { usage }) {
  return [`.B ${text(name)}`, text(usage)];
}

function argumentLines({ name, description, required, variadic }) {
  const shown = `${name}${variadic ? "..." : ""}`;
  return [".TP", `.I ${text(required ? shown : `[${shown}]`)}`, text(description || shown)];
}

function flagLines({ flags, description, choices }) {
  const [, names = flags, value = ""] = /^(.*?)( [<[].*)?$/.exec(flags) ?? [];
  const among = choices.length > 0 ? ` One of: ${choices.join(", ")}.` : "";
  const line = `\\fB${text(names)}\\fR\\fI${text(value)}\\fR`;
  return [".TP", line, text(`${description}${among && "."}${among}`)];
}

/** What help prints after the flags: headings with indented lines. */
function afterSections(after) {
  const sections = [];
  for (const block of withoutMore(after).split(/\n\n+/)) {
    const [first = "", ...lines] = block.split("\n");
    if (block.trim() === "") continue;
    const isHeading = /^[A-Z][\w ]*:$/.test(first);
    if (isHeading) sections.push(`.SH ${quoted(first.slice(0, -1).toUpperCase())}`);
    else if (sections.length === 0) sections.push(".SH NOTES");
    sections.push(...verbatim(isHeading ? lines.join("\n") : block));
  }
  return sections;
}

/** The last line of each help page names the topics; a manual page holds them or refers to them. */
function withoutMore(after) {
  return after.replace(/^(More|Topics): reseal help .*$/m, "").trim();
}

function verbatim(body) {
  return [".PP", ".nf", ...body.split("\n").map(text), ".fi"];
}

/** Plain text as roff: nothing in it is a request or an escape. */
function text(line) {
  const escaped = line
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("'", "\\(aq");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function quoted(word) {
  return `"${text(word).replaceAll('"', "\\(dq")}"`;
}
