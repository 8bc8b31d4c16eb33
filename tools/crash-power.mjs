// What a disk still has after a power cut: of each file the bytes that it had when it was last
// synced. Names stay, as they are: losing those is what `lint` of crash-faults.mjs looks for.
import { join } from "node:path";

const creating = new Map([
  ["open", 0],
  ["writeFile", 0],
  ["appendFile", 0],
  ["copyFile", 1],
]);
const writing = new Set(["write", "writev", "ftruncate", "truncate", "writeFile", "appendFile"]);

/** The files of a folder, by inode. */
export class SyncedFiles {
  #fs;
  #folder;
  /** Bytes that survive. A file that is not here was never synced. */
  #synced = new Map();
  /** Inodes with data that no sync has made durable. */
  #dirty = new Set();

  /** @param own the functions of node:fs as they were before they were wrapped */
  constructor(own, folder) {
    this.#fs = own;
    this.#folder = folder;
    this.syncAll();
  }

  /** Look at a call that is about to be made. @returns what to do when it has succeeded */
  before(name, args) {
    const index = creating.get(name);
    const path = index === undefined ? undefined : args[index];
    const isNew = typeof path === "string" && !this.#fs.existsSync(path);
    // The power may go between the end of a write and the news of it.
    if (writing.has(name)) this.#note(name, args, undefined);
    return () => this.#note(name, args, isNew ? path : undefined);
  }

  /** The whole file system was synced. */
  syncAll() {
    this.#dirty.clear();
    this.#synced.clear();
    for (const { path, ino } of this.#files()) this.#synced.set(ino, this.#fs.readFileSync(path));
  }

  /** The power is cut: data that was never synced is gone. */
  loseUnsynced() {
    for (const { path, ino, mode } of this.#files()) {
      if (!this.#dirty.has(ino)) continue;
      this.#fs.chmodSync(path, 0o600);
      this.#fs.writeFileSync(path, this.#synced.get(ino) ?? "");
      this.#fs.chmodSync(path, mode & 0o777);
    }
  }

  #note(name, args, created) {
    try {
      if (created !== undefined) {
        // The number of a file that is gone may come back: this one has nothing on the disk yet.
        const { ino } = this.#fs.statSync(created);
        this.#synced.delete(ino);
        this.#dirty.delete(ino);
      }
      if (name === "copyFile") this.#dirty.add(this.#fs.statSync(args[1]).ino);
      if (writing.has(name)) this.#noteWrite(args);
      if (name === "fsync" || name === "fdatasync") this.#noteSync(args[0]);
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "EBADF") throw error; // Gone already.
    }
  }

  #noteWrite([target, , options]) {
    const stats =
      typeof target === "number" ? this.#fs.fstatSync(target) : this.#fs.statSync(target);
    if (!stats.isFile()) return;
    if (options?.flush === true) this.#synced.set(stats.ino, this.#fs.readFileSync(target));
    else this.#dirty.add(stats.ino);
  }

  #noteSync(file) {
    const stats = this.#fs.fstatSync(file);
    if (!stats.isFile()) return;
    this.#dirty.delete(stats.ino);
    // By another way than the descriptor, which may be for writing only.
    this.#synced.set(stats.ino, this.#fs.readFileSync(`/proc/self/fd/${file}`));
  }

  *#files() {
    const entries = this.#fs.readdirSync(this.#folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const { ino, mode } = this.#fs.statSync(path);
      yield { path, ino, mode };
    }
  }
}
