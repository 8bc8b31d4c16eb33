import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { PoolManifest } from "@reseal/schema";
import { gcErrors } from "./errors.ts";
import type { PoolPlaces } from "./pool.ts";
import { replaceFile } from "./pool-manifest.ts";

/** Somebody's promise that an entry stays. */
export interface Pin {
  readonly family: string;
  readonly run_id: string;
  /** When it was pinned, ISO 8601 UTC. */
  readonly at: string;
  readonly by: string;
  readonly reason?: string | undefined;
  /** It ends then. */
  readonly until?: string | undefined;
  /** What others rely on it for. */
  readonly purpose?: PinPurpose | undefined;
}

/** A promise to more than oneself: it was cited in a publication, or promoted to be used. */
export type PinPurpose = "cited" | "promoted";

const format = "reseal-pool-pins/1";

/**
 * Read the pins of a pool. They are kept apart from the manifest, so that rebuilding it loses none;
 * the pins of a manifest that another program wrote are taken over.
 * @throws `GC_PINS_CORRUPT`: then nothing may be deleted.
 */
export function readPins(places: PoolPlaces, manifest: PoolManifest | undefined): Pin[] {
  if (!existsSync(places.pins)) {
    const pinned = manifest?.entries.filter(({ is_pinned }) => is_pinned) ?? [];
    return pinned.map(({ family, run_id, scanned_at }) => ({
      family,
      run_id,
      at: scanned_at,
      by: "manifest",
    }));
  }
  try {
    const value = JSON.parse(readFileSync(places.pins, "utf8")) as {
      format?: unknown;
      pins?: unknown;
    };
    const pins = value.pins as Pin[];
    const isGood = pins.every(
      (pin) => typeof pin.family === "string" && typeof pin.run_id === "string",
    );
    if (value.format === format && isGood) return pins;
  } catch (cause) {
    throw gcErrors.PINS_CORRUPT(`${places.pins} cannot be read.`, { cause });
  }
  throw gcErrors.PINS_CORRUPT(`${places.pins} holds no pins of this format.`);
}

/** Write the pins of a pool in one step. */
export function writePins(places: PoolPlaces, pins: readonly Pin[]): void {
  replaceFile(places.pins, `${JSON.stringify({ format, pins }, null, 2)}\n`);
}

/** Whether a pin still holds. */
export function isInForce({ until }: Pin, nowMs: number): boolean {
  return until === undefined || !(Date.parse(until) <= nowMs);
}

/** Pins that still hold, by what they pin. */
export function pinsInForce(
  pins: readonly Pin[],
  nowMs: number,
): (family: string, runId: string) => Pin | undefined {
  const inForce = pins.filter((pin) => isInForce(pin, nowMs));
  const byRun = new Map(inForce.map((pin) => [`${pin.family}\n${pin.run_id}`, pin]));
  return (family, runId) => byRun.get(`${family}\n${runId}`);
}

/** Stands for the pins that are in force. */
export function pinsDigest(pins: readonly Pin[], nowMs: number): string {
  const names = pins
    .filter((pin) => isInForce(pin, nowMs))
    .map(({ family, run_id, purpose = null }) => JSON.stringify([family, run_id, purpose]));
  return createHash("sha256").update(names.sort().join("\n")).digest("hex");
}
