// How fast small errors grow: a straight line through the logarithm of the error.

/**
 * Logarithm to base 2, from multiplications and comparisons alone. `Math.log2` may differ in its
 * last bits from one machine to the next; this may not.
 */
export function log2(value) {
  if (!(value > 0)) return -1074;
  let rest = value;
  let result = 0;
  for (; rest >= 2; rest /= 2) result += 1;
  for (; rest < 1; rest *= 2) result -= 1;
  for (let bit = 0.5; bit > 1e-12; bit /= 2) {
    rest *= rest;
    if (rest >= 2) {
      rest /= 2;
      result += bit;
    }
  }
  return result;
}

/**
 * Fit `log2(error) = start + rate * time` over the time in which the error is small but no longer
 * an echo of how it was put in: from ten times the perturbation to one unit of length.
 *
 * `doubling_time` is `null` when errors do not grow: the system is then not chaotic.
 */
export function fitGrowth(samples, perturbation) {
  const last = samples.findIndex(({ rms }) => rms >= 1);
  const points = samples
    .slice(0, last === -1 ? samples.length : last)
    .filter(({ rms }) => rms > 10 * perturbation)
    .map(({ time, rms }) => [time, log2(rms)]);
  const line = fitLine(points);
  if (!(line.rate > 0)) return { doubling_time: null, lyapunov_exponent: null, line: null };
  return {
    doubling_time: 1 / line.rate,
    lyapunov_exponent: line.rate * Math.LN2,
    line: { ...line, from: points[0][0], to: points[points.length - 1][0] },
  };
}

function fitLine(points) {
  const count = points.length;
  const meanTime = points.reduce((sum, [time]) => sum + time, 0) / count;
  const meanLog = points.reduce((sum, [, log]) => sum + log, 0) / count;
  let above = 0;
  let below = 0;
  for (const [time, log] of points) {
    above += (time - meanTime) * (log - meanLog);
    below += (time - meanTime) * (time - meanTime);
  }
  const rate = above / below;
  return { rate, start: meanLog - rate * meanTime };
}
