import { serveTasks } from "@reseal/store";
import { compactOne } from "./compact-one.ts";

// The body of a thread that compacts files.
serveTasks(compactOne);
