/**
 * Prints how fast a redaction stream is, next to JSON.parse of the same lines in the same process:
 * `node packages/redact/test/speed.ts [megabytes]`. Best of five goes each, taken in turns.
 */
import { createRedactor } from "../src/redactor.ts";
import { providers } from "./corpus.ts";
import { Random } from "./random.ts";

const megabytes = Number(process.argv[2] ?? 50);
const random = new Random(7);

/** JSON lines as runs write them; every `every`-th holds a secret. */
function lines(every: number, kinds: readonly string[] | undefined, escaped: boolean): Buffer {
  const chosen = providers.filter(({ name }) => kinds === undefined || kinds.includes(name));
  const parts: string[] = [];
  let size = 0;
  for (let step = 0; size < megabytes * 1e6; step += 1) {
    const attrs: Record<string, unknown> = {
      step,
      loss: random.below(1e9) / 1e9,
      message: `epoch ${step} finished, validation accuracy improved; saving model_${step}.pt`,
      digest: `sha256:${random.hex(64)}`,
    };
    if (escaped) attrs.body = JSON.stringify({ role: "user", content: 'say "hello"\n', n: [1, 2] });
    if (every > 0 && step % every === 0) {
      const provider = random.pick(chosen);
      attrs[provider.variable.toLowerCase()] = provider.make(random);
    }
    const line = `${JSON.stringify({
      time: `2026-01-01T09:00:0${step % 10}.123Z`,
      run_id: random.uuid(),
      event_type: "metric.logged",
      severity: "info",
      trace: { trace_id: random.hex(32), span_id: random.hex(16) },
      actor: "engine",
      attrs,
    })}\n`;
    parts.push(line);
    size += line.length;
  }
  return Buffer.from(parts.join(""));
}

function parse(bytes: Buffer): void {
  for (const line of bytes.toString("utf8").split("\n")) if (line !== "") JSON.parse(line);
}

function redact(bytes: Buffer): number {
  const stream = createRedactor().stream();
  for (let at = 0; at < bytes.length; at += 1 << 20)
    stream.push(bytes.subarray(at, at + (1 << 20)));
  stream.end();
  return stream.findings.reduce((sum, { count }) => sum + count, 0);
}

function milliseconds(step: () => void): number {
  const start = performance.now();
  step();
  return performance.now() - start;
}

const tokens = providers.map(({ name }) => name).filter((name) => !/ key$|^jwt$/.test(name));
const cases: readonly (readonly [string, Buffer])[] = [
  ["clean", lines(0, undefined, false)],
  ["clean, escaped JSON inside", lines(0, undefined, true)],
  ["a secret in every 20th line", lines(20, undefined, false)],
  ["a secret in every 5th line", lines(5, undefined, false)],
  ["a token in every line", lines(1, tokens, false)],
  ["a secret in every line, private keys too", lines(1, undefined, false)],
];
for (const [name, bytes] of cases) {
  let [parsed, redacted, found] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
  for (let go = 0; go < 5; go += 1) {
    parsed = Math.min(
      parsed,
      milliseconds(() => parse(bytes)),
    );
    redacted = Math.min(
      redacted,
      milliseconds(() => (found = redact(bytes))),
    );
  }
  const speed = (time: number): string => `${(bytes.length / 1e3 / time).toFixed(0)} MB/s`;
  const ratio = (parsed / redacted).toFixed(2);
  console.log(
    `${name}: JSON.parse ${speed(parsed)}, redact ${speed(redacted)}, ratio ${ratio}, ${found} found`,
  );
}
