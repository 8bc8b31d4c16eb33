import { isSame, textOf, viewOf } from "./byte-view.ts";
import type { MemberScanner } from "./json-members.ts";

/** A field as its table knows it. */
interface Known<Field> {
  readonly name: DataView;
  readonly field: Field;
}

/**
 * Finds what is known of a field by its name in some bytes. Records of one file have the same fields
 * in the same order, so that the field of the last record at the same place nearly always is it.
 */
export class FieldTable<Field> {
  readonly #byName = new Map<string, Known<Field>>();
  readonly #byPlace: Known<Field>[] = [];
  /** Those of the lines of one form. */
  #ofForm: Known<Field>[] = [];
  #form = 0;
  readonly #make: (name: string) => Field | undefined;

  /** @param make What is known of a new name, as Latin-1; `undefined` when nothing is to be. */
  constructor(make: (name: string) => Field | undefined) {
    this.#make = make;
  }

  find(view: DataView, scanner: MemberScanner, member: number): Field | undefined {
    if (scanner.form === 0) return this.#findByName(view, scanner, member)?.field;
    if (scanner.form !== this.#form) {
      this.#form = scanner.form;
      this.#ofForm = [];
    }
    const known = this.#ofForm[member] ?? this.#findByName(view, scanner, member);
    if (known !== undefined) this.#ofForm[member] = known;
    return known?.field;
  }

  #findByName(view: DataView, scanner: MemberScanner, member: number): Known<Field> | undefined {
    const start = scanner.nameStart(member);
    const end = scanner.nameEnd(member);
    const guess = this.#byPlace[member];
    const length = end - start;
    if (guess?.name.byteLength === length && isSame(guess.name, 0, view, start, length))
      return guess;
    const name = textOf(view, start, end);
    let known = this.#byName.get(name);
    if (known === undefined) {
      const field = this.#make(name);
      if (field === undefined) return undefined;
      known = { name: viewOf(Buffer.from(name, "latin1")), field };
      this.#byName.set(name, known);
    }
    // A place far behind is that of a record of its own kind.
    if (member < 1024) this.#byPlace[member] = known;
    return known;
  }

  get(name: string): Field | undefined {
    return this.#byName.get(name)?.field;
  }

  *values(): Generator<Field> {
    for (const { field } of this.#byName.values()) yield field;
  }
}
