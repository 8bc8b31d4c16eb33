/**
 * A test for places that are not compared: the JSON Pointers and all below them; a segment `*`
 * stands for any key or index. `undefined` when nothing is ignored.
 * @see RFC 6901
 */
export function pointerRules(
  pointers: readonly string[] = [],
): ((pointer: string) => boolean) | undefined {
  if (pointers.length === 0) return undefined;
  const literal = new Set(pointers);
  const wild = pointers.filter((pointer) => /\/\*(\/|$)/.test(pointer)).map(segments);
  return (pointer) => {
    if (literal.has(pointer)) return true;
    if (wild.length === 0) return false;
    const place = segments(pointer);
    return wild.some(
      (rule) =>
        rule.length === place.length &&
        rule.every((segment, index) => segment === "*" || segment === place[index]),
    );
  };
}

function segments(pointer: string): string[] {
  return pointer.split("/");
}
