import { lstatSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Wait until the clock of a folder's file system has ticked, and give its time.
 *
 * Every change before the call then has an earlier change time, and every change after it has
 * this time or a later one. Files are stamped with a coarse clock (4 ms on Linux), so a time taken
 * once could be shared by changes on both sides. Milliseconds, with fraction, of the file
 * system's own clock.
 */
export async function nextTick(folder: string, token: string): Promise<number> {
  const probe = join(folder, `.tick-${token}`);
  try {
    const before = stamp(probe);
    for (;;) {
      const now = stamp(probe);
      if (now > before) return now;
      await sleep(1);
    }
  } finally {
    rmSync(probe, { force: true });
  }
}

/** The time of a folder's file system: nothing that happens later gets an earlier one. */
export function timeNow(folder: string, token: string): number {
  const probe = join(folder, `.tick-${token}`);
  try {
    return stamp(probe);
  } finally {
    rmSync(probe, { force: true });
  }
}

function stamp(path: string): number {
  writeFileSync(path, "");
  return lstatSync(path).ctimeMs;
}
