import { canonicalDigest, type Digest } from "@reseal/hash";
import type { Content, Environment, Results } from "@reseal/schema";

/** The digests by which runs are told apart and found equal; see `docs/identity.md`. */
export interface Keys {
  readonly artifactId: Digest;
  readonly inputKey: Digest;
  /** `null` when the run has no result: it can never be called reproduced. */
  readonly resultKey: Digest | null;
}

/** The keys that a manifest's `content` has. */
export function keysOf(content: Content): Keys {
  return {
    artifactId: canonicalDigest(content),
    inputKey: canonicalDigest(content.inputs),
    resultKey: hasResult(content.results) ? canonicalDigest(content.results) : null,
  };
}

/** The key of the comparable part of an environment: equal keys, same circumstances. */
export function envKeyOf(environment: Environment): Digest {
  return canonicalDigest(environment.comparable);
}

/** Success alone says nothing that could be compared; a failure does. */
function hasResult({ exit, ...others }: Results): boolean {
  if (Object.keys(others).length > 0) return true;
  return exit !== undefined && !("code" in exit && exit.code === 0);
}
