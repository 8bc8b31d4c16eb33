// The scanners and readers that every byte passes, in this process: beside JSON.parse of the same
// bytes, and how their time grows with the length of hostile text. Shares, not times: they mean the
// same on every machine. The bounds leave a busy machine half of what an idle one reaches.
import { hostileLengths } from "../packages/hash/test/hostile-lengths.ts";
import { hostilePieces } from "../packages/redact/test/hostile-pieces.ts";

const built = (name) => new URL(`../packages/${name}/dist/index.js`, import.meta.url).href;

/** Four times the length may take four times the time, not sixteen; a few milliseconds are noise. */
const growthMax = 9;
const noiseMs = 60;

/** @returns `[{ name, value, unit, isMet }]` */
export async function measureCode(say) {
  const hash = await import(built("hash"));
  const { createRedactor } = await import(built("redact"));
  const { getSchema, loadValidator } = await import(built("schema"));
  const manifest = await largeManifest(getSchema);
  const manifestText = JSON.stringify(manifest);
  const check = await loadValidator("manifest");
  const rows = documentOf((index) =>
    JSON.stringify({ id: index, name: `sample ${index}`, loss: Math.sin(index), tags: ["a", "b"] }),
  );
  const numbers = documentOf((index) => String(Math.sin(index)));
  const strings = documentOf(() => JSON.stringify("lorem ipsum dolor sit amet ".repeat(40)));
  const files = Array.from({ length: 20_000 }, (_, index) => ({
    path: `outputs/run_${index % 97}/checkpoint/epoch_${(index * 7919) % 20_000}.json`,
    digest: hash.digestBytes(String(index)),
  }));
  const tree = hash.formatTree(files);
  const lines = eventLines();
  const redactor = createRedactor();
  const redact = () => {
    const stream = redactor.stream();
    stream.push(lines);
    stream.end();
  };
  const parseLines = () => {
    for (const line of lines.toString("utf8").split("\n")) if (line !== "") JSON.parse(line);
  };
  const shares = [
    ["strict JSON, rows", () => JSON.parse(rows), () => hash.parseStrictJson(rows), 0.12],
    ["strict JSON, numbers", () => JSON.parse(numbers), () => hash.parseStrictJson(numbers), 0.1],
    ["strict JSON, strings", () => JSON.parse(strings), () => hash.parseStrictJson(strings), 0.03],
    ["tree written", () => JSON.stringify(files), () => hash.formatTree(files), 0.1],
    ["tree read", () => JSON.parse(JSON.stringify(files)), () => hash.parseTree(tree), 0.1],
    ["redaction of clean lines", parseLines, redact, 0.3],
    ["a manifest checked", () => JSON.parse(manifestText), () => check(manifest), 0.12],
  ];
  const results = shares.map(([name, parse, ours, bound]) => {
    const [parseMs, oursMs] = fastest(5, [parse, ours]);
    const value = parseMs / oursMs;
    return { name, value, unit: `of the speed of JSON, at least ${bound}`, isMet: value >= bound };
  });
  say("code: hostile text");
  results.push(
    growth("redaction, worst of the hostile texts", hostileTexts(), (text) =>
      createRedactor().text(text),
    ),
    growth("strict JSON, worst of the hostile texts", hostileDocuments(), (text) => {
      try {
        hash.parseStrictJson(text);
      } catch {
        // Refused, which takes its time too.
      }
    }),
  );
  return results;
}

/** A manifest of 20,000 files. */
async function largeManifest(getSchema) {
  const [example] = (await getSchema("manifest")).examples;
  const files = Array.from({ length: 20_000 }, (_, index) => ({
    path: `outputs/shard-${index % 100}/part-${index}.parquet`,
    digest: `sha256:${index.toString(16).padStart(64, "0")}`,
    size: index,
    media_type: "application/vnd.apache.parquet",
    role: "output",
    origin: "output_folder",
  }));
  return { ...example, context: { ...example.context, files } };
}

function* hostileTexts() {
  for (const piece of hostilePieces) {
    const whole = piece.repeat(Math.ceil((1 << 20) / piece.length)).slice(0, 1 << 20);
    yield [whole.slice(0, 1 << 18), whole];
  }
}

function* hostileDocuments() {
  for (const [, make] of hostileLengths) yield [make(1_000_000), make(4_000_000)];
}

function growth(name, texts, work) {
  let value = 0;
  let isMet = true;
  for (const [part, whole] of texts) {
    const [partMs, wholeMs] = fastest(3, [() => work(part), () => work(whole)]);
    isMet &&= wholeMs <= growthMax * partMs + noiseMs;
    if (wholeMs > noiseMs) value = Math.max(value, wholeMs / partMs);
  }
  return { name, value, unit: "times the time for four times the length", isMet };
}

/**
 * The fastest of some goes of each work, in turns and in processor time: what else the machine does
 * comes and goes.
 */
function fastest(goes, works) {
  const best = works.map(() => Number.POSITIVE_INFINITY);
  for (let go = 0; go < goes; go += 1)
    for (const [index, work] of works.entries()) {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      best[index] = Math.min(best[index], (user + system) / 1000);
    }
  return best;
}

/** An array of about 10 MB. */
function documentOf(item) {
  const parts = [];
  for (let index = 0, size = 0; size < 10_000_000; index += 1) {
    const part = item(index);
    parts.push(part);
    size += part.length + 1;
  }
  return `[${parts.join()}]`;
}

function eventLines() {
  const lines = Array.from({ length: 8000 }, (_, step) =>
    JSON.stringify({
      time: `2026-01-01T00:00:0${step % 10}.000Z`,
      event_type: "metric.logged",
      attrs: {
        step,
        loss: Math.sin(step),
        message: "epoch finished; checkpoint saved",
        digest: step.toString(16).padStart(64, "0"),
      },
    }),
  );
  return Buffer.from(`${lines.join("\n")}\n`);
}
