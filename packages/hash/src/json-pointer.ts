import { shorten } from "./quote.ts";

/**
 * Write a JSON pointer. Segments longer than 100 characters are cut: the pointer is for people
 * who read an error, and a hostile key may be megabytes long.
 * @see RFC 6901 §3
 */
export function jsonPointer(segments: Iterable<string | number>): string {
  let pointer = "";
  for (const segment of segments) {
    pointer += `/${shorten(String(segment)).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }
  return pointer;
}
