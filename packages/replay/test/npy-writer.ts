/** How an array of a test is written. */
export interface WrittenNpy {
  readonly descr: string;
  readonly shape: readonly number[];
  readonly isFortranOrder?: boolean;
  readonly version?: 1 | 2 | 3;
  /** Bytes of the whole header that are a multiple of this, as NumPy aligns data. */
  readonly alignment?: number;
}

/** Write an array as NumPy does: a dict, padded with blanks, and the data behind it. */
export function writeNpy(array: WrittenNpy, data: Uint8Array): Buffer {
  return Buffer.concat([npyHeader(array), data]);
}

/** What stands before the data. */
export function npyHeader({
  descr,
  shape,
  isFortranOrder = false,
  version = 1,
  alignment = 64,
}: WrittenNpy): Buffer {
  const order = isFortranOrder ? "True" : "False";
  const lengths = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const dict = `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${lengths}, }`;
  const start = version === 1 ? 10 : 12;
  const text = Buffer.from(dict, version === 3 ? "utf8" : "latin1");
  const padding = alignment - ((start + text.byteLength + 1) % alignment);
  const header = Buffer.concat([text, Buffer.from(`${" ".repeat(padding % alignment)}\n`)]);
  const prelude = Buffer.alloc(start);
  prelude.write("\x93NUMPY", "latin1");
  prelude[6] = version;
  if (version === 1) prelude.writeUInt16LE(header.byteLength, 8);
  else prelude.writeUInt32LE(header.byteLength, 8);
  return Buffer.concat([prelude, header]);
}

/** Bytes as a source, in pieces of these lengths, the last one over and over. */
export async function* pieces(
  bytes: Uint8Array,
  lengths: readonly number[],
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.byteLength; turn += 1) {
    const length = Math.max(1, lengths[Math.min(turn, lengths.length - 1)] ?? bytes.byteLength);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Doubles as an array of one dimension, or of this shape. */
export function doubles(
  values: readonly number[],
  shape: readonly number[] = [values.length],
): Buffer {
  return writeNpy({ descr: "'<f8'", shape }, new Uint8Array(Float64Array.from(values).buffer));
}
