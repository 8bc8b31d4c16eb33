import type { NpyDtype, NpyScalar, NpyScalarKind } from "./npy-dtype.ts";

const letters: Readonly<Record<NpyScalarKind, string>> = {
  bool: "b",
  int: "i",
  uint: "u",
  float: "f",
  complex: "c",
  bytes: "S",
  text: "U",
  void: "V",
  datetime: "M",
  timedelta: "m",
};

/** A type as NumPy's `dtype.str` names it, `<f8`, or its `descr`, `[('x', '<f4', (2,))]`. */
export function dtypeName(dtype: NpyDtype): string {
  return dtype.kind === "struct" || dtype.kind === "array"
    ? descrOf(dtype, true)
    : scalarName(dtype, true);
}

/** Whether elements have the same parts in the same places, whatever the order of their bytes. */
export function isSameDtype(a: NpyDtype, b: NpyDtype): boolean {
  return descrOf(a, false) === descrOf(b, false);
}

function descrOf(dtype: NpyDtype, withOrder: boolean): string {
  if (dtype.kind === "array") return `(${descrOf(dtype.item, withOrder)}, ${tuple(dtype.shape)})`;
  if (dtype.kind !== "struct") return `'${scalarName(dtype, withOrder)}'`;
  const parts: string[] = [];
  let end = 0;
  const padTo = (offset: number): void => {
    if (offset > end) parts.push(`('', '|V${offset - end}')`);
  };
  for (const { name, offset, dtype: inner } of dtype.fields) {
    padTo(offset);
    parts.push(`(${field(name, inner, withOrder)})`);
    end = offset + inner.itemsize;
  }
  padTo(dtype.itemsize);
  return `[${parts.join(", ")}]`;
}

function field(name: string, dtype: NpyDtype, withOrder: boolean): string {
  const quoted = `'${name.replaceAll(/[\\']/g, "\\$&")}'`;
  if (dtype.kind !== "array") return `${quoted}, ${descrOf(dtype, withOrder)}`;
  return `${quoted}, ${descrOf(dtype.item, withOrder)}, ${tuple(dtype.shape)}`;
}

function scalarName({ kind, itemsize, isBigEndian, unit }: NpyScalar, withOrder: boolean): string {
  const isPlain = kind === "bytes" || kind === "void" || itemsize === 1;
  const order = isPlain ? "|" : isBigEndian ? ">" : "<";
  const size = kind === "text" ? itemsize / 4 : itemsize;
  return `${withOrder ? order : ""}${letters[kind]}${size}${unit ? `[${unit}]` : ""}`;
}

/** Integers as Python writes a tuple of them. */
function tuple(items: readonly number[]): string {
  return `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
}
