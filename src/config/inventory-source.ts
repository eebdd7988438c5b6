/** The inventory as a running daemon sees it: files that changed are read again for the next session. */
import { messageOf } from "../lib/errors.ts";
import { stampOf } from "./file.ts";
import { loadInventory, type Inventory } from "./inventory.ts";
import type { LoadedConfig } from "./load.ts";

/**
 * A file changed so shortly before its stamp was taken may change again within the same tick of the
 * file system's clock (two seconds on some), or may have changed since it was read. Milliseconds.
 */
const SETTLED = 2_000;

/** How a source gets at the configuration. */
export interface InventorySourceOptions {
  /** Reads the configuration with the options the daemon was started with. */
  readonly reload: () => LoadedConfig;
  /** Processors of this machine; by default as the system says. */
  readonly processors?: number | undefined;
  /** Milliseconds since 1970; by default the system's clock. */
  readonly now?: (() => number) | undefined;
}

/** What was read last. */
interface Cached {
  readonly port: number;
  /** The files the inventory depends on, present or not. */
  readonly files: readonly string[];
  /** Their stamps; undefined if one is too fresh to be trusted. */
  readonly stamp: string | undefined;
  readonly inventory: Inventory;
}

/** Keeps the inventory and reads it again when one of its files has changed. */
export class InventorySource {
  private readonly options: InventorySourceOptions;
  private cached: Cached | undefined;

  constructor(options: InventorySourceOptions) {
    this.options = options;
  }

  /**
   * The inventory for a session that opens now.
   *
   * Throws what loadConfig and loadInventory throw, but only until it has succeeded once: later the last
   * usable inventory stays in force while a file is broken, with the reason as its first warning.
   * @param port the port this daemon really listens on
   */
  current(port: number): Inventory {
    const last = this.cached;
    const unchanged =
      last?.port === port && last.stamp !== undefined && last.stamp === this.stamp(last.files);
    if (unchanged) return last.inventory;
    try {
      this.cached = this.read(port);
      return this.cached.inventory;
    } catch (error) {
      if (last === undefined) throw error;
      const warning = `the last usable inventory stays in force: ${messageOf(error)}`;
      return { ...last.inventory, warnings: [warning, ...last.inventory.warnings] };
    }
  }

  private read(port: number): Cached {
    const { config, origins, searched, warnings } = this.options.reload();
    const { conf } = config.inventory;
    const files = conf === "" ? searched : [...searched, conf];
    const { processors } = this.options;
    const inventory = loadInventory(config, { port, processors, origins });
    const all = { ...inventory, warnings: [...warnings, ...inventory.warnings] };
    return { port, files, stamp: this.stamp(files), inventory: all };
  }

  private stamp(files: readonly string[]): string | undefined {
    const now = (this.options.now ?? Date.now)();
    const stamps = files.map(stampOf);
    if (stamps.some(({ changed }) => now - changed < SETTLED)) return undefined;
    return JSON.stringify(stamps.map(({ text }) => text));
  }
}
