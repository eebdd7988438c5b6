/** The vocabulary the schema is written in: what a key can be, and the TypeScript type of its value. */

interface Common {
  readonly key: string;
  /** One sentence of documentation. */
  readonly doc: string;
}

/** What is wrong with one string, as `expected …`; undefined if nothing is. */
export type StringCheck = (text: string) => string | undefined;

/** A type with its limits. Durations count milliseconds, sizes bytes. */
export type ValueSpec =
  | { readonly type: "port"; readonly min: number; readonly default: number }
  | {
      readonly type: "integer";
      readonly min: number;
      readonly max: number;
      readonly default: number;
    }
  | { readonly type: "duration"; readonly min: number; readonly default: number }
  | { readonly type: "bytes"; readonly min: number; readonly max: number; readonly default: number }
  | { readonly type: "string"; readonly check?: StringCheck; readonly default: string }
  | { readonly type: "path"; readonly default: string }
  | { readonly type: "enum"; readonly values: readonly string[]; readonly default: string }
  | { readonly type: "boolean"; readonly default: boolean }
  /** A list of paths. */
  | { readonly type: "paths"; readonly default: readonly string[] }
  /** A list of strings; `check` looks at each. */
  | { readonly type: "list"; readonly check?: StringCheck; readonly default: readonly string[] }
  /** A table of strings; `check` looks at each name. */
  | {
      readonly type: "map";
      readonly check?: StringCheck;
      readonly default: Readonly<Record<string, string>>;
    };

/** One key of the configuration. */
export type KeySpec = Common & ValueSpec;

/** One key of a [[node]] table. */
export type NodeKeySpec = Common & ValueSpec & { readonly required?: true };

/** Any value a key can have. */
export type ConfigValue =
  string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

interface ValueTypes {
  port: number;
  integer: number;
  duration: number;
  bytes: number;
  string: string;
  path: string;
  boolean: boolean;
  list: readonly string[];
  paths: readonly string[];
  map: Readonly<Record<string, string>>;
}

/** The TypeScript type of a spec's value. */
export type SpecValue<S> = S extends { type: "enum"; values: readonly (infer Value)[] }
  ? Value
  : S extends { type: infer Type extends keyof ValueTypes }
    ? ValueTypes[Type]
    : never;

/**
 * Longest duration, in milliseconds: the largest whole number of hours that a timer can wait.
 * A timer asked for 2^31 ms or more fires at once.
 */
export const LONGEST_DURATION = 596 * 3_600_000;
