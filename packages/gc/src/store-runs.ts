import type { RunRow, Stores } from "@reseal/store";

/** The retention family of a run. */
export function storeFamilyOf({ family, project }: RunRow): string {
  return family ?? project ?? "default";
}

/** Every run of the tenant, newest first. */
export async function* runsOf(
  { catalog, tenant }: Pick<Stores, "catalog" | "tenant">,
  signal: AbortSignal | undefined,
): AsyncGenerator<RunRow> {
  let after: string | undefined;
  do {
    const page = await catalog.listRuns({ tenant, limit: 10_000, after, signal });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
