type Decoder = InstanceType<typeof TextDecoder>;

/** What UTF-8 bytes say, up to the first byte that is wrong. */
export interface DecodedText {
  readonly text: string;
  readonly isValid: boolean;
}

/** Decode UTF-8 without replacing anything and without taking a byte order mark away. */
export function decodeUtf8(bytes: Uint8Array): DecodedText {
  const text = decode(newDecoder(), bytes, false);
  return text === undefined
    ? { text: decodeValidStart(bytes), isValid: false }
    : { text, isValid: true };
}

/** Find the block with the first wrong byte, then go through that block byte by byte. */
function decodeValidStart(bytes: Uint8Array): string {
  let text = "";
  let position = 0;
  for (const step of [2 ** 16, 1]) {
    // A decoder that has thrown cannot go on.
    const decoder = newDecoder();
    text = decode(decoder, bytes.subarray(0, position), true) ?? "";
    while (position < bytes.byteLength) {
      const piece = decode(decoder, bytes.subarray(position, position + step), true);
      if (piece === undefined) break;
      text += piece;
      position += step;
    }
  }
  return text;
}

function newDecoder(): Decoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

function decode(decoder: Decoder, bytes: Uint8Array, stream: boolean): string | undefined {
  try {
    return decoder.decode(bytes, { stream });
  } catch (error) {
    // Only a TypeError says that the bytes are wrong.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
