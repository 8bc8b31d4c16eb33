/** Which family of environment a program belongs to. */
export type ProgramKind = "python" | "node" | "r" | "julia" | "shell" | "native";

/** The kind that a base name tells; `undefined` is any other program. */
export function kindOf(name: string): ProgramKind | undefined {
  if (/^(python|pypy)[\d.]*t?w?$/i.test(name)) return "python";
  if (/^node(js)?$/.test(name)) return "node";
  if (/^julia(launcher)?$/.test(name)) return "julia";
  return shells.includes(name) ? "shell" : undefined;
}

/** Shells, and what else starts lines of shell. */
const shells =
  "sh bash dash zsh ksh mksh fish csh tcsh ash make gmake just ninja parallel xargs".split(" ");
