import type { FamilyDescription, RetentionPolicy } from "@reseal/schema";

/** A named set of loose runs under one retention policy. */
export interface Family {
  readonly name: string;
  readonly title?: string | undefined;
  /** What writes it. */
  readonly sources?: string | undefined;
  readonly contains?: string | undefined;
  /** Globs relative to the pool. */
  readonly patterns: readonly string[];
  /** Empty: everything is kept. */
  readonly policy: RetentionPolicy;
  /** Where a JSON file of an entry says how the run ended. */
  readonly status?: FamilyDescription["status"];
}

/** The families of a pool without a configuration. */
export const defaultFamilies: readonly Family[] = [
  {
    name: "proofs",
    title: "microstructure proofs",
    sources: "GREEN-WALL microstructure validation",
    contains: "Spread verification, depth analysis, VADR calculations",
    patterns: ["**/microstructure/proofs/*.jsonl", "**/microstructure/proofs/*.md"],
    policy: { keep: 10, pin: [] },
  },
  {
    name: "bench",
    title: "performance benchmarks",
    sources: "TopGainers benchmarks, P99 latency tests",
    contains: "Performance metrics, latency distributions, throughput analysis",
    patterns: ["**/bench/*.jsonl", "**/bench/*.md", "**/bench/p99_*.json"],
    policy: { keep: 10, pin: [] },
  },
  {
    name: "smoke90",
    title: "backtest results",
    sources: "90-day smoke backtests",
    contains: "Backtest results, performance attribution, risk metrics",
    patterns: ["**/smoke90/*.jsonl", "**/smoke90/*.md", "**/smoke90/backtest_*.json"],
    policy: { keep: 8, pin: [] },
  },
  {
    name: "explain",
    title: "factor explanation deltas",
    sources: "Factor analysis and explanation outputs",
    contains: "Factor breakdowns, explanation deltas, attribution analysis",
    patterns: ["**/explain_delta/*.jsonl", "**/explain_delta/*.md"],
    policy: { keep: 12, pin: [] },
  },
  {
    name: "greenwall",
    title: "complete verification runs",
    sources: "Full GREEN-WALL verification suites",
    contains: "Complete verification reports, all sub-component results",
    patterns: ["**/greenwall/*.jsonl", "**/greenwall/*.md", "**/greenwall/verification_*.json"],
    policy: { keep: 12, pin: [] },
  },
];
