import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { digestBytes, digestHex } from "@reseal/hash";
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
    const [, pid, place] =
      /^[0-9a-f]{12}\.(\d+)-([0-9a-f]{8})\.tmp$/.exec(name.slice(prefix.length)) ?? [];
    // Of another host or container nobody here can tell whether it still writes.
    if (place !== ownPlace()) continue;
    if (isProcessAlive({ ...thisProcess(), pid: Number(pid), pid_start: "" })) continue;
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  return `${target}.${mark}.${process.pid}-${ownPlace()}.tmp`;
}

/** Eight digits for the host and the container in which process ids mean something. */
function ownPlace(): string {
  const { host, pid_namespace } = thisProcess();
  return digestHex(digestBytes(`${host}\n${pid_namespace}`)).slice(0, 8);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // What is wrong with the folder, writing into it says.
  }
}
