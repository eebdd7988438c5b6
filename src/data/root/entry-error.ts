/** What can be wrong with an entry. */

/** Thrown where the bytes of an entry are not what they must be. */
export class EntryError extends Error {
  override readonly name = "EntryError";
  /** The entry, where it is known. */
  entry: number | undefined;

  constructor(what: string, entry?: number) {
    super(what);
    this.entry = entry;
  }
}

/** Thrown for values of a type that can't be read. */
export class TypeRefused extends Error {
  override readonly name = "TypeRefused";
  entry: number | undefined;
}
