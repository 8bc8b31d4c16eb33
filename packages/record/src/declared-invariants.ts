import type { Invariant, ProjectConfig } from "@reseal/schema";

/**
 * The conditions that a project's configuration declares, as the environment records them.
 *
 * `coherence_window` becomes the invariant of that name; without a value its value is null and
 * only its time counts.
 * @param nowMs Start of the run, from which `valid_for_seconds` counts.
 */
export function declaredInvariants(
  { invariants = [], coherence_window: window }: ProjectConfig,
  nowMs: number,
): Invariant[] {
  if (window === undefined) return [...invariants];
  const { valid_for_seconds: seconds, value = null, ...others } = window;
  return [
    ...invariants.filter(({ name }) => name !== "coherence_window"),
    {
      name: "coherence_window",
      value,
      ...(seconds !== undefined && {
        valid_from: new Date(nowMs).toISOString(),
        valid_until: new Date(nowMs + seconds * 1000).toISOString(),
      }),
      ...others,
    },
  ];
}
