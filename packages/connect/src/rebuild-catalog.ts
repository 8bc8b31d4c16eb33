import { existsSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { indexJournal } from "@reseal/bundle";
import { type FileCatalog, openSqliteCatalog } from "@reseal/catalog";
import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import type { OperationOptions } from "@reseal/store";
import {
  fsyncFolder,
  makeTemporaryFolder,
  openFsBlobStore,
  openFsJournal,
  removeTemporaryFolder,
} from "@reseal/store-fs";
import { moveAside } from "./open-stores.ts";
import { existingStoreFolder, type StoreFolder } from "./store-folder.ts";

/** What a rebuild did. */
export interface RebuildReport {
  readonly location: string;
  /** Seals that the new catalog holds. */
  readonly seals: number;
  /** Where the old catalog is kept, relative to the store; `null` when there was none. */
  readonly aside: string | null;
  /** Seals whose manifests are damaged: they are not in the catalog. */
  readonly damaged: readonly { readonly seal: Digest; readonly message: string }[];
}

/**
 * Make the catalog anew from the journal and the blobs.
 *
 * The new one is built beside the old one. Then the old one is copied aside, and its content is
 * replaced in one transaction: whoever has it open goes on with the old rows or the new ones. A
 * crash leaves one of both. A file that is no catalog any more is moved aside whole.
 * @throws `CATALOG_BUSY` when another process keeps it locked; nothing was changed then.
 */
export async function rebuildCatalog(
  location: string,
  { signal }: OperationOptions = {},
): Promise<RebuildReport> {
  const folder = existingStoreFolder(location);
  await using blobs = await openFsBlobStore(folder.artifacts, { temporary: folder.tmp });
  await using journal = await openFsJournal(folder.journal);
  const damaged = new Map<Digest, string>();
  const stores = { location: folder.root, blobs, journal };
  const options = {
    signal,
    onDamaged: (seal: Digest, { message }: Error) => void damaged.set(seal, message),
  };
  const temporary = makeTemporaryFolder(folder.tmp, "catalog");
  let aside: string | undefined;
  let count: number;
  try {
    const old = await openOld(folder);
    await using target = old.catalog;
    const file = join(temporary, "store.db");
    const { storage } = target;
    await using built = await openSqliteCatalog(file, { storage });
    count = await built.fill(() => indexJournal({ ...stores, catalog: built }, options), {
      signal,
    });
    aside = old.aside;
    if (storage !== "memory") {
      if (old.wasThere) aside = await keepOld(target, folder, temporary);
      await built.copyTo(folder.catalog, { signal });
      // What was sealed meanwhile.
      count += await indexJournal({ ...stores, catalog: target }, options);
    }
  } finally {
    removeTemporaryFolder(temporary);
  }
  return {
    location: folder.root,
    seals: count,
    aside: aside === undefined ? null : basename(aside),
    damaged: [...damaged].map(([seal, message]) => ({ seal, message })),
  };
}

interface OldCatalog {
  readonly catalog: FileCatalog;
  /** Whether it holds rows that must be kept before they are replaced. */
  readonly wasThere: boolean;
  /** Where one that could not be opened was moved. */
  readonly aside?: string;
}

/** The catalog as it is, or a new one where there is none that can be opened. */
async function openOld({ catalog: file }: StoreFolder): Promise<OldCatalog> {
  const wasThere = existsSync(file);
  try {
    const catalog = await openSqliteCatalog(file);
    return { catalog, wasThere };
  } catch (error) {
    if (!isResealError(error) || error.code !== "CATALOG_CORRUPT") throw error;
    const aside = await moveAside(file);
    return { catalog: await openSqliteCatalog(file), wasThere: false, aside };
  }
}

async function keepOld(
  old: FileCatalog,
  { root, catalog: file }: StoreFolder,
  temporary: string,
): Promise<string> {
  const copy = join(temporary, "old.db");
  await old.copyTo(copy);
  const aside = `${file}.replaced-${Math.round(statSync(copy).mtimeMs)}`;
  renameSync(copy, aside);
  await fsyncFolder(root, () => undefined);
  return aside;
}
