import { serveTasks } from "@reseal/store";
import { hashTask } from "./hash-task.ts";

// The body of a thread that digests files.
serveTasks(async (task: Parameters<typeof hashTask>[0]) => hashTask(task));
