const LENGTH_MAX = 100;

/**
 * Show foreign text inside a message: quoted, at most 100 characters, and with control, format
 * and bidirectional characters escaped so that it cannot play tricks on a terminal.
 */
export function quote(text: string): string {
  return `"${escapeInvisible(shorten(text)).replaceAll('"', '\\"')}"`;
}

/** Cut foreign text, which may be megabytes long, to what a message can hold. */
export function shorten(text: string): string {
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
}

function escapeInvisible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}\\]/gu, (character) =>
    character === "\\" ? "\\\\" : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
