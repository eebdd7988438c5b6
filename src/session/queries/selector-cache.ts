/** Selectors on a worker's disk, by the hash of their bundle, shared by the sessions of a user on a node. */
import {
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as api from "../../api/index.ts";
import type { Selector } from "../../api/index.ts";
import { ProofError } from "../../lib/errors.ts";
import { reasonOf } from "../../lib/system-error.ts";
import { loadModule, provideModule } from "../../lib/module.ts";

const HASH = /^[0-9a-f]{64}$/;

/** Bundles that are kept, and their bytes together. */
const MOST = { bundles: 200, bytes: 256 * 1024 * 1024 };

export class SelectorCache {
  readonly #directory: string;
  #loads = 0;

  /** `workDirectory` is a proofserv's; the cache lies in the sandbox above its session directory. */
  constructor(workDirectory: string) {
    this.#directory = join(dirname(dirname(workDirectory)), "cache");
  }

  /** Path of a bundle, whether or not it is there. Throws PROTOCOL for what is no hash. */
  path(hash: string): string {
    if (!HASH.test(hash)) throw new ProofError("PROTOCOL", "a selector's hash is malformed");
    return join(this.#directory, `${hash}.js`);
  }

  /** Whether a bundle is there; it counts as used now. */
  has(hash: string): boolean {
    const now = new Date();
    try {
      utimesSync(this.path(hash), now, now);
      return true;
    } catch {
      return false;
    }
  }

  /** Keeps a bundle; throws PROTOCOL if it is not the one its hash says, SANDBOX where it cannot be written. */
  store(hash: string, bundle: Uint8Array): void {
    const path = this.path(hash);
    const actual = new Bun.CryptoHasher("sha256").update(bundle).digest("hex");
    if (actual !== hash)
      throw new ProofError("PROTOCOL", "a selector arrived damaged: its hash is another");
    const temporary = `${path}.${process.pid}`;
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, bundle, { mode: 0o600 });
      // Other workers of this node may be doing the same.
      renameSync(temporary, path);
    } catch (error) {
      throw new ProofError("SANDBOX", `${this.#directory}: ${reasonOf(error)}`, {
        hint: "selectors are kept in the sandbox of each node; see daemon.sandbox there",
        cause: error,
      });
    } finally {
      rmSync(temporary, { force: true });
    }
    this.#prune();
  }

  /** Removes what was used longest ago, as far as there is too much. */
  #prune(): void {
    const files = readdirSync(this.#directory).flatMap((name) => {
      const path = join(this.#directory, name);
      // Another worker may be removing it.
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ path, size: stat.size, used: stat.mtimeMs }];
    });
    let bytes = 0;
    files.sort((a, b) => b.used - a.used);
    for (const [i, { path, size }] of files.entries()) {
      bytes += size;
      if (i > 0 && (i >= MOST.bundles || bytes > MOST.bytes)) rmSync(path, { force: true });
    }
  }

  /** Loads a selector afresh: nothing of an earlier query is left in it. */
  async load(hash: string): Promise<Selector> {
    provideModule("proof", { ...api });
    const module = await loadModule(this.path(hash), `${process.pid}.${++this.#loads}`);
    const selector = module["default"];
    if (!api.isSelector(selector)) {
      throw new ProofError("SELECTOR", "the file has no selector as its default export", {
        hint: "write: export default defineSelector({ … })",
      });
    }
    return selector;
  }
}
