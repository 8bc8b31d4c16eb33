import { type BundleReader, openStoredBundle } from "@reseal/bundle";
import { parseDigest } from "@reseal/hash";
import { type Stores, takeLease } from "@reseal/store";
import { isUnreadable } from "./compare-file.ts";
import type { ReplayLog } from "./replay-log.ts";

/** How many replays of replays are followed. */
const depthMax = 16;

/**
 * The run that is to be done again: what was given, or, for a replay, its original.
 *
 * When that is not in the store, a check says so and the last one found is returned.
 */
export async function resolveOriginal(
  stores: Pick<Stores, "blobs" | "location">,
  given: BundleReader,
  log: ReplayLog,
): Promise<BundleReader> {
  let current = given;
  for (let depth = 0; current.manifest.content.type === "replay"; depth += 1) {
    const parent = current.manifest.context.parents.find(
      ({ relationship }) => relationship === "original",
    );
    const next = depth < depthMax ? await openParent(stores, parent?.seal) : undefined;
    if (next === undefined) {
      log.check(
        {
          name: "original",
          status: "missing",
          ...(parent?.seal && { expected: parent.seal }),
        },
        "The original of this replay is not in the store; import it first.",
      );
      return current;
    }
    log.step("resolve", `${current.seal} is a replay; its original ${next.seal} is run again.`);
    current = next;
  }
  return current;
}

async function openParent(
  stores: Pick<Stores, "blobs" | "location">,
  seal: string | undefined,
): Promise<BundleReader | undefined> {
  if (seal === undefined) return undefined;
  try {
    return await openStoredBundle(stores, parseDigest(seal));
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Keep others from deleting the original while it is replayed. */
export function leaseOriginal(stores: Stores, { manifest, seal }: BundleReader): Disposable {
  return takeLease(stores, [{ artifact_id: parseDigest(manifest.context.artifact_id), seal }]);
}
