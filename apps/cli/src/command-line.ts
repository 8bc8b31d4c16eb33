/** A command with those of its flags that have a value, to be copied into a shell. */
export function commandLine(
  command: string,
  flags: readonly (readonly [flag: string, value: string | undefined])[],
): string {
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, quote(value)]));
  return [command, ...given].join(" ");
}

/** One word of a POSIX shell. */
export function quote(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
