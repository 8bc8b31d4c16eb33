import { sides } from "./compare-json.ts";
import { compareNumbers } from "./compare-numbers.ts";
import { createTally, type PayloadComparison } from "./payload-comparison.ts";
import { readPng } from "./png.ts";
import { exact, type NumberTolerance } from "./tolerance.ts";

/**
 * Compare two PNG images pixel by pixel, channel values within the tolerance.
 *
 * Width, height and mode must be the same; how the pixels are packed, profiles and texts may
 * differ. The first difference is the first pixel, row by row, with a channel beyond tolerance,
 * and quotes its channels. The largest absolute error is that of a channel, in steps of its depth;
 * the count is of pixels.
 * @throws `REPLAY_PNG_INVALID` when one of the two cannot be read; see `readPng`.
 */
export async function comparePng(
  original: Uint8Array,
  candidate: Uint8Array,
  tolerance: NumberTolerance = exact,
): Promise<PayloadComparison> {
  const a = await readPng(original);
  const b = await readPng(candidate);
  const [sizeA, sizeB] = [
    [a.width, a.height],
    [b.width, b.height],
  ];
  if (a.width !== b.width || a.height !== b.height)
    return { status: "different", firstDifference: { aspect: "size", ...sides(sizeA, sizeB) } };
  if (a.mode !== b.mode || a.channels !== b.channels) {
    const [modeA, modeB] = [modeOf(a), modeOf(b)];
    return { status: "different", firstDifference: { aspect: "mode", ...sides(modeA, modeB) } };
  }
  const { channels, width } = a;
  const tally = createTally();
  let differingCount = 0;
  let lastPixel = -1;
  for (let at = 0; at < a.samples.length; at += 1) {
    const [x, y] = [a.samples[at] ?? 0, b.samples[at] ?? 0];
    if (x === y) continue;
    const pixel = Math.floor(at / channels);
    if (pixel !== lastPixel) differingCount += 1;
    lastPixel = pixel;
    tally.number(compareNumbers(x, y, tolerance, noDistance), () => {
      const [start, end] = [pixel * channels, (pixel + 1) * channels];
      return {
        x: pixel % width,
        y: Math.floor(pixel / width),
        ...sides([...a.samples.subarray(start, end)], [...b.samples.subarray(start, end)]),
      };
    });
  }
  return { ...tally.result(), ...(differingCount > 0 && { differingCount }) };
}

/** The mode, and whether palettes and transparent colours add to its channels. */
function modeOf({ mode, channels }: { readonly mode: string; readonly channels: number }): string {
  return `${mode}, ${channels} channel${channels === 1 ? "" : "s"}`;
}

/** Channel values are integers; they have no last place. */
function noDistance(): number {
  return Number.NaN;
}
