// A process of its own that holds something in a store until it is killed:
// `node child.ts <what> <store>`.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { thisProcess } from "@reseal/store";
import { makeTemporaryFolder } from "@reseal/store-fs";
import { openStores, rebuildCatalog } from "../dist/index.js";

type Sqlite = new (file: string) => { exec(sql: string): void; pragma(text: string): unknown };
const catalog = new URL("../../catalog/package.json", import.meta.url);
const Database = createRequire(catalog)("better-sqlite3") as Sqlite;
const [what = "", store = ""] = process.argv.slice(2);

switch (what) {
  case "hold-sqlite": {
    const database = new Database(join(store, "store.db"));
    database.exec("begin immediate");
    break;
  }
  case "hold-sqlite-exclusive": {
    const database = new Database(join(store, "store.db"));
    database.pragma("locking_mode = exclusive");
    database.exec("begin exclusive; create table half (made int); insert into half values (1)");
    break;
  }
  case "hold-journal": {
    const owner = makeTemporaryFolder(join(store, "tmp")).split(/tmp\/blobs\./)[1] ?? "";
    for (const stream of ["seals", "audit", "trash"])
      symlinkSync(owner, join(store, "journal", `${stream}.lock`));
    break;
  }
  case "hold-spool": {
    const spool = join(store, "tmp/run-00000000-0000-4000-8000-000000000000");
    mkdirSync(spool);
    writeFileSync(join(spool, "lease.json"), JSON.stringify(thisProcess()));
    break;
  }
  case "hold-batch": {
    const stores = await openStores(store);
    const batch = await stores.blobs.openBatch();
    for (let number = 0; number < 50; number += 1) await batch.put(Buffer.from(`staged ${number}`));
    break;
  }
  case "die-in-rebuild":
    await rebuildCatalog(store, { signal: deadly(2) });
    break;
}
process.stdout.write("held\n");
await sleep(3600_000);

/** A signal that kills this process when it is looked at for the nth time. */
function deadly(count: number): AbortSignal {
  let left = count;
  return Object.defineProperty(new AbortController().signal, "throwIfAborted", {
    value() {
      left -= 1;
      if (left === 0) process.kill(process.pid, "SIGKILL");
    },
  });
}
