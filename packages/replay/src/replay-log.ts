import type { ReplayCheck, ReplayStep } from "@reseal/schema";
import type { Clock } from "@reseal/store";

/** What a replay did and found, as `replay.json` tells it. */
export interface ReplayLog {
  readonly steps: readonly ReplayStep[];
  readonly checks: readonly ReplayCheck[];
  /** Why the replay cannot be carried out, in the order found; empty when it can. */
  readonly obstacles: readonly string[];
  step(step: string, message: string): void;
  /** Note a check; with an obstacle, nothing is run. */
  check(check: ReplayCheck, obstacle?: string): void;
}

/** Start a log. */
export function createReplayLog(clock: Clock): ReplayLog {
  const steps: ReplayStep[] = [];
  const checks: ReplayCheck[] = [];
  const obstacles: string[] = [];
  const step = (name: string, message: string): void => {
    steps.push({ time: new Date(clock.now()).toISOString(), step: name, message });
  };
  return {
    steps,
    checks,
    obstacles,
    step,
    check(check, obstacle) {
      checks.push(check);
      if (obstacle === undefined) return;
      obstacles.push(obstacle);
      step("refuse", obstacle);
    },
  };
}
