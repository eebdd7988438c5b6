/**
 * The files that a worker has open for a query. What was opened to be looked at is there when its packets
 * come: opening a file may take as long as a packet.
 */
import type { Reader } from "../../data/types.ts";

/** Branches of all open files together: their descriptions take memory, some kilobytes each. */
const MOST_BRANCHES = 4096;
/** A file counts for as many branches at least: it takes a descriptor too. */
const LEAST = 64;

/** A file and the tree in it, "" for the only one. */
export interface Place {
  path: string;
  tree: string;
}

export class Readers {
  readonly #branches: readonly string[] | "all";
  /** The one used last at the end. */
  readonly #open = new Map<string, Reader>();
  #isClosed = false;

  constructor(branches: readonly string[] | "all") {
    this.#branches = branches;
  }

  /** The reader of a file, opened unless it is open. Throws what openReader throws. */
  async get(place: Place): Promise<Reader> {
    const key = keyOf(place);
    const reader = this.#open.get(key) ?? (await this.#openReader(place));
    // Whoever reads on is told that it is closed.
    if (this.#isClosed) await reader.close();
    else {
      this.#open.delete(key);
      this.#open.set(key, reader);
      for (const [oldest, unused] of this.#open) {
        if (this.#room >= 0 || unused === reader) break;
        this.#open.delete(oldest);
        await unused.close();
      }
    }
    return reader;
  }

  /** What is in a file; it stays open if there is room. Throws what openReader throws. */
  async describe(place: Place): Promise<Reader["description"]> {
    const reader = await this.#openReader(place);
    const { description } = reader;
    const key = keyOf({ path: place.path, tree: description.tree ?? "" });
    const isKept = !this.#isClosed && !this.#open.has(key) && this.#room >= sizeOf(reader);
    if (isKept) this.#open.set(key, reader);
    else await reader.close();
    return description;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Closes all files; what is being opened is closed then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const readers = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(readers.map((reader) => reader.close()));
  }

  /** Branches for which there is still room. */
  get #room(): number {
    return [...this.#open.values()].reduce((room, reader) => room - sizeOf(reader), MOST_BRANCHES);
  }

  async #openReader({ path, tree }: Place): Promise<Reader> {
    const { openReader } = await import("../../data/open.ts");
    return openReader({ path, ...(tree === "" ? {} : { tree }) }, this.#branches);
  }
}

function sizeOf({ description }: Reader): number {
  return Math.max(LEAST, description.branches.length);
}

function keyOf({ path, tree }: Place): string {
  return `${path}#${tree}`;
}
