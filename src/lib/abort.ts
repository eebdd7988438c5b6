/** Giving up what is waited for. */
import { ProofError } from "./errors.ts";

/** Why `signal` was aborted: its reason if that is an error of ours, else INTERRUPTED. */
export function abortReason(signal: AbortSignal): ProofError {
  const { reason } = signal as { reason: unknown };
  return reason instanceof ProofError
    ? reason
    : new ProofError("INTERRUPTED", "interrupted", { cause: reason });
}

/**
 * Settles like `promise`, or rejects with {@link abortReason} once `signal` is aborted. What `promise` resolves
 * with after that goes to `late`.
 */
export function unlessAborted<T>(
  signal: AbortSignal | undefined,
  promise: Promise<T>,
  late?: (value: T) => void,
): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>();
  const giveUp = (): void => reject(abortReason(signal));
  if (signal.aborted) giveUp();
  else signal.addEventListener("abort", giveUp, { once: true });
  const done = (): void => signal.removeEventListener("abort", giveUp);
  promise.then(
    (value) => {
      done();
      if (signal.aborted) late?.(value);
      resolve(value);
    },
    (error: unknown) => {
      done();
      reject(error);
    },
  );
  return settled;
}
