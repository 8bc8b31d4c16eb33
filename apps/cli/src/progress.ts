import type { CommandContext } from "./context.ts";

/** One moving line on standard error, only where somebody watches. */
export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

/** Shortest time between two drawings, in milliseconds. */
const intervalMs = 80;

/** A progress line for this terminal; it does nothing in scripts, pipes and CI. */
export function progressLine(context: CommandContext): ProgressLine {
  const { stderr } = context.host;
  if (!context.showsProgress) return { show: () => undefined, clear: () => undefined };
  let drawnMs = Number.NEGATIVE_INFINITY; // The first is always shown.
  let isDrawn = false;
  return {
    show(text) {
      const now = performance.now();
      if (now - drawnMs < intervalMs) return;
      drawnMs = now;
      isDrawn = true;
      stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns || 80) - 1)}`);
    },
    clear() {
      if (isDrawn) stderr.write("\r\u001b[K");
      isDrawn = false;
    },
  };
}
