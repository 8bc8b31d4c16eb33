import { createHash, type Hash } from "node:crypto";
import { endianness } from "node:os";
import type { Digest } from "@reseal/hash";
import { entryFlags, type FamilyMembers } from "./family-members.ts";

/** Entries whose texts are digested in one go. */
const entriesInBlock = 1024;

/**
 * Stands for some facts and all that a plan takes from entries: other entries, another digest. It
 * is made from columns of numbers and from texts whose lengths are numbers among them, as forming
 * JSON of every entry would take longer than the plan.
 */
export function stateDigest(facts: unknown, families: readonly FamilyMembers[]): Digest {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(facts));
  for (const members of families) {
    const { name, entries } = members;
    hash.update(JSON.stringify(["family", name, entries.length]));
    for (let start = 0; start < entries.length; start += entriesInBlock)
      addBlock(hash, members, start);
  }
  return `sha256:${hash.digest("hex")}`;
}

const columns = 7;

function addBlock(hash: Hash, { entries, times, flags }: FamilyMembers, start: number): void {
  const count = Math.min(entriesInBlock, entries.length - start);
  const numbers = new Float64Array(count * columns);
  let texts = "";
  let more = "";
  for (let index = 0; index < count; index += 1) {
    const entry = entries[start + index];
    if (entry === undefined) continue;
    const { id, timestamp, checksum = "", tags = [], protections = [], parents = [] } = entry;
    const at = index * columns;
    numbers[at] = times[start + index] ?? Number.NaN;
    numbers[at + 1] = passWords.indexOf(entry.pass_fail);
    numbers[at + 2] = Number(entry.is_pinned);
    numbers[at + 3] = entry.total_bytes;
    numbers[at + 4] = entry.file_count;
    numbers[at + 5] = id.length;
    numbers[at + 6] = checksum.length;
    texts += id;
    texts += checksum;
    if (tags.length + protections.length + parents.length > 0)
      more += JSON.stringify([index, tags.toSorted(), protections.toSorted(), parents.toSorted()]);
    if (((flags[start + index] ?? 0) & entryFlags.hasOtherTime) !== 0)
      more += JSON.stringify([index, timestamp]);
  }
  const bytes = Buffer.from(numbers.buffer);
  hash.update(endianness() === "LE" ? bytes : bytes.swap64());
  hash.update(texts);
  if (more !== "") hash.update(more);
}

const passWords: readonly string[] = ["pass", "fail", "unknown"];
