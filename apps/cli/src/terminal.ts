import type { WriteStream } from "node:tty";
import pc from "picocolors";

/** Colours of one stream; every function returns its text unchanged when colour is off. */
export type Colors = ReturnType<typeof pc.createColors>;

/** When to colour: flag over NO_COLOR over FORCE_COLOR over what the stream is. */
export function colorsFor(
  stream: NodeJS.WritableStream,
  when: "auto" | "always" | "never",
  env: Readonly<Record<string, string | undefined>>,
): Colors {
  return pc.createColors(isColored(stream, when, env));
}

function isColored(
  stream: NodeJS.WritableStream,
  when: "auto" | "always" | "never",
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (when !== "auto") return when === "always";
  if (env.NO_COLOR) return false;
  const forced = env.FORCE_COLOR || env.CLICOLOR_FORCE;
  if (forced) return forced !== "0";
  return isTerminal(stream) && env.TERM !== "dumb";
}

/** Whether a person reads the stream directly. */
export function isTerminal(stream: NodeJS.WritableStream | NodeJS.ReadableStream): boolean {
  return (stream as Partial<WriteStream>).isTTY === true;
}

/** Text from a recorded run, without what could drive the reader's terminal. */
export function harmless(text: string): string {
  return text.replaceAll(
    controlCharacters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const controlCharacters = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu;

/** Sizes for people: `512 B`, `1.5 KiB`, `2.0 GiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes / 1024;
  let index = 0;
  while (value >= 1024 && index < units.length - 1) {
    value /= 1024;
    index += 1;
  }
  return `${value.toFixed(1)} ${units[index]}`;
}

/** Durations for people: `85 ms`, `2.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string): string {
  // Not toLocaleString: loading its data costs more than the rest of a short command.
  const digits = String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return `${digits} ${noun}${count === 1 ? "" : "s"}`;
}

/** The first twelve hexadecimal digits of a digest, as lists show it. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}
