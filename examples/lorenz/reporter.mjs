// Talking to Reseal without any library: two files, one JSON object a line.
import { appendFileSync } from "node:fs";
import { join } from "node:path";

/** Append metrics and events to the run folder; without one (no Reseal around) do nothing. */
export function createReporter(runFolder) {
  const append = (file, record) => {
    if (runFolder) appendFileSync(join(runFolder, file), `${JSON.stringify(record)}\n`);
  };
  return {
    metric: (name, value, step) => append("metrics.jsonl", { name, value, step }),
    event: (type, attrs) => append("events.jsonl", { event_type: type, severity: "info", attrs }),
  };
}
