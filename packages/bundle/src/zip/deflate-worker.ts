import { serveTasks } from "@reseal/store";
import { type PackedItem, type PackTask, packBatch } from "./pack-batch.ts";

// The thread of a pool. A module of its own, and an entry of its own in a bundle.
serveTasks<PackTask, PackedItem[]>((task) => Promise.resolve(packBatch(task)));
