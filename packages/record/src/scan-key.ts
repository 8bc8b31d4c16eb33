import { createHmac, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type KnownSecret, rulesVersion } from "@reseal/redact";
import type { Stores } from "@reseal/store";

/** The store's own key for digests of withheld files and for the scan cache; never exported. */
export function readKey(stores: Stores): Buffer {
  const file = join(stores.local, "redaction.key");
  if (!existsSync(file)) {
    try {
      writeFileSync(file, randomBytes(32), { mode: 0o600, flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  return readFileSync(file);
}

/** Stands for the secrets and rules of a scan: under another key, files must be scanned again. */
export function scanKey(stores: Stores, secrets: readonly KnownSecret[]): string {
  const hmac = createHmac("sha256", readKey(stores)).update(`${rulesVersion}\0`);
  for (const value of secrets.map((secret) => secret.value).sort()) hmac.update(`${value}\0`);
  return hmac.digest("hex");
}
