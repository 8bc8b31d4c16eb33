import { appendAudit } from "./audit.ts";
import type { ScannedEntry } from "./entry.ts";
import { isInForce, type Pin, type PinPurpose, readPins, writePins } from "./pins.ts";
import type { Pool } from "./pool.ts";
import { readManifest } from "./pool-manifest.ts";

/** What a pin is made with. */
export interface PinOptions {
  readonly reason?: string | undefined;
  /** ISO 8601 UTC; for ever unless given. */
  readonly until?: string | undefined;
  readonly purpose?: PinPurpose | undefined;
}

/** Pin an entry; a pin that is there is replaced. */
export async function pinEntry(
  pool: Pool,
  entry: Pick<ScannedEntry, "id" | "family" | "run_id">,
  { reason, until, purpose }: PinOptions = {},
): Promise<Pin> {
  const { family, run_id, id } = entry;
  const pin: Pin = {
    family,
    run_id,
    at: new Date(pool.clock.now()).toISOString(),
    by: pool.actor,
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until }),
    ...(purpose !== undefined && { purpose }),
  };
  const others = (await pinsOf(pool)).filter((other) => !isOf(other, entry));
  await appendAudit(pool, "pin", {
    id,
    family,
    run_id,
    reason: reason ?? null,
    until: until ?? null,
    ...(purpose !== undefined && { purpose }),
  });
  await savePins(pool, [...others, pin]);
  return pin;
}

/** Take the pin off an entry. @returns whether there was one */
export async function unpinEntry(
  pool: Pool,
  entry: Pick<ScannedEntry, "id" | "family" | "run_id">,
): Promise<boolean> {
  const pins = await pinsOf(pool);
  const others = pins.filter((pin) => !isOf(pin, entry));
  const { id, family, run_id } = entry;
  await appendAudit(pool, "unpin", { id, family, run_id });
  await savePins(pool, others);
  return others.length < pins.length;
}

async function pinsOf(pool: Pool): Promise<readonly Pin[]> {
  if (pool.source !== undefined)
    return (await pool.source.readPins()).filter((pin) => isInForce(pin, pool.clock.now()));
  const manifest = await readManifest(pool.places).catch(() => undefined);
  return readPins(pool.places, manifest).filter((pin) => isInForce(pin, pool.clock.now()));
}

async function savePins({ source, places }: Pool, pins: readonly Pin[]): Promise<void> {
  if (source === undefined) writePins(places, pins);
  else await source.writePins(pins);
}

function isOf(pin: Pin, { family, run_id }: Pick<ScannedEntry, "family" | "run_id">): boolean {
  return pin.family === family && pin.run_id === run_id;
}
