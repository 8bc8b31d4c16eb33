/** A process that replays a run and is killed on the way: `node replay-process.ts STORE SEAL`. */
import { openStoredBundle } from "@reseal/bundle";
import { parseDigest } from "@reseal/hash";
import { replayRun } from "@reseal/replay";
import { openStoresIn } from "./laboratory.ts";

const [store = "", seal = ""] = process.argv.slice(2);
const stores = await openStoresIn(store);
const original = await openStoredBundle(stores, parseDigest(seal));
await replayRun(stores, original, { env: process.env, toolVersion: "0.0.0" });
