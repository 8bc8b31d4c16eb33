import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, Script } from "node:vm";
import { crc32 } from "node:zlib";

/**
 * The scripts of the bundle, with the code that V8 made of their functions the last time.
 *
 * Node's own compile cache keeps a module as it was before it ran, without most of its functions,
 * so that each start compiles a thousand of them again. This keeps it as it was when a command had
 * ended: one file for each command, version of Node and build of the bundle, in the user's own
 * cache folder. V8 refuses code of another version or under other flags; a file that is damaged,
 * or somebody else's, is passed over.
 *
 * @see https://nodejs.org/api/vm.html#scriptcreatecacheddata
 */
export class KeptScripts {
  readonly #bin: string;
  readonly #file: string | undefined;
  readonly #native: NodeJS.Require;
  readonly #kept: ReadonlyMap<string, Uint8Array>;
  readonly #loaded = new Map<string, { readonly script: Script; readonly module: ScriptModule }>();
  /** V8 took kept code, so it is of this version and made under the same flags. */
  #isFitting = false;
  #isStale = false;

  /**
   * @param caller `import.meta.url` of a module beside the scripts.
   * @param file Where the code is kept; `undefined` keeps none.
   */
  constructor(caller: string, file: string | undefined) {
    this.#bin = dirname(fileURLToPath(caller));
    this.#file = file;
    this.#native = createRequire(caller);
    this.#kept = file === undefined ? new Map() : readKept(file);
  }

  /** Run a script beside the caller, once, and return what it exports. */
  load(name: string): unknown {
    const seen = this.#loaded.get(name);
    if (seen !== undefined) return seen.module.exports;
    const filename = join(this.#bin, name);
    const cachedData = this.#kept.get(name);
    // On one line, so that the lines of a stack are those of the file.
    const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "utf8")}\n})`;
    const script = new Script(source, {
      filename,
      cachedData,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    // After one that was taken, another is refused only because a flag was set in between.
    if (script.cachedDataRejected === false) this.#isFitting = true;
    else if (cachedData === undefined || !this.#isFitting) this.#isStale = true;
    const module: ScriptModule = { exports: {} };
    this.#loaded.set(name, { script, module });
    const run = script.runInThisContext() as ScriptFunction;
    run(module.exports, this.#require, module, filename, this.#bin);
    return module.exports;
  }

  /** Keep the code of the scripts that ran, unless it was there. A failure costs only time. */
  save(): void {
    if (!this.#isStale || this.#file === undefined) return;
    const scripts = [...this.#loaded].map(([name, { script }]) => ({
      name,
      code: script.createCachedData(),
    }));
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const temporary = `${this.#file}.${process.pid}.tmp`;
      writeFileSync(temporary, encode(scripts), { mode: 0o600, flush: true });
      renameSync(temporary, this.#file);
      removeOld(dirname(this.#file));
    } catch {
      // A full or protected disk: the next start compiles again.
    }
  }

  readonly #require: ScriptRequire = Object.assign(
    (id: string): unknown => {
      if (id.startsWith("./")) return this.load(id.slice(2));
      return lateModules.has(id) ? late(id) : (process.getBuiltinModule(id) ?? this.#native(id));
    },
    { resolve: (id: string): string => this.#native.resolve(id) },
  );
}

/** What a script sees as `module`. */
interface ScriptModule {
  exports: object;
}

type ScriptRequire = ((id: string) => unknown) & { readonly resolve: (id: string) => string };

type ScriptFunction = (
  exports: object,
  require: ScriptRequire,
  module: ScriptModule,
  filename: string,
  folder: string,
) => void;

// Parts of Node that take long to load and that most commands need nothing of.
const lateModules: ReadonlySet<string> = new Set([
  "node:assert",
  "node:child_process",
  "node:crypto",
  "node:fs/promises",
  "node:readline/promises",
  "node:timers/promises",
  "node:worker_threads",
  "node:zlib",
]);

/** A module of Node that is loaded when something of it is used. */
function late(id: string): object {
  const whole = (): object => process.getBuiltinModule(id) ?? {};
  return new Proxy(
    {},
    {
      get: (_, key) => Reflect.get(whole(), key),
      ownKeys: () => Reflect.ownKeys(whole()),
      getOwnPropertyDescriptor: (_, key) => ({
        ...Reflect.getOwnPropertyDescriptor(whole(), key),
        configurable: true,
      }),
    },
  );
}

interface KeptScript {
  readonly name: string;
  readonly code: Uint8Array;
}

const lengthBytes = 4;

/** The length of a JSON list of names, sizes and check sums; the list; the code of each. */
function encode(scripts: readonly KeptScript[]): Buffer {
  const list = Buffer.from(
    JSON.stringify(scripts.map(({ name, code }) => [name, code.byteLength, crc32(code)])),
  );
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(list.byteLength);
  return Buffer.concat([length, list, ...scripts.map(({ code }) => code)]);
}

function readKept(file: string): ReadonlyMap<string, Uint8Array> {
  const kept = new Map<string, Uint8Array>();
  try {
    // Code that another user wrote would run as ours.
    if (statSync(file).uid !== (process.getuid?.() ?? 0)) return kept;
    const bytes = readFileSync(file);
    let at = lengthBytes + bytes.readUInt32LE(0);
    const list = JSON.parse(bytes.toString("utf8", lengthBytes, at)) as [string, number, number][];
    for (const [name, size, sum] of list) {
      const code = bytes.subarray(at, at + size);
      if (code.byteLength !== size || crc32(code) !== sum) return new Map();
      kept.set(name, code);
      at += size;
    }
    return kept;
  } catch {
    return new Map();
  }
}

const oldAfterMs = 30 * 24 * 3600_000;

/** What other versions kept goes after a while. */
function removeOld(folder: string): void {
  const before = Date.now() - oldAfterMs;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < before) rmSync(path, { force: true, recursive: true });
  }
}
