// Loaded before a program (`node --import tools/crash-faults.mjs …`): makes its n-th change of a
// file fail, or the last one that it makes. What to do is in RESEAL_CRASH:
//   {"folder": "/…", "mode": "count" | "kill" | "after" | "torn" | "powerloss" | "ENOSPC" | "EIO",
//    "at": 7, "sticky": false, "log": "/…"}
// `sticky`: all later calls fail too. A power cut with a number that no call has comes when the
// program has ended.
// Seen are the calls of node:fs in the main thread. What SQLite and other threads do is not; the
// random kills of crash.mjs are for that.
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import { SyncedFiles } from "./crash-power.mjs";

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

async function install({ folder, mode, at, sticky = false, log }) {
  const own = { ...fs };
  const files = mode === "powerloss" ? new SyncedFiles(own, folder) : undefined;
  let count = 0;
  process.on("exit", () => {
    if (mode === "count") own.writeFileSync(log, String(count));
    files?.loseUnsynced();
  });

  /** Where an open file lies. Nowhere for a pipe; where the system does not say, in the folder. */
  const pathOf = (file) => {
    try {
      return own.readlinkSync(`/proc/self/fd/${file}`);
    } catch {
      return process.platform === "linux" || file <= 2 ? "" : folder;
    }
  };
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
      const path = typeof target === "number" ? pathOf(target) : String(target);
      return path.startsWith(folder);
    });
  };
  const die = () => {
    files?.loseUnsynced();
    process.kill(process.pid, "SIGKILL");
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  };
  /** What to do about a call that is about to be made. */
  const next = () => {
    count += 1;
    if (count !== at && !(sticky && count > at)) return "go";
    if (mode === "kill" || mode === "powerloss") die();
    return mode;
  };
  const failure = (name) =>
    Object.assign(new Error(`${mode}: injected, ${name}`), {
      code: mode,
      errno: -constants.errno[mode],
      syscall: name,
    });
  for (const name of Object.keys(changing)) {
    wrap(fs, `${name}Sync`, (original, args) => {
      if (!counts(name, args)) return original(...args);
      const fate = next();
      if (fate === "ENOSPC" || fate === "EIO") throw failure(name);
      if (fate === "torn" && name === "write") {
        tear(own, args);
        die();
      }
      const note = files?.before(name, args);
      const result = original(...args);
      note?.();
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
      const note = files?.before(name, args);
      return original(...args, (error, ...results) => {
        if (fate === "after" || fate === "torn") die();
        if (!error) note?.();
        callback(error, ...results);
      });
    });
    wrap(fs.promises, name, async (original, args) => {
      if (!counts(name, args)) return original(...args);
      const fate = next();
      if (fate === "ENOSPC" || fate === "EIO") throw failure(name);
      const note = files?.before(name, args);
      const result = await original(...args);
      note?.();
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
      if (!pathOf(this.fd).startsWith(folder)) return original.apply(this, args);
      const fate = next();
      if (fate === "ENOSPC" || fate === "EIO") throw failure(name);
      const isSync = name === "sync" || name === "datasync";
      const note = files?.before(isSync ? "fsync" : "write", [this.fd]);
      const result = await original.apply(this, args);
      note?.();
      if (fate === "after" || fate === "torn") die();
      return result;
    };
  }
  wrap(childProcess, "spawn", (original, args) => {
    const child = original(...args);
    if (args[0] === "sync") child.on("close", (code) => code === 0 && files?.syncAll());
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
