// Writes a folder of artifacts as a verification suite leaves it: five families, 60 runs.
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Families, their folders, their numbers of runs, and the files of each run. */
const families = [
  { folder: "microstructure/proofs", runs: 15, files: ["jsonl", "md"] },
  { folder: "bench", runs: 12, files: ["jsonl", "p99"] },
  { folder: "smoke90", runs: 8, files: ["jsonl", "md", "backtest"] },
  { folder: "explain_delta", runs: 12, files: ["jsonl"] },
  { folder: "greenwall", runs: 13, files: ["verification", "md"] },
] as const;

/** A run of `proofs` whose id is the one that the handbook names, a1b2c3d4: found by trying. */
const namedRun = "1cb140ba3";

/**
 * Write the files. Always the same: the runs of a family are a day apart, every third one failed,
 * and the newest pass of `greenwall` is its oldest run.
 */
export function writeRetentionTree(folder: string): void {
  for (const [number, { folder: place, runs, files }] of families.entries())
    for (let run = 1; run <= runs; run += 1) {
      const time = new Date(Date.UTC(2025, 7, run, 12, number, run));
      const stamp = time.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");
      const name = number === 0 && run === 1 ? `${stamp}_run_${namedRun}` : stamp;
      const isPass = place === "greenwall" ? run === 1 : run % 3 !== 0;
      for (const kind of files) {
        const path = join(folder, place, nameOf(kind, name, isPass ? "pass" : "fail"));
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, textOf(kind, run, isPass));
        utimesSync(path, time, time);
      }
    }
}

function nameOf(kind: string, stamp: string, outcome: string): string {
  if (kind === "p99" || kind === "backtest" || kind === "verification")
    return `${kind}_${stamp}_${outcome}.json`;
  return `${stamp}_${outcome}.${kind}`;
}

function textOf(kind: string, run: number, isPass: boolean): string {
  if (kind === "md") return `# Run ${run}\n\n## Result\n\n${isPass ? "All green." : "Red."}\n`;
  if (kind !== "jsonl")
    return `${JSON.stringify({ run, ok: isPass, p99_ms: 10 + run }, null, 2)}\n`;
  const lines = Array.from({ length: 40 * run }, (_, line) =>
    JSON.stringify({
      venue: ["kraken", "coinbase", "okx"][line % 3],
      check: "spread within the limit of the venue",
      symbol: `SYM${line % 7}`,
      bps: (line * run) % 97,
      ok: isPass,
    }),
  );
  return `${lines.join("\n")}\n`;
}
