import type { RunPlan } from "../src/plan.ts";

/** A plan as it is before a child starts, for a run of nothing. */
export function makePlan(changes: Partial<RunPlan> = {}): RunPlan {
  return {
    format: "reseal-run-plan/1",
    run_id: "00000000-0000-4000-8000-000000000001",
    type: "run",
    started_at: "2026-05-04T10:00:00.000Z",
    workspace: "/nowhere",
    tick_ms: 0,
    inputs: { command: ["true"] },
    files: [],
    code: [],
    output_patterns: [],
    stdout_is_result: false,
    context_metrics: [],
    context: {
      tool: { name: "reseal", version: "0.0.0" },
      tags: [],
      authors: [],
      parents: [],
      warnings: [],
      not_captured: {},
      withheld: [],
    },
    ...changes,
  };
}
