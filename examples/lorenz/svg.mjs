// The few shapes that the figure is made of.

// Blue and vermillion of Okabe and Ito: told apart by every eye, and in grey print.
export const ink = {
  text: "#1b2733",
  quiet: "#5d6b7a",
  grid: "#e3e8ee",
  one: "#0b5fa5",
  many: "#d55e00",
};

/**
 * A line or an area through points. Coordinates are whole tenths of a pixel, each relative to the
 * one before: exact, and half the size.
 */
export function line(points, { stroke = "none", width = 0, fill = "none", opacity, dash }) {
  let [x, y] = points[0].map(tenths);
  let d = `M${x} ${y}l`;
  for (const point of points.slice(1)) {
    const [nextX, nextY] = point.map(tenths);
    d += `${nextX - x} ${nextY - y} `;
    [x, y] = [nextX, nextY];
  }
  const dashes = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
  return `<path transform="scale(.1)" d="${d.trimEnd().replaceAll(" -", "-")}" fill="${fill}" stroke="${stroke}" stroke-width="${Math.round(width * 10)}" stroke-linejoin="round" opacity="${opacity}"${dashes}/>`;
}

/** A line of text; a halo keeps it legible over other shapes. */
export function text(
  x,
  y,
  content,
  { size = 15, weight = 400, fill = ink.text, anchor = "start", halo = false },
) {
  const behind = halo ? ' stroke="#fdfdfb" stroke-width="6" paint-order="stroke"' : "";
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}"${behind}>${content}</text>`;
}

/** A linear map of values to pixels. */
export function scale([from, to], start, end) {
  return (value) => start + ((value - from) / (to - from || 1)) * (end - start);
}

/** The smallest and the largest value. */
export function bounds(values) {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

/** Whole tenths of a pixel, as the coordinates of a path scaled by a tenth. */
export function tenths(value) {
  return Math.round(value * 10);
}

/** A number with one decimal. */
export function tenth(value) {
  return Math.round(value * 10) / 10;
}

/** A number with two decimals. */
export function hundredths(value) {
  return (Math.round(value * 100) / 100).toFixed(2);
}

/** A number with at most four decimals. */
export function short(value) {
  return String(Math.round(value * 10000) / 10000);
}

/** A small number as a power of ten: `1e-8` is 10⁻⁸. */
export function power(value) {
  const [factor, exponent] = String(value).split("e");
  if (exponent === undefined) return factor;
  const raised = exponent.replaceAll(
    /[-0-9]/g,
    (digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)],
  );
  return `${factor === "1" ? "" : `${factor}·`}10${raised}`;
}
