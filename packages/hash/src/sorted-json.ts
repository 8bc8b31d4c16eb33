import { JSON_DEPTH_MAX } from "./json-value.ts";

/** Larger or more entangled values are written slowly: copies of shared parts could be many. */
const LENGTH_MAX = 2 ** 26;
const COPIES_MAX = 100_000;

/**
 * The same value with all keys in canonical order, so that `JSON.stringify` writes it canonically;
 * what is in order already is shared, not copied.
 *
 * `undefined` for all that canonical JSON refuses, and for what an object cannot hold in this
 * order (keys like `10` and `9`): whoever asked goes the slow way, which also says why.
 */
export function sortedJson(value: unknown): object | string | number | boolean | null | undefined {
  const sorted = new Sorter().sorted(value, 0);
  return sorted === refused ? undefined : (sorted as object);
}

const refused = Symbol("refused");

class Sorter {
  #length = 0;
  #copies = 0;

  sorted(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        this.#length += value.length;
        return value.isWellFormed() ? value : refused;
      case "number":
        return Number.isFinite(value) ? value : refused;
      case "boolean":
        return value;
      case "object":
        this.#length += 2;
        if (value === null) return value;
        if (depth >= JSON_DEPTH_MAX || this.#length > LENGTH_MAX) return refused;
        if ("toJSON" in value) return refused; // Also a harmless one, for the other to look at.
        return Array.isArray(value)
          ? this.#sortedArray(value, depth + 1)
          : this.#sortedObject(value as Readonly<Record<string, unknown>>, depth + 1);
      default:
        return refused;
    }
  }

  #sortedArray(items: readonly unknown[], depth: number): unknown {
    let copy: unknown[] | undefined;
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      const sorted = this.sorted(item, depth);
      if (sorted === refused) return refused;
      if (sorted === item) continue;
      if (copy === undefined) {
        if (this.#tooManyCopies()) return refused;
        copy = items.slice();
      }
      copy[index] = sorted;
    }
    return copy ?? items;
  }

  #sortedObject(value: Readonly<Record<string, unknown>>, depth: number): unknown {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return refused;
    if (Object.getOwnPropertySymbols(value).length > 0) return refused;
    const keys = Object.keys(value);
    let isInOrder = true;
    let previous = "";
    for (const key of keys) {
      this.#length += key.length;
      if (!key.isWellFormed() || key === "__proto__") return refused;
      if (key < previous) isInOrder = false;
      previous = key;
    }
    let copy = isInOrder ? undefined : this.#reordered(value, keys);
    if (copy === refused) return refused;
    for (const key of keys) {
      const member = value[key];
      const sorted = this.sorted(member, depth);
      if (sorted === refused) return refused;
      if (sorted === member) continue;
      if (copy === undefined) {
        if (this.#tooManyCopies()) return refused;
        copy = { ...value };
      }
      (copy as Record<string, unknown>)[key] = sorted;
    }
    return copy ?? value;
  }

  #reordered(
    value: Readonly<Record<string, unknown>>,
    keys: readonly string[],
  ): Record<string, unknown> | typeof refused {
    if (this.#tooManyCopies()) return refused;
    const inOrder = keys.toSorted(byUnits);
    const copy: Record<string, unknown> = {};
    for (const key of inOrder) copy[key] = value[key];
    // The language puts keys that are array indices first, by their number.
    return Object.keys(copy).every((key, index) => key === inOrder[index]) ? copy : refused;
  }

  #tooManyCopies(): boolean {
    this.#copies += 1;
    return this.#copies > COPIES_MAX;
  }
}

/** The order of UTF-16 units, as RFC 8785 wants it. */
function byUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
