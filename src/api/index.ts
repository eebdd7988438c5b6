/** What a selector's file imports as "proof". */
export { Axis } from "./axis.ts";
export { Counter, counter, Sum, sum } from "./counter.ts";
export type {
  AnyEvent,
  AnyOutput,
  AnyOutputs,
  Branch,
  ColumnOf,
  Columns,
  Inputs,
  JaggedColumn,
  NumberArray,
  Outputs,
} from "./event.ts";
export { H1, h1 } from "./h1.ts";
export { H2, h2 } from "./h2.ts";
export { fromJsroot, type JsrootObject, toJsroot } from "./jsroot.ts";
export { List, list } from "./list.ts";
export { Counts, countBy } from "./map.ts";
export { isMergeable, type Mergeable, mergeOutputs } from "./merge.ts";
export { loadOutputs, saveOutputs } from "./portable.ts";
export { type ErrorOption, Profile, profile } from "./profile.ts";
export { generator, Random } from "./random.ts";
export {
  defineSelector,
  isSelector,
  type Selector,
  type SelectorContext,
  type SelectorDefinition,
} from "./selector.ts";
export { type By, TopN, topN } from "./top.ts";
