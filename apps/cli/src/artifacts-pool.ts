import { existsSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join, resolve } from "node:path";
import type { ArtifactsConfig, OpenPoolOptions, Pool, PoolPlaces } from "@reseal/gc";
import type { Journal, Stores } from "@reseal/store";
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { keepYoungSpaceSmall } from "./young-space.ts";

/** Flags of every command that works on a pool. */
export interface PoolFlags {
  readonly pool: string;
  readonly config?: string;
}

/** Where a pool's settings are when nothing else is said. */
const defaultConfigFile = join("config", "artifacts.yaml");

/** Add the flags that say which pool a command works on. */
export function withPoolFlags(command: Command): Command {
  return command
    .option("--pool <folder>", "the folder of artifacts", "artifacts")
    .option("--config <file>", "settings (default: config/artifacts.yaml when it is there)");
}

/** A pool's settings and places; nothing is opened or changed. */
export async function findPool(
  context: CommandContext,
  flags: PoolFlags,
): Promise<{ readonly places: PoolPlaces; readonly config: ArtifactsConfig }> {
  const { cwd } = context.host;
  const gc = await import("@reseal/gc");
  const config = await readConfig(context, flags.config);
  if (isAboutStore(context))
    return { places: gc.storePlaces({ local: context.storeLocation() }), config };
  return { places: gc.poolPlaces(resolve(cwd, flags.pool), config, cwd), config };
}

/** The settings a command works with. */
export async function readConfig(
  context: CommandContext,
  file: string | undefined,
): Promise<ArtifactsConfig> {
  const { defaultArtifactsConfig, readArtifactsConfig } = await import("@reseal/gc");
  const kind = isAboutStore(context) ? "store" : "pool";
  const path = resolve(context.host.cwd, file ?? defaultConfigFile);
  if (file === undefined && !existsSync(path)) return defaultArtifactsConfig(kind);
  return readArtifactsConfig(path, kind);
}

/** With `--store` the entries are the sealed runs of a store, else the files of a folder. */
export function isAboutStore(context: CommandContext): boolean {
  return context.options.store !== undefined;
}

/** Open a pool to change it. */
export async function openPool(context: CommandContext, flags: PoolFlags): Promise<Pool> {
  const gc = await import("@reseal/gc");
  const { places, config } = await findPool(context, flags);
  if (!isAboutStore(context)) return gc.openPool(places, config, await poolOptions(context));
  const stores = await context.openStores();
  keepYoungSpaceSmall();
  try {
    const pool = await openStorePool(context, stores, config);
    return {
      ...pool,
      async [Symbol.asyncDispose]() {
        await pool[Symbol.asyncDispose]();
        await stores[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await stores[Symbol.asyncDispose]();
    throw error;
  }
}

/** Open the sealed runs of a store to change what is kept of them. */
export async function openStorePool(
  context: CommandContext,
  stores: Stores,
  config: ArtifactsConfig,
): Promise<Pool> {
  const gc = await import("@reseal/gc");
  return gc.openPool(gc.storePlaces(stores), config, {
    ...(await poolOptions(context)),
    source: gc.storeSource(stores, config),
  });
}

async function poolOptions(context: CommandContext): Promise<OpenPoolOptions> {
  const { openFolderJournal } = await import("@reseal/connect");
  return {
    openJournal: (folder) => openFolderJournal(folder),
    clock: { now: () => Date.now() },
    actor: actorName(),
    signal: context.signal,
    onNotice: (message) => context.warn(message),
  };
}

/** The audit and trash journal of a pool, to be read; empty when nothing was ever deleted. */
export async function readPoolJournal(places: PoolPlaces): Promise<Journal> {
  const { openFolderJournal } = await import("@reseal/connect");
  return openFolderJournal(places.journal, { readOnly: true });
}

/** Who acts, for the audit log. */
function actorName(): string {
  return `${userInfo().username}@${hostname()}`;
}
