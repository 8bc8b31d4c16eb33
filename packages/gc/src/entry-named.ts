import { gcErrors } from "./errors.ts";

/** The one entry that an id or a unique beginning of one stands for. @throws `GC_ENTRY_NOT_FOUND`, `GC_ENTRY_AMBIGUOUS` */
export function entryNamed<Named extends { readonly id: string; readonly family: string }>(
  entries: readonly Named[],
  name: string,
): Named {
  const prefix = name.toLowerCase();
  const hits = entries.filter(({ id }) => id.startsWith(prefix) || prefix.startsWith(id));
  const [hit] = hits;
  const exact = hits.find(({ id }) => id === prefix);
  if (exact !== undefined) return exact;
  if (hit === undefined || prefix.length < 4)
    throw gcErrors.ENTRY_NOT_FOUND(
      prefix.length < 4
        ? `${name} is too short: give at least 4 digits.`
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
