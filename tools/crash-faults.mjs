// Loaded before a program (`node --import tools/crash-faults.mjs …`): makes its n-th change of a
// file fail, or the last one that it makes. What to do is in RESEAL_CRASH:
//   {"folder": "/…", "mode": "count" | "kill" | "after" | "torn" | "powerloss" | "ENOSPC" | "EIO", "at": 7, "log": "/…"}
// Seen are the calls of node:fs in the main thread. What SQLite and other threads do is not; the
// random kills of crash.mjs are for that.
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

/** Name of a function, and which of its arguments are paths or file descriptors. */
const changing = {
  appendFile: [0],
  chmod: [0],
  copyFile: [1],
  fchmod: [0],
  fdatasync: [0],
  fsync: [0],
  ftruncate: [0],
  link: [0, 1],
  mkdir: [0],
  mkdtemp: [0],
  open: [0],
  rename: [0, 1],
  rm: [0],
  rmdir: [0],
  symlink: [1],
  truncate: [0],
  unlink: [0],
  utimes: [0],
  write: [0],
  writeFile: [0],
  writev: [0],
};
const ofHandles = ["chmod", "datasync", "sync", "truncate", "write", "writeFile", "writev"];

const plan =
  process.env.RESEAL_CRASH === undefined ? undefined : JSON.parse(process.env.RESEAL_CRASH);
if (plan !== undefined && isMainThread) await install(plan);

async function install({ folder, mode, at, log }) {
  const own = { ...fs };
  /** Inodes with data that no sync has made durable. */
  const dirty = new Set();
  let count = 0;
  if (mode === "count") process.on("exit", () => own.writeFileSync(log, String(count)));

  /** Whether a call changes something in the folder. */
  const counts = (name, args) => {
    if (name === "open") {
      const flags = args[1] ?? "r";
      const creates =
        typeof flags === "number" ? flags & own.constants.O_CREAT : /[wa]/.test(flags);
      if (!creates) return false;
    }
    return changing[name].some((index) => {
      const target = args[index];
      if (typeof target === "number") return target > 2;
      return String(target).startsWith(folder);
    });
  };
  const die = () => {
    if (mode === "powerloss") loseUnsynced(own, folder, dirty);
    process.kill(process.pid, "SIGKILL");
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  };
  /** What to do about a call that is about to be made. */
  const next = () => {
    count += 1;
    if (count !== at) return "go";
    if (mode === "kill" || mode === "powerloss") die();
    return mode;
  };
  const failure = (name) =>
    Object.assign(new Error(`${mode}: injected, ${name}`), {
      code: mode,
      errno: -constants.errno[mode],
      syscall: name,
    });
  const note = (name, args, result) => {
    const target = typeof args[0] === "number" ? args[0] : undefined;
    try {
      if (/^f(data)?sync$/.test(name) && target !== undefined)
        dirty.delete(own.fstatSync(target).ino);
      else if (/^(write|writev|ftruncate)$/.test(name) && target !== undefined)
        dirty.add(own.fstatSync(target).ino);
      else if (name === "copyFile") dirty.add(own.statSync(args[1]).ino);
      else if (/^(write|append)File$/.test(name) && typeof args[0] === "string")
        if (args[2]?.flush !== true) dirty.add(own.statSync(args[0]).ino);
    } catch {
      // Gone already.
    }
    return result;
  };

  for (const name of Object.keys(changing)) {
    wrap(fs, `${name}Sync`, (original, args) => {
      if (!counts(name, args)) return original(...args);
      const fate = next();
      if (fate === "ENOSPC" || fate === "EIO") throw failure(name);
      if (fate === "torn" && name === "write") {
        tear(own, args);
        die();
      }
      const result = note(name, args, original(...args));
      if (fate === "after" || fate === "torn") die();
      return result;
    });
    wrap(fs, name, (original, args) => {
      if (!counts(name, args)) return original(...args);
      const callback = args.pop();
      const fate = next();
      if (fate === "ENOSPC" || fate === "EIO") {
        setImmediate(callback, failure(name));
        return undefined;
      }
      if (fate === "torn" && name === "write") {
        tear(own, args);
        die();
      }
      return original(...args, (error, ...results) => {
        if (fate === "after" || fate === "torn") die();
        if (error === null) note(name, args);
        callback(error, ...results);
      });
    });
    wrap(fs.promises, name, async (original, args) => {
      if (!counts(name, args)) return original(...args);
      const fate = next();
      if (fate === "ENOSPC" || fate === "EIO") throw failure(name);
      const result = note(name, args, await original(...args));
      if (fate === "after" || fate === "torn") die();
      return result;
    });
  }
  const handle = await own.promises.open(process.execPath);
  const handles = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of ofHandles) {
    const original = handles[name];
    handles[name] = async function wrapped(...args) {
      const fate = next();
      if (fate === "ENOSPC" || fate === "EIO") throw failure(name);
      const result = await original.apply(this, args);
      const isSync = name === "sync" || name === "datasync";
      note(isSync ? "fsync" : "write", [this.fd]);
      if (fate === "after" || fate === "torn") die();
      return result;
    };
  }
  wrap(childProcess, "spawn", (original, args) => {
    const child = original(...args);
    if (args[0] === "sync") child.on("close", (code) => code === 0 && dirty.clear());
    return child;
  });
  syncBuiltinESMExports();
}

function wrap(owner, name, around) {
  const original = owner[name];
  if (typeof original !== "function") return;
  const wrapped = (...args) => around(original, args);
  // With what `promisify` looks at.
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  owner[name] = wrapped;
}

/** Write half of what was to be written. */
function tear(own, [file, data, offset, length, position]) {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  const start = typeof offset === "number" ? offset : 0;
  const size = typeof length === "number" ? length : bytes.byteLength - start;
  own.writeSync(file, bytes, start, Math.floor(size / 2), position ?? null);
}

/** What a power cut does to data that was never synced: it is gone, the name stays. */
function loseUnsynced(own, folder, dirty) {
  for (const entry of own.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { ino, mode } = own.statSync(path);
    if (!dirty.has(ino)) continue;
    own.chmodSync(path, 0o600);
    own.truncateSync(path, 0);
    own.chmodSync(path, mode & 0o777);
  }
}
