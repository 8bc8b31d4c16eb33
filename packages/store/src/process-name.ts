import { randomBytes } from "node:crypto";
import {
  isProcessAlive,
  isProcessKnown,
  type ProcessIdentity,
  thisProcess,
} from "./process-identity.ts";

let ownIdentity: ProcessIdentity | undefined;

/**
 * A name that no other process gives, and that says who gave it:
 * `<host in hex>.<boot id>.<pid>-<pid namespace>.<start of the process>.<16 random digits>`.
 */
export function processName(): string {
  ownIdentity ??= thisProcess();
  const { host, boot_id, pid, pid_namespace, pid_start } = ownIdentity;
  const hostHex = Buffer.from(host).toString("hex").slice(0, 120); // A name has 255 bytes at most.
  const pidOfAll = pid_namespace ? `${pid}-${pid_namespace}` : pid;
  return [hostHex, boot_id, pidOfAll, pid_start, randomBytes(8).toString("hex")].join(".");
}

/**
 * Whether the process that gave a name is gone. `undefined` when only its own host or container
 * can tell.
 */
export function isProcessGone(name: string): boolean | undefined {
  const identity = processNamed(name);
  if (identity === undefined) return undefined;
  return isProcessKnown(identity) ? !isProcessAlive(identity) : undefined;
}

/** The process that gave a name; `undefined` when it is none of {@link processName}. */
export function processNamed(name: string): ProcessIdentity | undefined {
  const [hostHex, boot_id, pidOfAll = "", pid_start] = name.split(".");
  const host = Buffer.from(hostHex ?? "", "hex").toString();
  if (boot_id === undefined || pid_start === undefined) return undefined;
  const [pid, pid_namespace] = pidOfAll.split("-");
  return {
    host,
    boot_id,
    pid: Number(pid),
    ...(pid_namespace !== undefined && { pid_namespace }),
    pid_start,
  };
}
