// Control words end in {} and not in a space, which TeX and parsers would swallow.
const escapes: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  // Not \{ and \}: BibTeX counts braces without looking at backslashes.
  "{": "\\textbraceleft{}",
  "}": "\\textbraceright{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  // Without these three, the default font encoding prints other characters.
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  "&": "\\&",
  "%": "\\%",
  $: "\\$",
  "#": "\\#",
  _: "\\_",
};
// The second part: pairs that fonts join to dashes, curly quotes and inverted marks.
const special = /[\\{}~^<>|&%$#_]|-(?=-)|'(?=')|`(?=`)|,(?=,)|[!?](?=`)/g;

/**
 * Escape text for a BibTeX field so that TeX prints it as it is.
 *
 * Unicode is kept (UTF-8). The result has balanced braces whatever goes in, also for BibTeX, which
 * ignores backslashes when it counts them.
 */
export function escapeLatex(text: string): string {
  return text.replace(special, (character) => escapes[character] ?? `${character}{}`);
}

/** Escape text and brace it, so that no style changes its case or takes it apart. */
export function bracedLatex(text: string): string {
  const escaped = escapeLatex(text);
  // An opening brace and backslash would make all of it one "special character" of BibTeX, whose
  // letters the styles do change.
  return escaped.startsWith("\\") ? `{{}${escaped}}` : `{${escaped}}`;
}
