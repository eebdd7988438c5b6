/** Types of what a selector is given: events, chunks of columns, parameters, outputs. */

/** Numbers in a row, as branches and columns hold them. */
export type NumberArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/**
 * A branch of which nothing is declared: usable as a number (`event.M > 60`) and as a list of numbers
 * (`for (const pt of event.Jet_pt)`). Which it is only the file knows.
 */
export type Branch = number & Float64Array;

/** An event of which nothing is declared. */
export interface AnyEvent {
  readonly [branch: string]: Branch;
}

/** A column with several numbers per entry: those of entry i are values[offsets[i]] … values[offsets[i+1] - 1]. */
export interface JaggedColumn<Values = NumberArray> {
  /** One more than there are entries. */
  readonly offsets: Uint32Array;
  readonly values: Values;
}

/**
 * What a branch is as a column: a number for each entry becomes a typed array, an array for each entry a
 * JaggedColumn, anything else a plain array.
 */
export type ColumnOf<Value> = ([Value] extends [Branch]
  ? unknown
  : [Value] extends [number]
    ? NumberArray
    : [Value] extends [ArrayBufferView | readonly number[]]
      ? JaggedColumn
      : Value[]) &
  ([Branch] extends [Value] ? Float64Array & JaggedColumn<Float64Array> : unknown);

/** The columns of an event's branches. */
export type Columns<Event> = { readonly [Name in keyof Event]: ColumnOf<Event[Name]> };

/** An output of which nothing is declared: everything that `fill` counts into, and what most can tell. */
export interface AnyOutput {
  fill(...values: readonly unknown[]): void;
  readonly entries?: number;
  readonly mean?: number;
  readonly stdDev?: number;
  readonly value?: number;
}

/** Outputs of which nothing is declared. */
export interface AnyOutputs {
  [name: string]: AnyOutput;
}

/** Outputs by name, as those see them who carry them around. */
export type Outputs = Record<string, unknown>;

/** Parameters and objects that the client gave, of which nothing is declared. */
export type Inputs = Readonly<Record<string, unknown>>;
