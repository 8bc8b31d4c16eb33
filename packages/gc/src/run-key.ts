import { dirname } from "node:path/posix";

/** How files become one entry: by the run id in their path, else by a time in it, else by folder. */
export type GroupingRule = "run_id" | "time" | "folder";

/** What the files of one run have in common. */
export interface RunKey {
  readonly rule: GroupingRule;
  /** The same for every file of the run. */
  readonly value: string;
  /** Time in the path, ISO 8601 UTC. */
  readonly timestamp: string | undefined;
  /** The folder whose name holds the key; the file's own folder when its name does. */
  readonly folder: string;
}

/** The rule in words, for `--verbose`. */
export const groupingRuleText: string =
  "Files of a family are one entry when their paths hold the same run id (run_<hex> or a UUID), " +
  "else the same time (YYYYMMDD_HHMMSS and similar), else the same 8 or more hex digits, else when " +
  "they are in the same folder.";

const start = "(?<![A-Za-z0-9])";
const end = "(?![A-Za-z0-9])";
const date = "(?<year>\\d{4})[-_]?(?<month>\\d{2})[-_]?(?<day>\\d{2})";
const time = "(?<hour>\\d{2})[-_:]?(?<minute>\\d{2})[-_:]?(?<second>\\d{2})(?:\\.\\d+)?Z?";
const runTime = new RegExp(`${start}(?:run[_-])?${date}[-_T ]?${time}${end}`, "g");
const onlyDate = new RegExp(`${start}${date}${end}`, "g");
const runHex = new RegExp(`${start}run[_-](?<id>[0-9a-f]{8,64})${end}`, "i");
const uuid = new RegExp(`${start}(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})${end}`, "i");
const bareHex = new RegExp(`${start}(?<id>[0-9a-f]{8,64})${end}`, "i");

/** A name without these holds no key: its folders alone decide. */
const mayHoldKey = /\d{4}|[0-9a-f]{8}/i;

/**
 * Tells the run of one file after the other, as {@link runKeyOf} does; of a folder whose files have
 * names without a key, only once.
 */
export function runKeys(): (path: string) => RunKey {
  let lastFolder: string | undefined;
  let lastKey: RunKey | undefined;
  return (path) => {
    const slash = path.lastIndexOf("/");
    if (mayHoldKey.test(path.slice(slash + 1))) return runKeyOf(path);
    const folder = path.slice(0, slash + 1);
    if (lastKey === undefined || folder !== lastFolder) {
      lastFolder = folder;
      lastKey = runKeyOf(path);
    }
    return lastKey;
  };
}

/**
 * The run of a file. A compacted file has the run of its original.
 * @param path Relative to the pool, separated by `/`.
 */
export function runKeyOf(path: string): RunKey {
  const own = logicalPath(path);
  const stamp = firstTime(own, runTime);
  const timestamp = stamp?.timestamp ?? firstTime(own, onlyDate)?.timestamp;
  const hexId = runHex.exec(own);
  // The date of `run_20250906_143022` has eight digits as well: it is a time, and not all of it.
  const named = (hexId?.index === stamp?.index ? null : hexId) ?? uuid.exec(own);
  if (named?.groups?.id !== undefined)
    return {
      rule: "run_id",
      value: named.groups.id.toLowerCase(),
      timestamp,
      folder: folderAt(own, named.index),
    };
  if (stamp !== undefined)
    return {
      rule: "time",
      value: stamp.text,
      timestamp,
      folder: folderAt(own, stamp.index),
    };
  const hex = bareHex.exec(own);
  if (hex?.groups?.id !== undefined)
    return {
      rule: "run_id",
      value: hex.groups.id.toLowerCase(),
      timestamp,
      folder: folderAt(own, hex.index),
    };
  const folder = dirname(own);
  return { rule: "folder", value: folder, timestamp, folder };
}

/** Whether a folder, or one above it, bears the name of a run: it is not used for any other. */
export function isFolderOfRun(folder: string, runId: string): boolean {
  const { rule, value } = runKeyOf(`${folder}/.`);
  return rule !== "folder" && value === runId;
}

const compacted = /\.compact(?=\.(?:jsonl|md)$)/;

/** The path a file has when it is not compacted. */
export function logicalPath(path: string): string {
  return path.includes(".compact.") ? path.replace(compacted, "") : path;
}

interface FoundTime {
  readonly timestamp: string;
  /** `YYYYMMDD_HHMMSS`, whatever it looked like. */
  readonly text: string;
  readonly index: number;
}

/** The first that is a time of the calendar. */
function firstTime(path: string, pattern: RegExp): FoundTime | undefined {
  for (const { groups = {}, index } of path.matchAll(pattern)) {
    const { year, month, day, hour = "00", minute = "00", second = "00" } = groups;
    const timestamp = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
    const parsed = new Date(timestamp);
    if (Number.isNaN(parsed.getTime()) || parsed.toISOString() !== timestamp) continue;
    return { timestamp, text: `${year}${month}${day}_${hour}${minute}${second}`, index };
  }
  return undefined;
}

function folderAt(path: string, index: number): string {
  const close = path.indexOf("/", index);
  return close < 0 ? dirname(path) : path.slice(0, close);
}
