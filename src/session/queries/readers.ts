/**
 * The files that a worker has open for a query. What was opened to be looked at is there when its packets
 * come: opening a file may take as long as a packet.
 */
import type { Reader } from "../../data/types.ts";

/** Files kept open at once: each takes a descriptor, and memory for the description of its branches. */
const MOST = 8;

/** A file and the tree in it, "" for the only one. */
export interface Place {
  path: string;
  tree: string;
}

export class Readers {
  readonly #branches: readonly string[] | "all";
  readonly #open = new Map<string, Promise<Reader>>();
  #isClosed = false;

  constructor(branches: readonly string[] | "all") {
    this.#branches = branches;
  }

  /** The reader of a file, opened unless it is open. Throws what openReader throws. */
  get(place: Place): Promise<Reader> {
    const key = keyOf(place);
    const reader = this.#open.get(key) ?? this.#openReader(place);
    this.#open.delete(key);
    this.#open.set(key, reader);
    const [oldest] = this.#open;
    if (this.#open.size > MOST && oldest !== undefined) {
      this.#open.delete(oldest[0]);
      closeReader(oldest[1]);
    }
    return reader;
  }

  /** What is in a file; it stays open if there is room. Throws what openReader throws. */
  async describe(place: Place): Promise<Reader["description"]> {
    const opening = this.#openReader(place);
    const { description } = await opening;
    const key = keyOf({ path: place.path, tree: description.tree ?? "" });
    if (this.#isClosed || this.#open.size >= MOST || this.#open.has(key)) closeReader(opening);
    else this.#open.set(key, opening);
    return description;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Closes all files; what is being opened for a description is closed then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const readers = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(readers.map(async (reader) => (await reader).close()));
  }

  async #openReader({ path, tree }: Place): Promise<Reader> {
    const { openReader } = await import("../../data/open.ts");
    return openReader({ path, ...(tree === "" ? {} : { tree }) }, this.#branches);
  }
}

function keyOf({ path, tree }: Place): string {
  return `${path}#${tree}`;
}

/** Closes a reader that nobody reads from any more; one that could not be opened has told so already. */
function closeReader(reader: Promise<Reader>): void {
  void reader.then((open) => open.close()).catch(() => undefined);
}
