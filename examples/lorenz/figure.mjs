// The figure: the attractor, the moment the forecasts part, and how fast errors grow. SVG as text.
import { log2 } from "./growth.mjs";
import { bounds, hundredths, ink, line, power, scale, short, tenth, tenths, text } from "./svg.mjs";

const WIDTH = 1280;
const HEIGHT = 720;
const THIN = 10; // The panels over time need each tenth sample only.
const LOG2_OF_10 = 3.321928094887362;

/** Draw everything; `samples` are equally spaced in time. */
export function drawFigure({ samples, finalState, growth, summary }) {
  const end = samples[samples.length - 1].time;
  const { members, perturbation, sigma, rho, beta, dt } = summary.parameters;
  const apart = power(perturbation);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif" font-size="15" fill="${ink.text}">`,
    `<title>Lorenz 1963: ${members} starts that differ by ${apart}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fdfdfb"/>`,
    text(56, 62, `${members} starts, ${apart} apart`, { size: 32, weight: 700 }),
    text(
      56,
      92,
      `Lorenz 1963 · σ ${short(sigma)} · ρ ${short(rho)} · β ${short(beta)} · Runge–Kutta 4, Δt ${short(dt)} · seed ${summary.seed}`,
      { size: 16, fill: ink.quiet },
    ),
    ...butterfly(samples, finalState, { left: 56, right: 716, top: 128, bottom: 640 }),
    text(56, 684, `● the first start, from t = 0 to ${short(end)}`, { fill: ink.one }),
    text(360, 684, `● where all ${members} are at t = ${short(end)}`, { fill: ink.many }),
    ...forecasts(samples, summary, { left: 800, right: 1232, top: 128, bottom: 330 }),
    text(800, 684, "line: root mean square · band: nearest to farthest", { fill: ink.quiet }),
    ...errors(samples, growth, summary, { left: 800, right: 1232, top: 420, bottom: 640 }),
    "</svg>",
  ].join("\n")}\n`;
}

function butterfly(samples, finalState, box) {
  const members = Array.from({ length: finalState.length / 3 }, (_, at) => 3 * at);
  const xs = [...samples.map((sample) => sample.x), ...members.map((at) => finalState[at])];
  const zs = [...samples.map((sample) => sample.z), ...members.map((at) => finalState[at + 2])];
  const x = scale(bounds(xs), box.left, box.right);
  const z = scale(bounds(zs), box.bottom, box.top);
  const points = samples.map((sample) => [x(sample.x), z(sample.z)]);
  const [startX, startZ] = points[0];
  const dots = members
    .slice(1)
    .map((at) => `M${tenths(x(finalState[at]))} ${tenths(z(finalState[at + 2]))}h0`);
  return [
    line(points, { stroke: ink.one, width: 1.1, opacity: 0.6 }),
    `<path transform="scale(.1)" d="${dots.join("")}" stroke="#fff" stroke-width="62" stroke-linecap="round" opacity=".85"/>`,
    `<path transform="scale(.1)" d="${dots.join("")}" stroke="${ink.many}" stroke-width="46" stroke-linecap="round" opacity=".9"/>`,
    `<circle cx="${tenth(startX)}" cy="${tenth(startZ)}" r="7" fill="#fff" stroke="${ink.text}" stroke-width="3"/>`,
    text(tenth(startX) - 14, tenth(startZ) + 6, "all start here", {
      size: 18,
      weight: 700,
      anchor: "end",
      halo: true,
    }),
  ];
}

function forecasts(samples, summary, box) {
  const thin = samples.filter((_, at) => at % THIN === 0);
  const time = scale([0, thin[thin.length - 1].time], box.left, box.right);
  const x = scale(bounds(thin.flatMap((sample) => sample.xs)), box.bottom, box.top);
  const tracks = thin[0].xs.map((_, member) =>
    thin.map((each) => [time(each.time), x(each.xs[member])]),
  );
  const [first, ...others] = tracks;
  const parts = others.map((track) => line(track, { stroke: ink.many, width: 0.9, opacity: 0.55 }));
  return [
    text(box.left, box.top - 26, `x, from ${tracks.length} of the starts`, {
      size: 17,
      weight: 600,
    }),
    ...horizon(time, summary, box),
    ...parts,
    line(first, { stroke: ink.one, width: 1.5, opacity: 1 }),
    ...timeAxis(time, thin[thin.length - 1].time, box),
  ];
}

function errors(samples, growth, summary, box) {
  const thin = samples.filter((_, at) => at % THIN === 0);
  const end = thin[thin.length - 1].time;
  const time = scale([0, end], box.left, box.right);
  const lowest = Math.floor(
    log2(Math.min(...thin.map((each) => each.least || each.rms))) / LOG2_OF_10,
  );
  const decades = [Math.max(lowest, -18), 2];
  const height = scale(decades, box.bottom, box.top);
  const at = (value) => height(Math.max(log2(value) / LOG2_OF_10, decades[0]));
  const upper = thin.map((each) => [time(each.time), at(each.most)]);
  const lower = thin.map((each) => [time(each.time), at(each.least)]);
  const marks = [];
  for (let decade = decades[0]; decade <= decades[1]; decade += 2) {
    const y = tenth(height(decade));
    marks.push(`<path d="M${box.left} ${y}H${box.right}" stroke="${ink.grid}"/>`);
    marks.push(
      text(box.left - 10, y + 5, decadeLabel(decade), { anchor: "end", size: 13, fill: ink.quiet }),
    );
  }
  return [
    text(box.left, box.top - 26, "Distance from the first start", { size: 17, weight: 600 }),
    ...marks,
    ...horizon(time, summary, box),
    line([...upper, ...lower.reverse()], { fill: ink.one, opacity: 0.14 }),
    line(
      thin.map((each) => [time(each.time), at(each.rms)]),
      { stroke: ink.one, width: 2.2, opacity: 1 },
    ),
    ...fitted(growth, time, height, box),
    ...timeAxis(time, end, box),
  ];
}

function fitted({ line: fit, doubling_time: doublingTime }, time, height, box) {
  if (fit === null)
    return [
      text(box.right, box.top + 18, "errors do not grow", { anchor: "end", size: 17, weight: 600 }),
    ];
  const ends = [fit.from, fit.to].map((t) => [
    time(t),
    height((fit.start + fit.rate * t) / LOG2_OF_10),
  ]);
  return [
    line(ends, { stroke: ink.many, width: 2, opacity: 1, dash: "70 50" }),
    text(box.right, box.bottom - 40, `doubles every ${hundredths(doublingTime)}`, {
      anchor: "end",
      size: 21,
      weight: 700,
      fill: ink.many,
    }),
    text(box.right, box.bottom - 18, "time units", { anchor: "end", size: 15, fill: ink.many }),
  ];
}

/** From here on the forecasts have nothing to do with each other. */
function horizon(time, { predictability_time: when }, box) {
  if (when === null) return [];
  const x = tenth(time(when));
  return [
    `<rect x="${x}" y="${box.top}" width="${tenth(box.right - x)}" height="${box.bottom - box.top}" fill="${ink.many}" opacity=".07"/>`,
    `<path d="M${x} ${box.top}V${box.bottom}" stroke="${ink.many}" stroke-dasharray="2 4"/>`,
    text(x + 6, box.top - 6, `t = ${tenth(when)}`, { size: 13, fill: ink.many }),
  ];
}

function timeAxis(time, end, box) {
  const parts = [`<path d="M${box.left} ${box.bottom}H${box.right}" stroke="${ink.quiet}"/>`];
  for (let count = 0; count <= 4; count += 1) {
    const value = (end * count) / 4;
    const label = count === 4 ? `t = ${short(value)}` : short(value);
    parts.push(
      text(tenth(time(value)), box.bottom + 20, label, {
        anchor: "middle",
        size: 13,
        fill: ink.quiet,
      }),
    );
  }
  return parts;
}

function decadeLabel(decade) {
  return decade < 0 ? power(`1e${decade}`) : "1".padEnd(decade + 1, "0");
}
