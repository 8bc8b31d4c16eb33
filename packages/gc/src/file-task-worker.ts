import { serveTasks } from "@reseal/store";
import { type FileTask, workOn } from "./file-task.ts";

// The body of a thread that looks at files or reads them.
serveTasks(async (task: FileTask & { readonly paths: string }) => {
  const goOn = workOn(task, task.paths.split("\0"));
  while (goOn());
});
