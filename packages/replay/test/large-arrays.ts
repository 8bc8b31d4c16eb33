/**
 * Compares two generated arrays of doubles in a process of its own and prints the memory it took.
 *   node large-arrays.ts BYTES equal|last|all|swapped
 */
import { argv, resourceUsage, stdout } from "node:process";
import { compareNpy } from "../src/compare-npy.ts";
import { npyHeader } from "./npy-writer.ts";

const chunkBytes = 1024 * 1024;
const dataBytes = Number(argv[2]);
const mode = argv[3] ?? "equal";

/** The same chunk over and over; what differs in the candidate is the mode's choice. */
async function* generate(isCandidate: boolean): AsyncGenerator<Uint8Array> {
  const order = mode === "swapped" && isCandidate ? ">" : "<";
  yield npyHeader({ descr: `'${order}f8'`, shape: [1024, dataBytes / 8 / 1024] });
  const numbers = Float64Array.from({ length: chunkBytes / 8 }, (_, index) => index + 0.5);
  const chunk = Buffer.from(numbers.buffer);
  if (order === ">") chunk.swap64();
  if (mode === "all" && isCandidate)
    for (const index of numbers.keys()) numbers[index] = index + 0.75;
  for (let at = 0; at < dataBytes - chunkBytes; at += chunkBytes) yield chunk;
  const last = Float64Array.from(numbers);
  if (mode === "last" && isCandidate) last[last.length - 1] = 0;
  yield new Uint8Array(last.buffer);
}

const result = await compareNpy(generate(false), generate(true));
stdout.write(JSON.stringify({ result, maxRssBytes: resourceUsage().maxRSS * 1024 }));
