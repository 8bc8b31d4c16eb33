import { execFile } from "node:child_process";
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { arch, availableParallelism, cpus, hostname, platform, release, totalmem } from "node:os";

/** What one call of {@link SystemProbe.run} may take and see. */
export interface ProbeRunOptions {
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Everything that the environment capture asks of the machine.
 *
 * The default, {@link nodeSystemProbe}, asks the real one; a test hands in a double. Files and
 * folders that are not there are `undefined`; every other failure throws.
 */
export interface SystemProbe {
  /** As `process.platform` says it: `linux`, `darwin`, `win32`. */
  readonly platform: string;
  /** As `process.arch` says it: `x64`, `arm64`. */
  readonly arch: string;
  /** The Node.js that runs Reseal, to recognise it when the command uses the same one. */
  readonly node: { readonly path: string; readonly version: string };
  hostname(): string;
  kernelRelease(): string;
  /** Asked only where no file says it (macOS, Windows). */
  cpuModel(): string | undefined;
  cpuCount(): number;
  memoryBytes(): number;
  /** The zone of this process; asked only where neither `TZ` nor `/etc/localtime` says it. */
  timeZone(): string | undefined;
  /** The first `bytesMax` bytes of a regular file. */
  readBytes(path: string, bytesMax: number): Promise<Buffer | undefined>;
  /** Names in a folder, unsorted. */
  readDirectory(path: string): Promise<readonly string[] | undefined>;
  realPath(path: string): Promise<string | undefined>;
  fileKind(path: string): Promise<"folder" | "file" | "executable" | undefined>;
  /** Standard output of a program that ended with 0 in time, else a rejection. */
  run(program: string, args: readonly string[], options: ProbeRunOptions): Promise<string>;
}

/** Ask the machine that Reseal runs on. */
export function nodeSystemProbe(): SystemProbe {
  return {
    platform: platform(),
    arch: arch(),
    node: { path: process.execPath, version: process.versions.node },
    hostname,
    kernelRelease: release,
    cpuModel: () => cpus()[0]?.model.trim(),
    cpuCount: availableParallelism,
    memoryBytes: totalmem,
    timeZone: () => new Intl.DateTimeFormat().resolvedOptions().timeZone,
    readBytes,
    readDirectory: async (path) => unlessAbsent(() => readdirSync(path)),
    realPath: async (path) => unlessAbsent(() => realpathSync.native(path)),
    fileKind,
    run,
  };
}

/** Opens without waiting: a named pipe with the name of a lock file must not hang the recording. */
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

async function readBytes(path: string, bytesMax: number): Promise<Buffer | undefined> {
  // Without a wait, as below: the files are small, and many.
  const descriptor = unlessAbsent(() => openSync(path, readFlags));
  if (descriptor === undefined) return undefined;
  try {
    const chunks: Buffer[] = [];
    let byteCount = 0;
    // Until a read returns nothing: files of /proc have size 0 and return short reads.
    while (byteCount < bytesMax) {
      const wanted = Math.min(
        bytesMax - byteCount,
        byteCount < 8192 ? 8192 : byteCount < 65536 ? 65536 : 1 << 20,
      );
      const buffer = Buffer.allocUnsafe(wanted);
      const bytesRead = readSync(descriptor, buffer, 0, wanted, null);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      byteCount += bytesRead;
    }
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  } catch (error) {
    return absent(error);
  } finally {
    closeSync(descriptor);
  }
}

async function fileKind(path: string): Promise<"folder" | "file" | "executable" | undefined> {
  try {
    // Mostly names that are not there; without a wait each costs 2 µs instead of 100.
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return "folder";
    if (!stats?.isFile()) return undefined;
    return (stats.mode & 0o111) !== 0 || platform() === "win32" ? "executable" : "file";
  } catch (error) {
    // A folder of PATH that may not be entered is passed over, as the system does it.
    return hasCode(error, "EACCES") ? undefined : absent(error);
  }
}

function run(
  program: string,
  args: readonly string[],
  { timeoutMs, env, signal }: ProbeRunOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      {
        env,
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: 1 << 20,
        windowsHide: true,
        ...(signal && { signal }),
      },
      (error, stdout) => (error ? reject(error) : resolve(stdout)),
    ).stdin?.end();
  });
}

const absentCodes = ["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG", "EAGAIN", "ENXIO"];

function unlessAbsent<Result>(ask: () => Result): Result | undefined {
  try {
    return ask();
  } catch (error) {
    return absent(error);
  }
}

function absent(error: unknown): undefined {
  if (!hasCode(error, ...absentCodes)) throw error;
  return undefined;
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
