/**
 * Merging outputs in the master. Built-in outputs need no code of the user's; for objects of the user's
 * own classes the selector is loaded, and they are rebuilt onto what its workerBegin makes.
 */
import {
  type Inputs,
  loadOutputs,
  mergeOutputs,
  type Outputs,
  type Selector,
} from "../../api/index.ts";
import { completeInputs } from "../../lib/inputs.ts";
import type { ProcessRequest } from "../../protocol/query-client.ts";
import { decodeValue } from "../../protocol/values.ts";
import type { SavedOutput } from "./engine.ts";
import { SelectorCache } from "./selector-cache.ts";
import { SelectorContext } from "./selector-context.ts";
import { portable } from "./worker.ts";

/** Runs something that an interrupt breaks off. */
async function breaking(): Promise<<T>(action: () => T) => T> {
  return (await import("../../lib/breakable.ts")).breakable;
}

/** What a merger may need of its query. */
export interface MergerTerms {
  request: Pick<ProcessRequest, "hash" | "input" | "seed">;
  bundle: Uint8Array;
  /** Attachments of the input. */
  attachments: readonly Uint8Array[];
  ordinal: string;
  workers: number;
  workDirectory: string;
  /** Bytes of a message at most. */
  message: number;
}

export class Merger {
  readonly #terms: MergerTerms;
  /** Loaded once: objects of two loads would be of different classes, which don't merge. */
  #selector: Promise<Selector> | undefined;

  constructor(terms: MergerTerms) {
    this.#terms = terms;
  }

  /** One output from many, merged in the order given. Throws what merging throws, BrokenOff where that was interrupted. */
  async merge(outputs: readonly SavedOutput[]): Promise<SavedOutput> {
    const total: Outputs = {};
    for (const output of outputs) {
      const restored = await this.#restore(output);
      if (this.#selector === undefined) mergeOutputs(total, restored);
      // Methods of the user's own classes, which may never end.
      else (await breaking())(() => mergeOutputs(total, restored));
    }
    return portable(total, this.#terms.message);
  }

  async #restore({ saved, attachments }: SavedOutput): Promise<Outputs> {
    const value = decodeValue(
      saved,
      attachments.map((part) => Buffer.from(part.buffer, part.byteOffset, part.length)),
    );
    try {
      return loadOutputs(value);
    } catch {
      const fresh = await this.#fresh();
      return (await breaking())(() => loadOutputs(value, fresh));
    }
  }

  #load(): Promise<Selector> {
    const { request, bundle, workDirectory } = this.#terms;
    const cache = new SelectorCache(workDirectory);
    if (!cache.has(request.hash)) cache.store(request.hash, bundle);
    return cache.load(request.hash);
  }

  async #fresh(): Promise<Outputs> {
    const { request, attachments, ordinal, workers } = this.#terms;
    const selector = await (this.#selector ??= this.#load());
    const given = decodeValue(
      request.input,
      attachments.map((part) => Buffer.from(part)),
    );
    const input = completeInputs(selector.inputs, (given ?? {}) as Inputs);
    const fresh: Outputs = {};
    const context = new SelectorContext({ ordinal, workers, seed: request.seed });
    await selector.workerBegin?.(fresh, input, context);
    return fresh;
  }
}
