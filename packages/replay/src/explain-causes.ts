import type {
  Cause,
  Comparison,
  FileDifference,
  ReplayCheck,
  ValueDifference,
} from "@reseal/schema";
import type { InputComparison } from "./compare-inputs.ts";
import { differenceText, type EnvironmentDifference } from "./environment-differences.ts";

/** How many facts one cause lists. */
const evidenceMax = 8;

/** Differences of the question: they account for another answer whatever else is the same. */
export function inputCauses(inputs: InputComparison, comparison: Comparison): Cause[] {
  const causes: Cause[] = [];
  const certain = (aspect: string, statement: string, facts: readonly string[], next: string) => {
    if (facts.length > 0)
      causes.push({
        aspect,
        likelihood: "certain",
        statement,
        evidence: limited(facts),
        experiment: next,
      });
  };
  const seeds = inputs.values.filter(({ pointer }) => pointer === "/seed");
  certain(
    "seed",
    "The seed is another one.",
    seeds.map(valueText),
    "Replay with the original's seed; only then can the results be the same.",
  );
  const others = inputs.values.filter(({ pointer }) => pointer !== "/seed");
  const locks = others.filter(({ pointer }) => pointer.startsWith("/lock_files"));
  const code = inputs.files.filter(({ path }) => path.startsWith("code/"));
  const versions = code.filter(({ path }) => isVersionFile(path));
  certain(
    "packages",
    `The file of package versions ${names(versions)} was changed.`,
    versions.map(fileText),
    `Restore ${names(versions)} and replay; then change one package at a time.`,
  );
  if (versions.length === 0)
    certain(
      "packages",
      "A declared lock file was changed.",
      locks.map(valueText),
      "Install the locked packages of the original and replay.",
    );
  const ownCode = code.filter(({ path }) => !isVersionFile(path));
  certain(
    "code",
    `The code was changed: ${names(ownCode)}.`,
    ownCode.map(fileText),
    "Put the changed files back one by one until the results agree.",
  );
  const data = inputs.files.filter(({ path }) => path.startsWith("inputs/"));
  certain(
    "inputs",
    `Input files are others: ${names(data)}.`,
    data.map(fileText),
    "Run the candidate's code on the original's inputs.",
  );
  const values = others.filter(({ pointer }) => !pointer.startsWith("/lock_files"));
  certain(
    "inputs",
    "The command, a parameter or a recorded variable is another one.",
    values.map(valueText),
    "Set them to the original's values one by one.",
  );
  certain(
    "config",
    "The configuration is another one.",
    comparison.config.map(valueText),
    "Set the configuration to the original's values one by one.",
  );
  return causes;
}

interface AspectWords {
  readonly likelihood: Cause["likelihood"];
  readonly statement: (names: string) => string;
  readonly experiment: string;
}

/** In the order in which they are ranked: what is in the environment key comes first. */
const aspectWords: Readonly<Record<EnvironmentDifference["aspect"], AspectWords>> = {
  packages: {
    likelihood: "likely",
    statement: (names) => `Packages have other versions: ${names}.`,
    experiment: "Install the recorded versions in a fresh environment and replay there.",
  },
  runtime: {
    likelihood: "likely",
    statement: (names) => `The runtime is another one: ${names}.`,
    experiment: "Replay with the recorded version of the runtime.",
  },
  device: {
    likelihood: "likely",
    statement: (names) => `The device is another one: ${names}.`,
    experiment: "Replay on the recorded device, or compare a reference measurement on both.",
  },
  calibration: {
    likelihood: "likely",
    statement: (names) => `The device was calibrated anew: ${names}.`,
    experiment: "Load the recorded calibration and replay.",
  },
  variables: {
    likelihood: "likely",
    statement: (names) => `Environment variables that change results differ: ${names}.`,
    experiment: "Set them as recorded, or record them with --env so that a replay restores them.",
  },
  threads: {
    likelihood: "likely",
    statement: (names) => `The number of threads is another one: ${names}.`,
    experiment: "Replay with OMP_NUM_THREADS=1 on both sides: the order of sums is fixed then.",
  },
  locale: {
    likelihood: "likely",
    statement: (names) => `The locale is another one: ${names}.`,
    experiment: "Replay with LC_ALL=C.UTF-8 on both sides: sorting and number formats agree then.",
  },
  timezone: {
    likelihood: "likely",
    statement: (names) => `The time zone is another one: ${names}.`,
    experiment: "Replay with TZ=UTC on both sides.",
  },
  hardware: {
    likelihood: "possible",
    statement: (names) => `The hardware is another one: ${names}.`,
    experiment:
      "Replay on the recorded kind of processor; a difference of a few units in the last place " +
      "is what other vector instructions give, so try --rtol 1e-12.",
  },
  machine: {
    likelihood: "possible",
    statement: (names) => `The container is another one: ${names}.`,
    experiment: "Replay in the recorded image.",
  },
};

