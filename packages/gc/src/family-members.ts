import type { PlanEntry } from "./entry.ts";
import { orderOf } from "./order.ts";

/**
 * The entries of one family, newest first. What rules ask of every entry stands in columns as well:
 * entries lie anywhere in memory, and to go through a million of them takes longer than the rules.
 */
export interface FamilyMembers {
  readonly name: string;
  readonly entries: readonly PlanEntry[];
  readonly ids: readonly string[];
  /** The times of the entries, in milliseconds since the epoch; NaN for what is no time. */
  readonly times: Float64Array;
  readonly bytes: Float64Array;
  /** Bits of {@link entryFlags}. */
  readonly flags: Uint8Array;
}

/** What is so of an entry. */
export const entryFlags = {
  isPass: 1,
  /** It is pinned, or has tags or protections: something may keep it. */
  mayBeProtected: 2,
  hasParents: 4,
  /** Its time is not written as all others are: the text counts as well. */
  hasOtherTime: 8,
} as const;

/** Newest first; of equal times the smaller id first. Both are plain ASCII. */
export function newestFirst(
  a: Pick<PlanEntry, "id" | "timestamp">,
  b: Pick<PlanEntry, "id" | "timestamp">,
): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? 1 : -1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/**
 * Divide entries into families: first those that are named, in their order and also when they have
 * none, then the others by name.
 */
export function membersOf(
  entries: readonly PlanEntry[],
  families: readonly { readonly name: string }[],
): FamilyMembers[] {
  const named = new Map<string, PlanEntry[]>(families.map(({ name }) => [name, []]));
  const others = new Map<string, PlanEntry[]>();
  for (const entry of entries) {
    const group = named.get(entry.family) ?? others.get(entry.family);
    if (group === undefined) others.set(entry.family, [entry]);
    else group.push(entry);
  }
  for (const name of [...others.keys()].sort()) named.set(name, others.get(name) ?? []);
  return [...named].map(([name, members]) => inColumns(name, members));
}

function inColumns(name: string, entries: readonly PlanEntry[]): FamilyMembers {
  const columns = {
    ids: new Array<string>(entries.length),
    times: new Float64Array(entries.length),
    bytes: new Float64Array(entries.length),
    flags: new Uint8Array(entries.length),
  };
  let hasPlainTimes = true;
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index];
    if (entry === undefined) continue;
    const time = plainTime(entry.timestamp);
    hasPlainTimes &&= !Number.isNaN(time);
    columns.ids[index] = entry.id;
    columns.times[index] = Number.isNaN(time) ? Date.parse(entry.timestamp) : time;
    columns.bytes[index] = entry.total_bytes;
    columns.flags[index] = flagsOf(entry) | (Number.isNaN(time) ? entryFlags.hasOtherTime : 0);
  }
  const members = { name, entries, ...columns };
  if (hasPlainTimes && isInOrder(members)) return members;
  // Times that are written in other ways are compared as the texts they are.
  const order = (hasPlainTimes ? newestFirstOrder(columns) : undefined) ?? comparedOrder(entries);
  return {
    name,
    entries: picked(entries, order),
    ids: picked(columns.ids, order),
    times: columns.times.map((_, place) => columns.times[order[place] ?? 0] ?? Number.NaN),
    bytes: columns.bytes.map((_, place) => columns.bytes[order[place] ?? 0] ?? 0),
    flags: columns.flags.map((_, place) => columns.flags[order[place] ?? 0] ?? 0),
  };
}

function flagsOf({ pass_fail, is_pinned, tags, protections, parents }: PlanEntry): number {
  const isMarked = is_pinned || (tags?.length ?? 0) > 0 || (protections?.length ?? 0) > 0;
  return (
    (pass_fail === "pass" ? entryFlags.isPass : 0) |
    (isMarked ? entryFlags.mayBeProtected : 0) |
    ((parents?.length ?? 0) > 0 ? entryFlags.hasParents : 0)
  );
}

function picked<Item>(items: readonly Item[], order: Uint32Array): Item[] {
  const result = new Array<Item>(items.length);
  for (let place = 0; place < order.length; place += 1)
    result[place] = items[order[place] ?? 0] as Item;
  return result;
}

function comparedOrder(entries: readonly PlanEntry[]): Uint32Array {
  const numbered = entries.map(({ id, timestamp }, index) => ({ id, timestamp, index }));
  return Uint32Array.from(numbered.sort(newestFirst), ({ index }) => index);
}

type Columns = Pick<FamilyMembers, "ids" | "times">;

function newestFirstOrder({ ids, times }: Columns): Uint32Array | undefined {
  const newest = times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const order = orderOf(times.map((time) => newest - time));
  if (order === undefined) return undefined;
  const timeAt = (place: number): number | undefined => times[order[place] ?? 0];
  for (let start = 0, end = 1; end <= order.length; end += 1) {
    if (end < order.length && timeAt(start) === timeAt(end)) continue;
    if (end - start > 1)
      order.subarray(start, end).sort((a, b) => ((ids[a] ?? "") < (ids[b] ?? "") ? -1 : 1));
    start = end;
  }
  return order;
}

function isInOrder({ ids, times }: Columns): boolean {
  for (let index = 1; index < times.length; index += 1) {
    const [before, time] = [times[index - 1] ?? 0, times[index] ?? 0];
    if (before < time) return false;
    if (before === time && (ids[index - 1] ?? "") > (ids[index] ?? "")) return false;
  }
  return true;
}

const dayMs = 86_400_000;
const form = "dddd-dd-ddTdd:dd:dd.dddZ";

/**
 * A time as `toISOString` writes it: the order of such texts is that of the times.
 * @returns NaN for any other text, also for one that is a time
 */
function plainTime(text: string): number {
  if (text.length !== form.length) return Number.NaN;
  for (let at = 0; at < form.length; at += 1) {
    const code = text.charCodeAt(at);
    const wanted = form.charCodeAt(at);
    if (wanted === 0x64 ? code < 0x30 || code > 0x39 : code !== wanted) return Number.NaN;
  }
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const [hour, minute, second] = [digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
    return Number.NaN;
  // Not every month has more days than these: there Date knows.
  if (day > 28) return toIso(Date.parse(text)) === text ? Date.parse(text) : Number.NaN;
  const days = daysBefore(digits(text, 0, 4), month) + day - 1;
  return days * dayMs + (hour * 3600 + minute * 60 + second) * 1000 + digits(text, 20, 3);
}

function toIso(time: number): string | undefined {
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function digits(text: string, start: number, count: number): number {
  let number = 0;
  for (let at = start; at < start + count; at += 1)
    number = number * 10 + text.charCodeAt(at) - 0x30;
  return number;
}

const monthStarts = new Map<number, number>();

/** Days from 1970-01-01 to the first of a month. */
function daysBefore(year: number, month: number): number {
  const key = year * 12 + month;
  const known = monthStarts.get(key);
  if (known !== undefined) return known;
  const days = Date.parse(`${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-01`);
  monthStarts.set(key, days / dayMs);
  return days / dayMs;
}
