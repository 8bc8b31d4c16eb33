/** Two courses of one quantity. */
export interface Plot {
  readonly title: string;
  readonly original: readonly number[];
  readonly candidate: readonly number[];
}

const [width, height, margin] = [640, 200, 44];
/** Points per line: one for each pixel is all that can be seen. */
const pointsMax = 600;

/** A plot of both courses as one `<svg>` element, without scripts or style attributes. */
export function plotSvg({ title, original, candidate }: Plot): string {
  const values = [...finite(original), ...finite(candidate)];
  if (values.length === 0) return "";
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const span = high - low || Math.abs(high) || 1;
  const count = Math.max(original.length, candidate.length, 2);
  const x = (index: number): number => margin + (index / (count - 1)) * (width - 2 * margin);
  const y = (value: number): number =>
    height - margin / 2 - ((value - low) / span) * (height - margin * 1.2);
  const first = firstDifferent(original, candidate);
  const name = escapeXml(title);
  const mark =
    first === undefined
      ? ""
      : `<line class="first" x1="${x(first).toFixed(1)}" x2="${x(first).toFixed(1)}" y1="12" y2="${height - 22}"/>` +
        `<text x="${Math.min(x(first) + 4, width - 150).toFixed(1)}" y="22">first difference: ${first}</text>`;
  return [
    `<svg role="img" viewBox="0 0 ${width} ${height}" aria-label="${name}">`,
    `<title>${name}</title>`,
    `<line class="axis" x1="${margin}" x2="${width - margin}" y1="${height - 22}" y2="${height - 22}"/>`,
    `<line class="axis" x1="${margin}" x2="${margin}" y1="12" y2="${height - 22}"/>`,
    `<text x="2" y="20">${escapeXml(short(high))}</text>`,
    `<text x="2" y="${height - 24}">${escapeXml(short(low))}</text>`,
    `<text x="${margin}" y="${height - 6}">0</text>`,
    `<text x="${width - margin - 30}" y="${height - 6}">${count - 1}</text>`,
    mark,
    ...paths(original, "original", x, y),
    ...paths(candidate, "candidate", x, y),
    "</svg>",
  ].join("");
}

function finite(values: readonly number[]): readonly number[] {
  return values.filter(Number.isFinite);
}

/** NaN on both sides is no difference. */
function firstDifferent(a: readonly number[], b: readonly number[]): number | undefined {
  for (let index = 0; index < Math.max(a.length, b.length); index++)
    if (!Object.is(a[index], b[index]) && a[index] !== b[index]) return index;
  return undefined;
}

/** One path for each stretch of numbers; what is not finite is a gap. */
function paths(
  values: readonly number[],
  name: string,
  x: (index: number) => number,
  y: (value: number) => number,
): string[] {
  const lines: string[] = [];
  let line: string[] = [];
  const end = (): void => {
    if (line.length > 0) lines.push(`<polyline class="${name}" points="${line.join(" ")}"/>`);
    line = [];
  };
  for (const index of shownIndexes(values)) {
    const value = values[index] ?? Number.NaN;
    if (Number.isFinite(value)) line.push(`${x(index).toFixed(1)},${y(value).toFixed(1)}`);
    else end();
  }
  end();
  return lines;
}

/** The lowest and highest of each stretch, so that a peak is never lost. */
function shownIndexes(values: readonly number[]): number[] {
  if (values.length <= pointsMax) return [...values.keys()];
  const step = values.length / (pointsMax / 2);
  const indexes: number[] = [];
  for (let start = 0; start < values.length; start += step) {
    const [from, to] = [Math.floor(start), Math.min(values.length, Math.floor(start + step))];
    let [low, high] = [from, from];
    for (let index = from; index < to; index++) {
      if ((values[index] ?? 0) < (values[low] ?? 0)) low = index;
      if ((values[index] ?? 0) > (values[high] ?? 0)) high = index;
    }
    indexes.push(Math.min(low, high), ...(low === high ? [] : [Math.max(low, high)]));
  }
  return indexes;
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

/** Text as it may stand between tags and in quoted attributes of HTML and XML. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
      character === "\n" || character === "\t" ? character : "\ufffd",
    )
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
