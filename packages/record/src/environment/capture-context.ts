import { dirname, join } from "node:path";
import type { SystemProbe } from "./system-probe.ts";

/** The variables that the recorded command will see. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Something that the capture could not read or understand; the run goes on. */
export interface EnvironmentWarning {
  /** `ENVIRONMENT_FILE_UNREADABLE`, `ENVIRONMENT_FILE_INVALID`, `ENVIRONMENT_RUNTIME_UNKNOWN`, … */
  readonly code: string;
  readonly message: string;
}

/** Reading for one capture: what cannot be read is a warning and counts as unknown. */
export interface CaptureContext {
  readonly system: SystemProbe;
  readonly workspace: string;
  readonly warnings: readonly EnvironmentWarning[];
  warn(code: string, message: string): void;
  readText(path: string): Promise<string | undefined>;
  readHead(path: string, bytesMax: number): Promise<Buffer | undefined>;
  /** A parsed JSON object; broken JSON and other JSON values are a warning and `undefined`. */
  readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Sorted names; none where the folder is not there. */
  list(folder: string): Promise<readonly string[]>;
  realPath(path: string): Promise<string | undefined>;
  kind(path: string): Promise<"folder" | "file" | "executable" | undefined>;
}

/** More than any text file that the capture parses; beyond it the file is called broken. */
const textBytesMax = 32 << 20;

/** Make the reading side of one capture. */
export function createCaptureContext(system: SystemProbe, workspace: string): CaptureContext {
  const warnings: EnvironmentWarning[] = [];
  const warn = (code: string, message: string): void => {
    if (!warnings.some((warning) => warning.message === message)) warnings.push({ code, message });
  };
  const guard = async <Value>(path: string, reading: Promise<Value>): Promise<Value | undefined> =>
    reading.catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      warn("ENVIRONMENT_FILE_UNREADABLE", `Could not read ${path}: ${reason}`);
      return undefined;
    });
  const readHead = (path: string, bytesMax: number): Promise<Buffer | undefined> =>
    guard(path, system.readBytes(path, bytesMax));
  const readText = async (path: string): Promise<string | undefined> =>
    (await readHead(path, textBytesMax))?.toString("utf8");
  return {
    system,
    workspace,
    warnings,
    warn,
    readHead,
    readText,
    async readJson(path) {
      const text = await readText(path);
      if (text === undefined) return undefined;
      const value = parseJson(text);
      if (isRecord(value)) return value;
      warn("ENVIRONMENT_FILE_INVALID", `${path} does not hold a JSON object.`);
      return undefined;
    },
    async list(folder) {
      return [...((await guard(folder, system.readDirectory(folder))) ?? [])].sort();
    },
    realPath: (path) => guard(path, system.realPath(path)),
    kind: (path) => guard(path, system.fileKind(path)),
  };
}

/** Tell a plain JSON object from any other value. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value when it is a string that says something. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The nearest folder from `folder` upward that holds `name`. */
export async function nearestWith(
  context: CaptureContext,
  folder: string,
  name: string,
): Promise<string | undefined> {
  for (let current = folder; ; current = dirname(current)) {
    if ((await context.kind(join(current, name))) !== undefined) return current;
    if (dirname(current) === current) return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
