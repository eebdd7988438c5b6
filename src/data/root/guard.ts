/**
 * Running jsroot's loops so that they end. They chain promises and drop the last one: an exception in one
 * of their steps would be an unhandled rejection, and the loop would never be heard of again. The promises
 * handed to them therefore report what is thrown in any step that is chained to them.
 */

/** A promise, and whatever is derived from it, that tells `report` about exceptions. */
export function guarded<T>(promise: Promise<T>, report: (thrown: unknown) => void): Promise<T> {
  class Guarded<V> extends Promise<V> {
    // oxlint-disable-next-line unicorn/no-thenable -- it is the promise's own
    override then<A = V, B = never>(
      fulfilled?: ((value: V) => A | PromiseLike<A>) | null,
      rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      const next = super.then(watched(fulfilled, report), watched(rejected, report));
      // It has been reported: an end that nobody waits for is not unhandled.
      void super.then.call(next, undefined, () => undefined);
      return next;
    }
  }
  return new Guarded((resolve, reject) => {
    promise.then(resolve, (thrown: unknown) => {
      report(thrown);
      reject(thrown);
    });
  });
}

function watched<V, R>(
  step: ((value: V) => R) | null | undefined,
  report: (thrown: unknown) => void,
): ((value: V) => R) | null | undefined {
  if (typeof step !== "function") return step;
  return (value) => {
    try {
      return step(value);
    } catch (thrown) {
      report(thrown);
      throw thrown;
    }
  };
}
