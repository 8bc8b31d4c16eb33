import type { MemberScanner } from "./json-members.ts";

/**
 * Finds what is known of a field by its name in a text. Records of one file have the same fields in
 * the same order, so that the field of the last record at the same place nearly always is it.
 */
export class FieldTable<Field extends { readonly name: string }> {
  readonly #byName = new Map<string, Field>();
  readonly #byPlace: Field[] = [];
  readonly #make: (name: string) => Field | undefined;

  /** @param make What is known of a new name; `undefined` when nothing is to be. */
  constructor(make: (name: string) => Field | undefined) {
    this.#make = make;
  }

  find(text: string, scanner: MemberScanner, member: number): Field | undefined {
    const start = scanner.nameStarts[member] ?? 0;
    const end = scanner.nameEnds[member] ?? 0;
    const guess = this.#byPlace[member];
    if (guess?.name.length === end - start && text.startsWith(guess.name, start)) return guess;
    const name = ownText(text.slice(start, end));
    let field = this.#byName.get(name);
    if (field === undefined) {
      field = this.#make(name);
      if (field === undefined) return undefined;
      this.#byName.set(name, field);
    }
    // A place far behind is that of a record of its own kind.
    if (member < 1024) this.#byPlace[member] = field;
    return field;
  }

  get(name: string): Field | undefined {
    return this.#byName.get(name);
  }

  values(): Iterable<Field> {
    return this.#byName.values();
  }
}

/** A copy that does not keep the text it was cut from in memory. */
export function ownText(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
