// Seeded inputs: the same seed gives the same bytes on every machine. See docs/performance.md.
import { createCipheriv, createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";

const kibibyte = 1024;
const mebibyte = 1024 * 1024;

/** What can be generated, by name. `scale` 1 is what the goals are stated for. */
const workloads = {
  w1: { about: "20,000 files of 1-16 KiB in 200 run folders, a tenth of them copies", make: w1 },
  w2: { about: "8 large files that do not compress, and copies of two of them", make: w2 },
  w4: { about: "one training run: 500 arrays, 2 checkpoints, logs, configuration", make: w4 },
  w5: { about: "10 files of JSON lines that repeat themselves, 200 MiB", make: w5 },
  pool: { about: "50,000 files of 1-16 KiB in 500 run folders of five families", make: pool },
  tree: { about: "a workspace: 20,000 source files and 100,000 ignored ones", make: tree },
  npy: { about: "an array of 1 GiB, one with another last element, one a little off", make: npy },
  small: { about: "a workspace of 100 files", make: small },
};

/** Write a workload into a folder that is not there. */
export function makeWorkload(name, folder, scale) {
  made.clear();
  mkdirSync(folder, { recursive: true });
  workloads[name].make(folder, scale);
}

function w1(folder, scale) {
  const shared = Array.from({ length: 10 }, (_, index) => smallFile(`w1 shared ${index}`));
  for (let run = 0; run < Math.max(1, Math.round(200 * scale)); run += 1) {
    for (let index = 0; index < 100; index += 1) {
      const { ending, text } = shared[index] ?? smallFile(`w1 ${run} ${index}`);
      const place = index < 10 ? "" : index % 2 === 0 ? "results" : "checks";
      const name = `${String(index).padStart(3, "0")}.${ending}`;
      write(join(folder, `series-${run % 5}`, `run-${run}`, place, name), text);
    }
  }
}

function pool(folder, scale) {
  const places = ["microstructure/proofs", "bench", "smoke90", "explain_delta", "greenwall"];
  for (let run = 0; run < Math.max(10, Math.round(500 * scale)); run += 1) {
    const time = new Date(Date.UTC(2026, 0, 1) + run * 60_000).toISOString().slice(0, 19);
    const name = `run_${time.replaceAll(/[-:]/g, "").replace("T", "_")}`;
    for (let index = 0; index < 100; index += 1) {
      const { ending, text } = smallFile(`pool ${run} ${index}`);
      const file = `part-${index}.${ending === "json" ? "jsonl" : ending}`;
      write(join(folder, name, places[run % places.length], file), text);
    }
  }
}

function w2(folder, scale) {
  const size = Math.max(1, Math.round(128 * scale)) * mebibyte;
  for (let index = 0; index < 8; index += 1)
    writeNoise(join(folder, `array-${index}.bin`), `w2 ${index}`, size);
  for (const index of [0, 3]) writeNoise(join(folder, `copy-${index}.bin`), `w2 ${index}`, size);
}

function w4(folder, scale) {
  write(join(folder, "config.yaml"), "model: resnet\noptimiser:\n  learning_rate: 0.001\n");
  write(join(folder, "logs", "train.jsonl"), records(chance("w4 log"), 4 * mebibyte * scale));
  write(join(folder, "logs", "stdout.log"), prose(chance("w4 out"), mebibyte * scale));
  const count = Math.max(1, Math.round(500 * scale));
  for (let index = 0; index < count; index += 1)
    write(join(folder, "predictions", `frame-${index}.npz`), arrayFile(`w4 ${index}`, index));
  const size = Math.max(1, Math.round(100 * scale)) * mebibyte;
  for (const name of ["best", "last"])
    writeNoise(join(folder, "checkpoints", `${name}.pt`), `w4 ${name}`, size);
}

function w5(folder, scale) {
  const size = 20 * mebibyte * scale;
  const venues = ["kraken", "binance", "okx", "coinbase"];
  const symbols = ["BTCUSD", "ETHUSD", "SOLUSD", "ADAUSD", "XRPUSD"];
  for (let file = 0; file < 10; file += 1) {
    const next = chance(`w5 ${file}`);
    const pick = (words) => words[Math.floor(next() * words.length)];
    const lines = [];
    for (let length = 0; length < size; length += lines.at(-1).length) {
      const record = {
        schema: "microstructure.proof.v1",
        venue: pick(venues),
        symbol: pick(symbols),
        regime: pick(["calm", "volatile", "normal"]),
        check: "spread_bps_max",
        status: next() < 0.97 ? "pass" : "fail",
        ts: new Date(Date.UTC(2026, 0, 1) + lines.length * 1000).toISOString(),
        spread_bps: 1 + Math.floor(next() * 60),
        depth_usd: 1000 * (100 + Math.floor(next() * 300)),
        vadr: 1 + Math.floor(next() * 30) / 10,
        source: "exchange-native-l2",
        seq: lines.length,
      };
      lines.push(`${JSON.stringify(record)}\n`);
    }
    write(join(folder, `proof-${file}.jsonl`), lines.join(""));
  }
}

function tree(folder, scale) {
  write(join(folder, ".gitignore"), "/cache-files/\n*.tmp\n");
  const words = chance("tree");
  for (let index = 0; index < Math.round(20_000 * scale); index += 1)
    write(join(folder, "src", `part-${index % 200}`, `m${index}.py`), prose(words, 400));
  for (let index = 0; index < Math.round(100_000 * scale); index += 1)
    write(join(folder, "cache-files", `part-${index % 1000}`, `${index}.bin`), `${index}`);
}

function small(folder) {
  const words = chance("small");
  for (let index = 0; index < 100; index += 1)
    write(join(folder, "src", `m${index}.py`), prose(words, 1000));
}

function npy(folder, scale) {
  const next = chance("npy");
  const pieces = Math.max(1, Math.round(1024 * scale));
  const values = Float64Array.from({ length: mebibyte / 8 }, () => 1 + next());
  const shape = `(${(pieces * mebibyte) / 8},)`;
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  const prelude = Buffer.from("\x93NUMPY\x01\0v\0", "latin1"); // Version 1, a header of 118 bytes.
  const own = Buffer.from(values.buffer);
  const near = Buffer.from(values.map((value) => value * (1 + 1e-12)).buffer);
  const last = Buffer.concat([own.subarray(0, -8), near.subarray(-8)]);
  for (const [name, piece, end] of [
    ["original", own, own],
    ["last", own, last],
    ["near", near, near],
  ]) {
    mkdirSync(join(folder, name), { recursive: true });
    const file = openSync(join(folder, name, "array.npy"), "w");
    writeSync(file, Buffer.concat([prelude, Buffer.from(`${text}\n`)]));
    for (let index = 1; index < pieces; index += 1) writeSync(file, piece);
    writeSync(file, end);
    closeSync(file);
  }
}

/** Numbers in [0, 1) from a seed: xoshiro128**, which needs nothing but 32-bit arithmetic. */
function chance(label) {
  const seed = createHash("sha256").update(`reseal bench ${label}`).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => seed.readUInt32LE(at));
  const rotate = (value, by) => (value << by) | (value >>> (32 - by));
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result / 2 ** 32;
  };
}

