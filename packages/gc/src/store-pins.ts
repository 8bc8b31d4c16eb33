import type { Stores } from "@reseal/store";
import type { Pin } from "./pins.ts";

/** Pins of a store, from its journal. */
export async function readStorePins({ journal }: Stores): Promise<Pin[]> {
  const pins = new Map<string, Pin>();
  for await (const { record } of journal.read("pins")) {
    const { state, ...pin } = record as unknown as Pin & { readonly state: string };
    const key = `${pin.family}\n${pin.run_id}`;
    if (state === "on") pins.set(key, pin);
    else pins.delete(key);
  }
  return [...pins.values()];
}

/** Only what differs is written: the journal keeps who pinned what and when. */
export async function writeStorePins(stores: Stores, pins: readonly Pin[]): Promise<void> {
  const old = await readStorePins(stores);
  const keyOf = (pin: Pin): string => JSON.stringify(pin);
  const [known, wanted] = [new Set(old.map(keyOf)), new Set(pins.map(keyOf))];
  await stores.journal.append("pins", [
    ...old.filter((pin) => !wanted.has(keyOf(pin))).map((pin) => ({ ...pin, state: "off" })),
    ...pins.filter((pin) => !known.has(keyOf(pin))).map((pin) => ({ ...pin, state: "on" })),
  ]);
}
