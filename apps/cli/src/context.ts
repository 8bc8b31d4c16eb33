import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { findWorkspace } from "@reseal/record/workspace";
import type { Stores } from "@reseal/store";
import { type Colors, colorsFor, harmless, isTerminal } from "./terminal.ts";
import { cliVersion } from "./version.ts";

/** Flags that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly json?: boolean;
  /** 1 silences hints, 2 all but errors. */
  readonly quiet?: number;
  readonly verbose?: number;
  readonly store?: string;
  readonly color?: "auto" | "always" | "never";
  readonly progress?: boolean;
  readonly debug?: boolean;
}

/** The process, as commands see it; tests bring their own. */
export interface Host {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** How a command wants its store. */
export interface StoreOptions {
  readonly create?: boolean;
  readonly readOnly?: boolean;
  /** The folder whose workspace holds the store; the current one unless said otherwise. */
  readonly from?: string;
}

/** All that a command works with. */
export class CommandContext {
  readonly host: Host;
  readonly signal: AbortSignal;
  /** Exit status when the command returns without an error. */
  exitCode = 0;
  #options: GlobalOptions = {};

  constructor(host: Host, signal: AbortSignal) {
    this.host = host;
    this.signal = signal;
  }

  get options(): GlobalOptions {
    return this.#options;
  }

  set options(options: GlobalOptions) {
    this.#options = options;
  }

  get version(): string {
    return cliVersion();
  }

  /** Colours of the result; none with `--json`, whatever the flags say. */
  get out(): Colors {
    const when = this.#options.json === true ? "never" : (this.#options.color ?? "auto");
    return colorsFor(this.host.stdout, when, this.host.env);
  }

  get err(): Colors {
    return colorsFor(this.host.stderr, this.#options.color ?? "auto", this.host.env);
  }

  /** Whether somebody watches, so that moving progress makes sense. */
  get showsProgress(): boolean {
    const { progress = true, quiet = 0, json = false } = this.#options;
    return progress && quiet === 0 && !json && isTerminal(this.host.stderr) && !this.host.env.CI;
  }

  /** Where the store is: what was asked for, else that of the workspace. It may not be there. */
  storeLocation(from?: string): string {
    const { store = this.host.env.RESEAL_STORE } = this.#options;
    if (store) return resolve(this.host.cwd, store);
    return join(findWorkspace(from ?? this.host.cwd), ".reseal");
  }

  /** Open the store of the current folder, after sealing what a dead recorder left in it. */
  async openStores({ create = false, readOnly = false, from }: StoreOptions = {}): Promise<Stores> {
    const { openStores } = await import("@reseal/connect/open");
    const location = this.storeLocation(from);
    this.detail(`store ${location}`);
    const stores = await openStores(location, {
      create,
      readOnly,
      onNotice: (message) => this.warn(message),
    });
    return await this.#tidy(stores);
  }

  /** Work with the store of the current folder; one that is not there yet is made only by success. */
  async withFirstStore<Result>(work: (stores: Stores) => Promise<Result>): Promise<Result> {
    const { withFirstStore } = await import("@reseal/connect");
    const location = this.storeLocation();
    this.detail(`store ${location}`);
    const onNotice = (message: string): void => this.warn(message);
    return await withFirstStore(location, { onNotice }, async (stores) =>
      work(await this.#tidy(stores)),
    );
  }

  /** See to what dead processes left. */
  async #tidy(stores: Stores): Promise<Stores> {
    if (hasSpools(stores)) await this.#recover(stores);
    await cleanScratch(stores);
    return stores;
  }

  /** Loaded only when there is something: most commands need nothing else of the package. */
  async #recover(stores: Stores): Promise<void> {
    const { recoverRuns } = await import("@reseal/record");
    const recovered = await recoverRuns(stores, this.host.env, {
      onFailure: (runId, error) =>
        this.warn(
          `Run ${runId} lost its recorder and cannot be sealed yet: ${(error as Error).message}`,
        ),
    });
    for (const run of recovered)
      this.warn(
        `Run ${run.manifest.context.run_id} had lost its recorder; what it wrote is sealed as incomplete.`,
      );
  }

  /** Print the result: text, or with `--json` one line in the envelope. */
  result(schema: string, data: unknown, text: () => string): void {
    if (this.#options.json === true)
      this.host.stdout.write(`${JSON.stringify({ schema, ok: true, data })}\n`);
    else {
      const rendered = text();
      this.host.stdout.write(
        rendered === "" || rendered.endsWith("\n") ? rendered : `${rendered}\n`,
      );
    }
  }

  /** Say something that only a reader who asked for more wants to know. */
  detail(text: string): void {
    if ((this.#options.verbose ?? 0) > 0)
      this.host.stderr.write(`${this.err.dim("detail:")} ${text}\n`);
  }

  /** Say something that is not the result. */
  note(text: string): void {
    if ((this.#options.quiet ?? 0) === 0) this.host.stderr.write(`${text}\n`);
  }

  /** Say something that the reader should act on or know. */
  warn(text: string): void {
    if ((this.#options.quiet ?? 0) < 2)
      this.host.stderr.write(`${this.err.yellow("warning:")} ${harmless(text)}\n`);
  }
}

/** Whether runs are being recorded, or their recorder left something: folders that a spool has. */
export function hasSpools(stores: Pick<Stores, "local">): boolean {
  const temporary = join(stores.local, "tmp");
  return existsSync(temporary) && readdirSync(temporary).some((name) => /^(run|new)-/.test(name));
}

/** Folders that a killed replay left; the package is loaded only when there is one. */
async function cleanScratch(stores: Stores): Promise<void> {
  const temporary = join(stores.local, "tmp");
  if (stores.readOnly || !existsSync(temporary)) return;
  if (!readdirSync(temporary).some((name) => name.startsWith("replay-"))) return;
  const { cleanReplayScratch } = await import("@reseal/replay");
  cleanReplayScratch(stores);
}
