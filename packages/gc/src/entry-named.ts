import { type Digest, digestHex } from "@reseal/hash";
import { gcErrors } from "./errors.ts";

/** What can be named: an entry, or what is in the trash of one. */
interface Nameable {
  readonly id: string;
  readonly run_id: string;
  readonly seal?: Digest | undefined;
}

/** Shortest beginning of an id that counts. */
const nameLengthMin = 4;

/** All that a name stands for: an id, its beginning, or a seal; else a run id or its beginning. */
export function namedBy<Named extends Nameable>(
  entries: readonly Named[],
  name: string,
): readonly Named[] {
  const prefix = name.toLowerCase().replace(/^sha256:/, "");
  const exact = entries.filter(({ id }) => id === prefix);
  if (exact.length > 0) return exact;
  if (prefix.length < nameLengthMin) return [];
  const hits = entries.filter(({ id, seal }) => {
    if (prefix.length <= id.length) return id.startsWith(prefix);
    return seal === undefined ? prefix.startsWith(id) : digestHex(seal).startsWith(prefix);
  });
  if (hits.length > 0) return hits;
  return entries.filter((entry) => entry.run_id.toLowerCase().startsWith(name.toLowerCase()));
}

/** The one entry that a name stands for. @throws `GC_ENTRY_NOT_FOUND`, `GC_ENTRY_AMBIGUOUS` */
export function entryNamed<Named extends Nameable & { readonly family: string }>(
  entries: readonly Named[],
  name: string,
): Named {
  const hits = namedBy(entries, name);
  const [hit] = hits;
  if (hit === undefined)
    throw gcErrors.ENTRY_NOT_FOUND(
      name.length < nameLengthMin
        ? `${name} is too short: give at least ${nameLengthMin} digits.`
        : `There is no entry ${name}.`,
      { details: { id: name } },
    );
  if (hits.length > 1)
    throw gcErrors.ENTRY_AMBIGUOUS(
      `${name} stands for ${hits.length} entries: ${hits.map(({ id, family }) => `${id} (${family})`).join(", ")}.`,
      { details: { id: name, candidates: hits.map(({ id }) => id) } },
    );
  return hit;
}
