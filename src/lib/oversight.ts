/** Looking after what user code does to the language: it is put back, and the code that did it is told so. */
import { ProofError } from "./errors.ts";
import {
  glanceAtIntrinsics,
  rememberIntrinsics,
  restoreIntrinsics,
  type Tampering,
} from "./intrinsics.ts";
import { turns } from "./turns.ts";
import { rememberGlobals, restoreGlobals } from "./user-names.ts";

/** Told what user code has changed of the language. */
export interface Overseer {
  /** It has been put back. */
  restored(names: readonly string[]): void;
  /** It cannot be put back: nothing can be relied on any more, not even here. */
  lost(name: string): void;
}

let overseer: Overseer | undefined;
/** What was changed since the user was told. */
let tampered: Tampering[] = [];

/** Prepares for user code, once, before it. `watcher` hears what it changes of the language while nothing waits for it. */
export function admitUserCode(watcher?: Overseer): void {
  overseer ??= watcher;
  rememberIntrinsics();
  rememberGlobals();
  turns.begin = glance;
}

/** What comes from outside finds everything as usual, though user code may have run since. */
function glance(): void {
  const tampering = glanceAtIntrinsics();
  if (tampering === undefined) return;
  note(tampering);
  restoreGlobals();
  overseer?.restored(tampering.names);
}

/** Undoes what user code has just done to the language. */
export function tidy(): void {
  const tampering = restoreIntrinsics();
  if (tampering !== undefined) note(tampering);
  restoreGlobals();
}

function note(tampering: Tampering): void {
  const { lost } = tampering;
  if (lost.length > 0) overseer?.lost(lost[0] ?? "");
  tampered.push(tampering);
}

/** Forgets what earlier code has changed: it is not the fault of what comes now. */
export function forgetTampering(): void {
  tampered = [];
}

/** Throws USER_CODE where the language was changed since the last time; `who` is what did it. */
export function refuseTampering(who = "this code"): void {
  if (tampered.length === 0) return;
  const all = tampered.splice(0);
  const names = [...new Set(all.flatMap((each) => each.names))];
  const lost = [...new Set(all.flatMap((each) => each.lost))];
  const some = names.slice(0, 10).join(", ") + (names.length > 10 ? ", …" : "");
  const what = `${who} changed ${some}, which everything else relies on`;
  if (lost.length > 0)
    throw new ProofError("USER_CODE", `${what}, and it could not be put back`, {
      details: { lost },
    });
  throw new ProofError("USER_CODE", `${what}; it has been put back`, {
    hint: "add functions under names of your own instead",
  });
}

/** Runs user code that is no script. Throws USER_CODE where it changes the language, besides what it throws itself. */
export async function overseen<T>(run: () => T | Promise<T>, who = "the selector"): Promise<T> {
  admitUserCode();
  const check = (): void => {
    tidy();
    refuseTampering(who);
  };
  let made: T;
  try {
    made = await run();
  } catch (thrown) {
    // What a change has led to is of no interest.
    check();
    throw thrown;
  }
  check();
  return made;
}
