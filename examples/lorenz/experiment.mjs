// The butterfly effect, measured: how long can the weather of Lorenz (1963) be forecast?
//
//   node experiment.mjs [--rho 28 --sigma 10 --beta 8/3 --seed 1963 --members 1000 …] [--out DIR]
//
// Same parameters and seed, same bytes: no clock, no locale, no library, exact arithmetic only.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawFigure } from "./figure.mjs";
import { fitGrowth } from "./growth.mjs";
import { integrate, spread } from "./lorenz.mjs";
import { parseOptions } from "./options.mjs";
import { createReporter } from "./reporter.mjs";

const SAMPLE_EVERY = 2; // Steps between two samples.
const THIN = 10; // Only each tenth sample goes into the table of errors, each fourth into the orbit.
const TRACKS = 12; // Starts whose x the figure follows.

main();

function main() {
  const { out, seed, ...parameters } = readOptions();
  const reporter = createReporter(process.env.RESEAL_RUN_DIR);
  const { members, steps, dt } = parameters;
  console.log(`Lorenz 1963: ${members} starts, ${steps} steps of ${dt}`);
  reporter.event("experiment.started", { members, steps });

  const { samples, finalState } = follow({ ...parameters, seed });
  const growth = fitGrowth(samples, parameters.perturbation);
  const summary = summarize({ parameters, seed, samples, growth });

  writeResults(out, { samples, finalState, growth, summary });
  report(reporter, samples, summary);
}

function readOptions() {
  try {
    return parseOptions(process.argv.slice(2), process.env);
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

function follow(parameters) {
  const samples = [];
  let finalState;
  integrate({ ...parameters, sampleEvery: SAMPLE_EVERY }, ({ step, time, state }) => {
    const [x, y, z] = state;
    const shown = Math.min(TRACKS, parameters.members + 1);
    const xs = Array.from({ length: shown }, (_, member) => state[3 * member]);
    samples.push({ step, time, x, y, z, xs, ...spread(state) });
    finalState = state;
  });
  return { samples, finalState };
}

function summarize({ parameters, seed, samples, growth }) {
  const lastQuarter = samples.slice(-Math.floor(samples.length / 4) || undefined);
  const wings = samples.filter(({ x }, at) => at > 0 && x < 0 !== samples[at - 1].x < 0);
  return {
    system: "Lorenz 1963",
    parameters,
    seed,
    doubling_time: growth.doubling_time,
    lyapunov_exponent: growth.lyapunov_exponent,
    predictability_time: samples.find(({ rms }) => rms >= 1)?.time ?? null,
    saturated_error: lastQuarter.reduce((sum, { rms }) => sum + rms, 0) / lastQuarter.length,
    wing_changes: wings.length,
  };
}

function writeResults(out, { samples, finalState, growth, summary }) {
  mkdirSync(out, { recursive: true });
  const write = (name, content) => writeFileSync(join(out, name), content);
  const errors = samples.filter((_, at) => at % THIN === 0);
  write(
    "butterfly.csv",
    table(
      samples.filter((_, at) => at % 4 === 0),
      ["time", "x", "y", "z"],
    ),
  );
  write("growth.csv", table(errors, ["time", "rms", "least", "most"]));
  write("summary.json", `${JSON.stringify(summary, null, 2)}\n`);
  write("lorenz.svg", drawFigure({ samples, finalState, growth, summary }));
}

function table(rows, columns) {
  const lines = rows.map((row) => columns.map((column) => row[column]).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}

function report(reporter, samples, summary) {
  for (const { step, rms } of samples.filter((_, at) => at % 200 === 0))
    reporter.metric("rms_error", rms, step);
  for (const name of ["doubling_time", "lyapunov_exponent", "predictability_time", "wing_changes"])
    if (summary[name] !== null) reporter.metric(name, summary[name]);
  reporter.event("experiment.finished", { predictability_time: summary.predictability_time });

  const { doubling_time: doubling, predictability_time: horizon } = summary;
  console.log(
    doubling === null
      ? "Errors do not grow: with these parameters the system is not chaotic."
      : `Errors double every ${doubling.toFixed(3)} time units (Lyapunov exponent ${summary.lyapunov_exponent.toFixed(3)}).`,
  );
  if (horizon !== null) console.log(`After t = ${horizon.toFixed(2)} the forecasts have parted.`);
  console.log("Wrote butterfly.csv, growth.csv, summary.json and lorenz.svg.");
}
