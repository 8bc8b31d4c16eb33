/**
 * Ordinary text of runs. Pairs of characters that are common here are costly to look for; which
 * ones exactly matters for speed only.
 */
const ordinary =
  '{"time":"2026-01-07T09:15:02.381Z","run_id":"f3b9c2de-8a41-4c07-b5e6-19d27aa0c354","event_type":' +
  '"metric.logged","severity":"info","trace":{"trace_id":"8c1f0ae2","span_id":"77d0"},"actor":"engine",' +
  '"attrs":{"step":1200,"loss":0.48213,"accuracy":0.9137,"learning_rate":0.0003,"message":"epoch 12 ' +
  'finished, validation accuracy improved; saving checkpoint to outputs/model_best.pt","status":"ok"}}\n' +
  '{"level":"debug","logger":"training.loop","path":"/data/processed/images/batch-0042.parquet","name":' +
  '"resnet","version":"1.4.2","duration_ms":182,"values":[1,2,3,4.5],"enabled":true,"error":null}\n' +
  "INFO loading configuration from settings.yaml: the model has 124439808 parameters and uses device " +
  "cuda. Warning: this function is deprecated and will be removed in a future release. Traceback (most " +
  "recent call last): File main.py, line 42, in train, raise ValueError. GET https://www.site.org/docs/" +
  "index.html HTTP/1.1 200 application/json; content-type text/plain. import numpy as np; return self." +
  "results.append(value) if index < len(items) else None; const options = new Map(); export function " +
  "parse(input: string, { signal }): Promise<void> { for (const entry of entries) await write(entry); }\n" +
  "When the experiment was repeated with other seeds, the difference between the two conditions stayed " +
  "within the tolerance that had been stated in advance; each measurement is the mean of ten runs. " +
  "prompt completion request response user assistant content role messages temperature max_tokens usage";

const counts = new Uint8Array(128 * 128);
for (let at = 0; at + 1 < ordinary.length; at += 1) {
  const pair = ordinary.charCodeAt(at) * 128 + ordinary.charCodeAt(at + 1);
  counts[pair] = (counts[pair] ?? 0) + 1;
}
/** For each ASCII character: 1 = a hexadecimal digit, 2 = a small letter, 4 = in ordinary text. */
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return (
    (/[0-9a-f]/.test(character) ? 1 : 0) |
    (/[a-z]/.test(character) ? 2 : 0) |
    (/[A-Za-z0-9 "_./:,-]/.test(character) ? 4 : 0)
  );
});

/** How often a pair of characters turns up in ordinary text, as a number without a unit. */
export function pairCost(left: number, right: number): number {
  const seen = left < 128 && right < 128 ? (counts[left * 128 + right] ?? 0) * 10 : 0;
  const both = (kinds[left] ?? 0) & (kinds[right] ?? 0);
  if ((both & 1) !== 0) return seen + 12;
  if ((both & 2) !== 0) return seen + 4;
  return seen + ((both & 4) !== 0 ? 2 : 1);
}
