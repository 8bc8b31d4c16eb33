/**
 * Find the lines on which values of a YAML document stand, for messages about them.
 * @param pointers As `details.pointer` and schema findings have them; the text must be a document
 *   that `parseStrictYaml` takes.
 * @returns for each the line, 1 for the first: of the key, of an item of a list, or of the nearest
 *   value around what is not there.
 * @see RFC 6901
 */
export async function linesInYaml(
  text: string,
  pointers: readonly string[],
): Promise<readonly number[]> {
  const { isMap, isPair, isScalar, LineCounter, parseDocument } = await import("yaml");
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: "silent" });
  const keyText = (key: unknown): string => String(isScalar(key) ? key.value : key);
  return pointers.map((pointer) => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const segment of segmentsOf(pointer)) {
      const items = (node as { readonly items?: readonly unknown[] } | null)?.items ?? [];
      const item = isMap(node)
        ? items.find((pair) => isPair(pair) && keyText(pair.key) === segment)
        : items[Number(segment)];
      if (item === undefined) break;
      const place = isPair(item) ? item.key : item;
      offset =
        (place as { readonly range?: readonly number[] | null } | null)?.range?.[0] ?? offset;
      node = isPair(item) ? item.value : item;
    }
    return counter.linePos(offset).line || 1;
  });
}

function segmentsOf(pointer: string): string[] {
  const [, ...segments] = pointer.split("/");
  return segments.map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}
