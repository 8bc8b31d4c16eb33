// A process of its own that writes to a catalog: `node child.ts <mode> <file> <first> <count>`.
import { registerHooks } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sealRecord } from "@reseal/store/conformance";

const heavy = new Set<string>();
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "better-sqlite3" || specifier === "kysely") heavy.add(specifier);
    return next(specifier, context);
  },
});
const { openSqliteCatalog } = await import("../src/index.ts");
const loaded = () => [...heavy].sort().join(" ") || "none";

const [mode, file = "", first = "0", count = "0"] = process.argv.slice(2);
const records = Array.from({ length: Number(count) }, (_, index) =>
  sealRecord(Number(first) + index, { metrics: [{ name: "loss", value: index, context: false }] }),
);

if (mode === "what-is-loaded") {
  process.stdout.write(`after import: ${loaded()}\n`);
  await openSqliteCatalog(join(tmpdir(), "no such folder", "store.db")).catch(() => undefined);
  process.stdout.write(`after open: ${loaded()}\n`);
  process.exit();
}

const catalog = await openSqliteCatalog(file);
switch (mode) {
  case "one-by-one":
    for (const record of records) await catalog.addSeals([record]);
    break;
  case "die-in-transaction": {
    const deadly = {
      ...sealRecord(0),
      get seal(): never {
        process.kill(process.pid, "SIGKILL");
        throw new Error("unreachable");
      },
    };
    await catalog.addSeals([...records, deadly], { applied: { from: 0, to: 4096 } });
    break;
  }
  case "until-killed":
    for (let batch = 0; ; batch += 1) {
      const tag = `batch ${batch}`;
      const batchRecords = [0, 1, 2].map((part) =>
        sealRecord(Number(first) + batch * 3 + part, { tags: [tag] }),
      );
      await catalog.addSeals(batchRecords);
      process.stdout.write(`${batch}\n`);
    }
}
await catalog[Symbol.asyncDispose]();