const vocabulary =
  "epoch step loss batch gradient tensor layer weight sample mean variance spread phase drift seed score window frame mesh signal".split(
    " ",
  );

function word(next) {
  return vocabulary[Math.floor(next() * vocabulary.length)];
}

function smallFile(label) {
  const next = chance(label);
  const size = kibibyte + Math.floor(next() * 15 * kibibyte);
  const kind = next();
  if (kind < 0.4) return { ending: "json", text: document(next, size) };
  if (kind < 0.75) return { ending: "jsonl", text: records(next, size) };
  return { ending: "md", text: prose(next, size) };
}

function record(next, step) {
  return {
    time: new Date(Date.UTC(2026, 0, 1) + step * 7000).toISOString(),
    event: `${word(next)}.${word(next)}`,
    step,
    loss: Number(next().toFixed(6)),
    span: Math.floor(next() * 2 ** 32).toString(16),
    ok: next() > 0.05,
  };
}

function records(next, size) {
  const lines = [];
  for (let length = 0; length < size; length += lines.at(-1).length)
    lines.push(`${JSON.stringify(record(next, lines.length))}\n`);
  return lines.join("");
}

function document(next, size) {
  const rows = [];
  for (let length = 0; length < size; length += 110) rows.push(record(next, rows.length));
  return JSON.stringify({ schema_version: 1, rows });
}

function prose(next, size) {
  let text = "# Report\n\n";
  while (text.length < size) {
    const words = Array.from({ length: 6 + Math.floor(next() * 10) }, () => word(next));
    text += `${words.join(" ")} ${next().toFixed(8)}.\n`;
  }
  return text;
}

/** A stored ZIP with one smooth, slightly noisy float array, as numpy's `savez` writes it. */
function arrayFile(label, phase) {
  const next = chance(label);
  const values = new Float32Array(50 * kibibyte);
  for (let index = 0; index < values.length; index += 1)
    values[index] = Math.sin(index * 0.01 + phase) + next() * 1e-3;
  const data = Buffer.from(values.buffer);
  const name = Buffer.from("values.npy");
  const local = Buffer.alloc(30);
  const central = Buffer.alloc(46);
  const end = Buffer.alloc(22);
  local.writeUInt32LE(0x04034b50, 0);
  central.writeUInt32LE(0x02014b50, 0);
  end.writeUInt32LE(0x06054b50, 0);
  for (const [header, at] of [
    [local, 4],
    [central, 6],
  ]) {
    header.writeUInt16LE(20, at);
    header.writeUInt32LE(crc32(data), at + 10);
    header.writeUInt32LE(data.length, at + 14);
    header.writeUInt32LE(data.length, at + 18);
    header.writeUInt16LE(name.length, at + 22);
  }
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + data.length, 16);
  return Buffer.concat([local, name, data, central, name, end]);
}

const made = new Set();

function write(path, content) {
  const folder = dirname(path);
  if (!made.has(folder)) mkdirSync(folder, { recursive: true });
  made.add(folder);
  writeFileSync(path, content);
}

/** Bytes that do not compress: a cipher over zeros. */
function writeNoise(path, label, size) {
  const key = createHash("sha256").update(`reseal bench ${label}`).digest();
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16));
  const zeros = Buffer.alloc(mebibyte);
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w");
  for (let at = 0; at < size; at += mebibyte) writeSync(file, cipher.update(zeros));
  closeSync(file);
}
