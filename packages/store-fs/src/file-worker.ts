import { serveTasks } from "@reseal/store";
import { type DonePart, type LaneTask, LaneWork } from "./lane-work.ts";

// The thread of a lane. A module of its own, and an entry of its own in a bundle.
const work = new LaneWork();
serveTasks<LaneTask, void, DonePart>((task, give) => work.do(task, give));
