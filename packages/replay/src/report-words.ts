import type {
  ArrayDifference,
  FileDifference,
  FirstDifference,
  IgnoreRules,
  MetricTolerance,
  MetricValue,
  Tolerance,
} from "@reseal/schema";

const aspectWords: Readonly<Record<NonNullable<FirstDifference["aspect"]>, string>> = {
  dtype: "the type of the elements",
  shape: "the shape",
  order: "the order of the elements",
  size: "width and height",
  mode: "the kind of pixels",
};

/** Where a difference is, in words: `run.npz, array w, element [2, 0]`. */
export function placeText(difference: FirstDifference, withPath: boolean): string {
  const { path, pointer, row, key, column, line, offset, step, ...rest } = difference;
  const { array, index, field, x, y, aspect } = rest;
  const named = Object.entries(key ?? {}).map(([name, cell]) => `${name} = ${cell}`);
  return [
    withPath ? path : undefined,
    array === undefined ? undefined : `array ${array}`,
    aspect === undefined ? undefined : aspectWords[aspect],
    pointer === undefined ? undefined : `at ${pointer || "/"}`,
    step === undefined ? undefined : `step ${step}`,
    row === undefined ? undefined : `row ${row}`,
    named.length === 0 ? undefined : `where ${named.join(" and ")}`,
    column === undefined ? undefined : `column ${column}`,
    line === undefined ? undefined : `line ${line}`,
    index === undefined ? undefined : `element ${indexText(index)}`,
    field === undefined ? undefined : `field ${field}`,
    x === undefined || y === undefined ? undefined : `pixel x ${x}, y ${y}`,
    offset === undefined ? undefined : `byte ${offset}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}

/** An array without dimensions has one element, which needs no number. */
function indexText(index: readonly number[]): string {
  return index.length === 0 ? "()" : `[${index.join(", ")}]`;
}

/** How a file or array relates, in words: `within tolerance`, `different (ignored)`. */
export function statusText({
  status,
  ignored,
}: Pick<FileDifference, "status" | "ignored">): string {
  return `${status.replaceAll("_", " ")}${ignored === true ? " (ignored)" : ""}`;
}

/** How much differs, in words: `2 values, by at most 0.5 (relative 0.1, 4 ulp)`; empty if unknown. */
export function errorText(
  file: Omit<ArrayDifference, "name" | "status">,
  as?: FileDifference["compared_as"],
): string {
  const { differing_count: count, max_absolute_error: absolute } = file;
  const { max_relative_error: relative, max_ulp_error: ulp } = file;
  const unit = as === undefined ? "value" : (unitWords[as] ?? "value");
  const many = count === undefined ? "" : `${count} ${unit}${count === 1 ? "" : "s"}`;
  const besides = [
    ...(relative === undefined ? [] : [`relative ${rounded(relative)}`]),
    ...(typeof ulp === "number" && ulp <= ulpShownMax ? [`${ulp} ulp`] : []),
  ];
  const size =
    absolute === undefined
      ? besides.join(", ")
      : `by at most ${rounded(absolute)}${besides.length === 0 ? "" : ` (${besides.join(", ")})`}`;
  return [many, size].filter((part) => part !== "").join(", ");
}

/** What is further away is not told apart by rounding, so its distance in steps says nothing. */
const ulpShownMax = 2 ** 20;

/** Six digits are enough to read; reports for programs have them all. */
function rounded(value: MetricValue): string {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : value;
}

const unitWords: Readonly<Partial<Record<NonNullable<FileDifference["compared_as"]>, string>>> = {
  text: "line",
  array: "element",
  arrays: "element",
  image: "pixel",
};

/** What may differ, a rule a line. */
export function toleranceLines(tolerance: Tolerance): string[] {
  const { metrics = {}, files = {}, keys = {}, ignore } = tolerance;
  const each = (what: string, said: Readonly<Record<string, MetricTolerance>>): string[] =>
    Object.entries(said).map(([name, one]) => `${what} ${name}: ${numbersText(one)}`);
  return [
    `numbers: ${numbersText(tolerance)}`,
    ...each("metric", metrics),
    ...each("file", files),
    ...Object.entries(keys).map(
      ([path, columns]) => `table ${path}: rows by ${columns.join(", ")}`,
    ),
    ...ignoreLines(ignore),
  ];
}

function numbersText({ absolute, relative, ulp = 0, nan }: MetricTolerance): string {
  const parts = [
    ...(absolute > 0 ? [`absolute ${absolute}`] : []),
    ...(relative > 0 ? [`relative ${relative}`] : []),
    ...(ulp > 0 ? [`${ulp} ulp`] : []),
  ];
  const numbers = parts.length === 0 ? "exact" : parts.join(", ");
  return nan === "different" ? `${numbers}; NaN differs from NaN` : numbers;
}

function ignoreLines({ paths, pointers, columns }: IgnoreRules = {}): string[] {
  return [
    ...(paths === undefined ? [] : [`ignored files: ${paths.join(", ")}`]),
    ...(pointers === undefined ? [] : [`ignored in JSON: ${pointers.join(", ")}`]),
    ...(columns === undefined ? [] : [`ignored columns: ${columns.join(", ")}`]),
  ];
}
