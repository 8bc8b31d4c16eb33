// A folder of its own for the built program: home, workspaces and stores, nothing of the machine's.
import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";

/** The built program. */
export const main: string = join(import.meta.dirname, "..", "bin", "main.js");
const lorenz: string = join(import.meta.dirname, "..", "..", "..", "examples", "lorenz");

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Another program to run it with than this Node. */
  readonly node?: string;
}

/** A command that runs; `ended` resolves when it and all that holds its output are done. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export class Sandbox {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(hold: (end: () => void) => void = onTestFinished) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), "reseal-e2e-")));
    hold(() => rmSync(this.root, { recursive: true, force: true, maxRetries: 5 }));
    mkdirSync(join(this.root, "home"));
    this.env = {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: join(this.root, "home"),
      // Compiled code of the command line, once for all sandboxes.
      XDG_CACHE_HOME: join(tmpdir(), "reseal-test-cache"),
      TMPDIR: tmpdir(),
      LANG: "C.UTF-8",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_SYSTEM: "/dev/null",
      GIT_CEILING_DIRECTORIES: this.root,
    };
  }

  path(...segments: readonly string[]): string {
    return join(this.root, ...segments);
  }

  /** A folder with these files. */
  folder(name: string, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
    const folder = this.path(name);
    mkdirSync(folder, { recursive: true });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return folder;
  }

  /** A copy of the shipped example. */
  example(name: string): string {
    cpSync(lorenz, this.path(name), { recursive: true });
    return this.path(name);
  }

  start(program: string, args: readonly string[], { cwd, env, input }: Options = {}): Running {
    const child = spawn(program, args, {
      cwd: cwd ?? this.root,
      env: { ...this.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const text = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (chunk: string) => {
        text[name] += chunk;
      });
    child.stdin.on("error", () => undefined); // Whoever does not read it does not have to.
    child.stdin.end(input ?? "");
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status, signal) => resolve({ status, signal, ...text }));
    });
    return { child, ended };
  }

  run(program: string, args: readonly string[], options: Options = {}): Promise<Ended> {
    return this.start(program, args, options).ended;
  }

  shell(script: string, options: Options = {}): Promise<Ended> {
    return this.run("bash", ["-c", script], {
      ...options,
      env: { RESEAL: `${process.execPath} ${main}`, ...options.env },
    });
  }

  reseal(args: readonly string[], options: Options = {}): Promise<Ended> {
    return this.run(options.node ?? process.execPath, [main, ...args], options);
  }

  /** The data of a command with `--json`, which must succeed. */
  async data(args: readonly string[], options: Options = {}): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await this.reseal(["--json", ...args], options);
    const line = lastLine(stdout);
    if (line.ok !== true)
      throw new Error(`reseal ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`);
    return line.data as Record<string, unknown>;
  }
}

/** The last line of standard output, as JSON. */
export function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
}

/** Names in a store's folder for temporary things, but for those that only mark its place. */
export function leftovers(store: string): string[] {
  const tmp = join(store, "tmp");
  return existsSync(tmp) ? readdirSync(tmp) : [];
}

export async function until(condition: () => boolean, what = "it"): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`Waited in vain for ${what}.`);
    await sleep(10);
  }
}
