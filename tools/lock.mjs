// A lock between processes: one file, created whole by link(2), kept fresh by its owner's heartbeat.
import { randomUUID } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HEARTBEAT_MS = 2_000;
const SILENT_MS = 60_000; // An owner on another host that has not shown itself for this long is gone.
const BREAK_MS = 5_000; // Breaking a stale lock takes a moment; a breaker that took longer died.

/**
 * Run `work` while this process alone holds the lock at `path`.
 *
 * A lock whose owner died (this host: no such process or another one under its number; other hosts:
 * no heartbeat for a minute) is taken over. `onWait` is called once, when there is something to wait for.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {{ onWait?: (owner: { pid?: number }) => void, pollMs?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { onWait = () => {}, pollMs = 200 } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const owner = { pid: process.pid, host: hostname(), start: startOf(process.pid) };
  const mine = JSON.stringify({ token: randomUUID(), owner });
  for (let waited = false; !create(path, mine); waited = true) {
    const held = read(path);
    if (held !== undefined && isStale(path, held)) breakLock(path, held);
    else {
      if (!waited) onWait(held === undefined ? {} : parse(held).owner);
      await sleep(pollMs);
    }
  }
  const release = () => {
    if (read(path) === mine) rmSync(path, { force: true });
  };
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  heartbeat.unref();
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.removeListener("exit", release);
    release();
  }
}

/** Create the file with its content in one step: nobody ever sees an empty lock. */
function create(path, content) {
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, content);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

function isStale(path, content) {
  const { host, pid, start } = parse(content).owner ?? {};
  if (host === hostname() && Number.isInteger(pid)) {
    return !isAlive(pid) || (start !== null && startOf(pid) !== start); // Numbers are used again.
  }
  return ageMs(path) > SILENT_MS;
}

// Two processes may find the same stale lock. Only the one that holds the breaker's own lock removes
// it, and only while it still is the lock that was judged.
function breakLock(path, judged) {
  const breaker = `${path}.break`;
  if (!create(breaker, judged)) {
    if (ageMs(breaker) > BREAK_MS) rmSync(breaker, { force: true });
    return;
  }
  try {
    if (read(path) === judged) rmSync(path, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** When a process started, in clock ticks since boot; `null` for a dead one or an untold time. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : fields[19];
  } catch {
    return null;
  }
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function parse(content) {
  try {
    return JSON.parse(content);
  } catch {
    return {}; // Not written by us: it can only grow old.
  }
}

function ageMs(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // The lock was taken away under us; the work goes on and `release` will leave the other alone.
  }
}
