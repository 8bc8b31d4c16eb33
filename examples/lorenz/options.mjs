// Parameters of the experiment, from flags; everything has a default.

const defaults = {
  sigma: 10, // Prandtl number
  rho: 28, // Rayleigh number over its critical value; below 24.74 the motion comes to rest
  beta: 8 / 3, // Shape of the convection cell
  dt: 0.0025, // Length of a time step
  steps: 16000, // Number of time steps
  members: 1000, // Starts of the ensemble
  perturbation: 1e-8, // Their distance from the reference start
  seed: 1963, // Directions of the perturbations
};
const integers = ["steps", "members"];

/** Read `--name value` or `--name=value`; the seed and the folder may come from Reseal. */
export function parseOptions(args, environment) {
  const options = { ...defaults, out: environment.RESEAL_OUTPUT_DIR || "out" };
  if (environment.RESEAL_SEED) options.seed = toSeed(environment.RESEAL_SEED);
  for (let at = 0; at < args.length; at += 1) {
    const [flag, inline] = splitOnce(args[at], "=");
    const name = flag.replace(/^--/, "");
    if (!flag.startsWith("--") || !Object.hasOwn(options, name))
      throw new Error(`Unknown flag ${flag}. Flags: ${names()}.`);
    const text = inline ?? args[++at];
    if (text === undefined) throw new Error(`${flag} needs a value.`);
    if (name === "out") options.out = text;
    else options[name] = name === "seed" ? toSeed(text) : toNumber(name, text);
  }
  return options;
}

// A seed may have more digits than a number holds exactly: then it stays text.
function toSeed(text) {
  if (!/^[0-9]+$/.test(text)) throw new Error(`The seed must be digits, not "${text}".`);
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

// Fractions are welcome: 8/3 has no short decimal form.
function toNumber(name, text) {
  const parts = text.split("/").map(Number);
  const value = parts.length === 2 ? parts[0] / parts[1] : parts[0];
  const isWhole = !integers.includes(name) || Number.isSafeInteger(value);
  if (text.trim() === "" || parts.length > 2 || !isWhole || !(value > 0 && Number.isFinite(value)))
    throw new Error(
      `--${name} must be a positive ${integers.includes(name) ? "integer" : "number"}, not "${text}".`,
    );
  return value;
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function names() {
  return [...Object.keys(defaults), "out"].map((name) => `--${name}`).join(" ");
}
