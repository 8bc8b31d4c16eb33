import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isProcessAlive, thisProcess } from "@reseal/store";

/**
 * The name under which an export is written beside its target until it is whole. What exports to
 * the same target left when they were killed is removed.
 * @param mark Twelve hexadecimal digits that tell what is exported.
 */
export function temporaryFor(target: string, mark: string): string {
  const folder = dirname(target);
  const prefix = `${basename(target)}.`;
  for (const name of namesIn(folder)) {
    if (!name.startsWith(prefix)) continue;
    const pid = /^[0-9a-f]{12}\.(\d+)\.tmp$/.exec(name.slice(prefix.length))?.[1];
    if (pid === undefined || isProcessAlive({ ...thisProcess(), pid: Number(pid), pid_start: "" }))
      continue;
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  return `${target}.${mark}.${process.pid}.tmp`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // What is wrong with the folder, writing into it says.
  }
}
