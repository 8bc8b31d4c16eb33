import type { Cause, FirstDifference } from "@reseal/schema";
import type { ExplainFacts } from "./explain.ts";

/** What in code or in a differing value hints at a source of chance, and what to do about it. */
interface Trace {
  readonly aspect: string;
  readonly statement: string;
  readonly experiment: string;
  /** Found in the text of the code or the command. */
  readonly code?: RegExp;
  /** Found in both differing values. */
  readonly value?: RegExp;
}

const traces: readonly Trace[] = [
  {
    aspect: "clock",
    statement: "A result seems to depend on the time.",
    experiment: "Write times to a log instead of a result, or read them from SOURCE_DATE_EPOCH.",
    code: /\b(Date\.now|new Date\(\s*\)|performance\.now|hrtime|time\.time|time_ns|perf_counter|datetime\.(now|utcnow|today)|date\.today|strftime|gettimeofday|clock_gettime)\b|\bdate\s+[+-]|\$\(date\b|%s\b.*date/,
    value:
      /\b(19|20)\d\d-[01]\d-[0-3]\d([T ][0-2]\d:[0-5]\d)?|\b1[6-9]\d{8}(\.\d+|\d{3}|\d{6}|\d{9})?\b|\b[0-2]?\d:[0-5]\d:[0-5]\d\b/,
  },
  {
    aspect: "randomness",
    statement: "Random numbers without the seed reach a result.",
    experiment: "Seed every generator from RESEAL_SEED, record with --seed, and replay.",
    code: /\b(Math\.random|randomUUID|randomBytes|getRandomValues|os\.urandom|secrets\.|SystemRandom|random\.(random|seed\(\s*\)|randint|choice|shuffle|gauss|uniform|sample)|np\.random|numpy\.random|uuid4|uuid1)|\$RANDOM\b|\/dev\/u?random|\bshuf\b|\bmktemp\b|mkdtemp|tempfile\./,
    value: /\b[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/i,
  },
  {
    aspect: "process",
    statement: "A process id or a temporary name reaches a result.",
    experiment: "Name files and keys after what they hold, not after the process.",
    code: /\b(process\.pid|os\.getpid|getpid\(\)|mktemp|mkdtemp|tempfile\.)|\$\$/,
    value: /\/tmp\/|\btmp[._-]?\w{6,}/,
  },
  {
    aspect: "path",
    statement: "The absolute path of the folder reaches a result.",
    experiment: "Write paths relative to the workspace; a replay runs in another folder.",
    code: /\b(process\.cwd|os\.getcwd|__dirname|__filename|import\.meta|os\.path\.abspath|\.resolve\(\)|realpath)\b|\$PWD|\bpwd\b/,
    value: /(^|["'\s=:])\/(?!\s)[^\s"']+\/[^\s"']+/,
  },
  {
    aspect: "hash_order",
    statement: "The order of a set or of hashes reaches a result.",
    experiment: "Sort before writing, or record and replay with --env PYTHONHASHSEED.",
    code: /\bset\(|\bfrozenset\(|\bhash\(|\{[^:]*\bfor\b[^:]*\bin\b|\bid\(/,
  },
  {
    aspect: "threads",
    statement: "Parallel work ends in no fixed order.",
    experiment: "Run it with one thread or worker; sort or reduce in a fixed order.",
    code: /\b(threading|ThreadPool|ProcessPool|multiprocessing|concurrent\.futures|as_completed|worker_threads|Promise\.(race|any)|Atomics|asyncio\.gather|imap_unordered)\b|\bxargs\s[^\n]*-P|&\s*\n|&\s*wait\b/,
  },
  {
    aspect: "file_order",
    statement: "The order in which a folder lists its files reaches a result.",
    experiment: "Sort the list of files before using it.",
    code: /\b(os\.listdir|os\.scandir|os\.walk|glob\.glob|iterdir|readdir(Sync)?)\b|\bls -U\b|\bfind\s/,
  },
  {
    aspect: "environment_variable",
    statement: "An environment variable that is not part of the inputs reaches a result.",
    experiment: "Record it with --env NAME: then it is part of the question.",
    code: /\b(process\.env\.(?!RESEAL_)\w+|os\.environ(?!\[["']RESEAL_|\.get\(["']RESEAL_)|os\.getenv\((?!["']RESEAL_))/,
  },
];

/**
 * Sources of chance that code or differing values hint at; only ever `likely` or `possible`, and
 * `likely` only when a differing value looks like it as well or nothing else is known.
 */
export function traceCauses(facts: ExplainFacts, first: FirstDifference | undefined): Cause[] {
  const found: Cause[] = [];
  const both = new Set<Cause>();
  const values = [first?.original, first?.candidate].map((value) =>
    value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value),
  );
  for (const { aspect, statement, experiment, code, value } of traces) {
    const inValues =
      value !== undefined && values.every((text) => text !== undefined && value.test(text));
    const places = code === undefined ? [] : placesOf(code, facts);
    if (!inValues && places.length === 0) continue;
    const quoted = values.map((text) => shorten(text ?? "")).join(" and ");
    found.push({
      aspect,
      likelihood: inValues ? "likely" : "possible",
      statement,
      evidence: [...(inValues ? [`the differing values look like it: ${quoted}`] : []), ...places],
      experiment,
    });
    const last = found.at(-1);
    if (last !== undefined && inValues && places.length > 0) both.add(last);
  }
  // What both code and values speak for comes first; the sort is stable.
  found.sort((a, b) => Number(both.has(b)) - Number(both.has(a)));
  return [...limitCauses(facts), ...found];
}

/** What the replay itself may have changed. */
function limitCauses({ comparison, isOffline, hasMemoryLimit, ...facts }: ExplainFacts): Cause[] {
  const causes: Cause[] = [];
  const failsNow = !comparison.exit.equal;
  const network = placesOf(networkTrace, { comparison, ...facts });
  if (isOffline === true && (failsNow || network.length > 0))
    causes.push({
      aspect: "network",
      likelihood: network.length > 0 ? "likely" : "possible",
      statement: "The replay had no network, and the original may have used it.",
      evidence: network.length > 0 ? network : ["the command ended in another way"],
      experiment: "Replay with --network; better, record what is fetched as an input with --in.",
    });
  if (hasMemoryLimit === true && failsNow)
    causes.push({
      aspect: "memory",
      likelihood: "possible",
      statement: "The replay had a memory limit, and the command ended in another way.",
      evidence: ["the command ended in another way"],
      experiment: "Replay with a larger --memory, or without it.",
    });
  return causes;
}

const networkTrace =
  /\b(fetch\(|https?:\/\/|urllib|requests\.(get|post)|http\.client|socket\.|node:(net|https?|dns)|curl\s|wget\s|getaddrinfo)/;

const placesMax = 4;

function placesOf(pattern: RegExp, { code, command }: ExplainFacts): string[] {
  const found: string[] = [];
  const inCommand = command?.find((argument) => pattern.test(argument));
  if (inCommand !== undefined)
    found.push(`the command: ${shorten(pattern.exec(inCommand)?.[0] ?? "")}`);
  for (const [path, text] of code ?? []) {
    for (const [index, line] of text.split("\n").entries()) {
      if (found.length >= placesMax) return found;
      const match = line.length > 2000 ? null : pattern.exec(line);
      if (match !== null) found.push(`${path} line ${index + 1}: ${shorten(line.trim())}`);
    }
  }
  return found;
}

function shorten(text: string): string {
  const clean = text.toWellFormed();
  return clean.length > 100 ? `${clean.slice(0, 100).toWellFormed()}…` : clean;
}
