import { serveTasks } from "@reseal/store";
import { type CompactionTask, compactOne } from "./compact-one.ts";
import { type RestoreTask, restoreOne } from "./restore-one.ts";

// The body of a thread that compacts files and brings them back.
serveTasks((task: CompactionTask | RestoreTask) =>
  "compact" in task ? restoreOne(task) : compactOne(task),
);
