import type { ByteSource } from "@reseal/store";
import { harmless } from "./terminal.ts";

/**
 * Text of a recorded run as a terminal may show it: colours are left out, and what else could
 * drive the terminal (titles, cursor movements, links) is written out.
 */
export async function* terminalText(source: ByteSource): ByteSource {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of source) {
    const text = held + decoder.decode(chunk, { stream: true });
    // The beginning of a colour, or of a line end, waits for its rest.
    const cut = /(?![\t\n])\p{Cc}(?:\[[\d;]{0,20})?$/u.exec(text)?.index ?? text.length;
    held = text.slice(cut);
    yield Buffer.from(shown(text.slice(0, cut)));
  }
  yield Buffer.from(shown(held + decoder.decode()));
}

const escapeCharacter = String.fromCharCode(27);
const colour = new RegExp(`${escapeCharacter}\\[[\\d;]*m`, "g");

function shown(text: string): string {
  return harmless(text.replaceAll(colour, "").replaceAll("\r\n", "\n"));
}