/** Differences of the circumstances, one cause for each aspect. */
export function environmentCauses(drift: readonly EnvironmentDifference[]): Cause[] {
  return Object.entries(aspectWords).flatMap(([aspect, { likelihood, statement, experiment }]) => {
    const found = drift.filter((difference) => difference.aspect === aspect);
    // Twice as many processors change a sum only where work is split by their number.
    const isOnlyCount = found.every(({ name }) => name === "number of processors");
    if (found.length === 0) return [];
    const evidence = limited(found.map(differenceText));
    return [
      {
        aspect,
        likelihood: isOnlyCount ? ("possible" as const) : likelihood,
        statement: statement(shortList(evidence)),
        evidence,
        experiment,
      },
    ];
  });
}

/** Conditions that had expired or drifted: one cause for all of them. */
export function conditionCauses(checks: readonly ReplayCheck[]): Cause[] {
  const facts = checks.flatMap(({ status, message }) =>
    status === "ok" || message === undefined ? [] : [message],
  );
  if (facts.length === 0) return [];
  return [
    {
      aspect: "coherence_window",
      likelihood: "likely",
      statement: "Conditions that were recorded do not hold any more.",
      evidence: limited(facts),
      experiment: "Bring the device back into the recorded conditions, calibrate, and replay.",
    },
  ];
}

/** Files that say which packages a program gets, by the usual names. */
function isVersionFile(path: string): boolean {
  const name = path.split("/").at(-1) ?? "";
  return /^(requirements[\w.-]*\.txt|constraints[\w.-]*\.txt|package(-lock)?\.json|pnpm-lock\.yaml|yarn\.lock|npm-shrinkwrap\.json|poetry\.lock|uv\.lock|pdm\.lock|Pipfile(\.lock)?|pyproject\.toml|environment\.ya?ml|conda-lock\.ya?ml|pixi\.(toml|lock)|renv\.lock|Manifest\.toml|Project\.toml|Cargo\.(toml|lock)|go\.(mod|sum)|Gemfile(\.lock)?|versions?\.(txt|json|toml))$/.test(
    name,
  );
}

function names(files: readonly FileDifference[]): string {
  return shortList(files.map(({ path }) => path));
}

function shortList(texts: readonly string[]): string {
  const shown = texts.slice(0, 3).join(", ");
  return texts.length > 3 ? `${shown} and ${texts.length - 3} more` : shown;
}

function fileText({ path, status, first_difference: place }: FileDifference): string {
  if (status !== "different") return `${path} was ${status === "added" ? "added" : "taken away"}`;
  const line = place?.line === undefined ? "" : ` at line ${place.line}`;
  const values =
    place?.original === undefined || place.candidate === undefined
      ? ""
      : `: ${textOf(place.original)} -> ${textOf(place.candidate)}`;
  return `${path} differs${place?.pointer ? ` at ${place.pointer}` : line}${values}`;
}

function valueText({ pointer, original, candidate }: ValueDifference): string {
  return `${pointer}: ${textOf(original)} -> ${textOf(candidate)}`;
}

function textOf(value: unknown): string {
  if (value === undefined) return "(absent)";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "(absent)");
  return text.length > 120 ? `${text.slice(0, 120).toWellFormed()}…` : text.toWellFormed();
}

function limited(facts: readonly string[]): string[] {
  if (facts.length <= evidenceMax) return [...facts];
  return [...facts.slice(0, evidenceMax), `and ${facts.length - evidenceMax} more`];
}
