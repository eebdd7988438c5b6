/** Random numbers that belong to an entry or cycle, not to the worker that happens to process it. */
import { need, show } from "./check.ts";
import { poisson } from "./poisson.ts";
import { multiplyHigh, philox } from "./philox.ts";

const TWO_PI = 2 * Math.PI;

/**
 * A stream of random numbers chosen by a seed and an index. Streams never overlap: seed and index are key
 * and half of the counter of Philox4x32-10, the number of draws is the other half.
 */
export class Random {
  readonly #words = new Uint32Array(4);
  #seedLow = 0;
  #seedHigh = 0;
  #indexLow = 0;
  #indexHigh = 0;
  /** Blocks of four words drawn so far. */
  #block = 0;
  /** The next word in the block; 4: a new block is due. */
  #next = 4;

  /** Use `generator(seed, index)`. */
  constructor(seed: number, index: number) {
    this.reset(seed, index);
  }

  /** Goes to the beginning of another stream. Allocates nothing. */
  reset(seed: number, index: number): void {
    if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(index)) {
      need(
        false,
        `random numbers need an integer seed and index, not ${show(seed)}, ${show(index)}`,
      );
    }
    this.#seedLow = seed | 0;
    this.#seedHigh = Math.floor(seed / 2 ** 32) | 0;
    this.#indexLow = index | 0;
    this.#indexHigh = Math.floor(index / 2 ** 32) | 0;
    this.#block = 0;
    this.#next = 4;
  }

  /** 32 random bits, from 0 to 2^32 − 1. */
  word(): number {
    if (this.#next >= 4) this.#draw();
    return this.#words[this.#next++]!;
  }

  /** From 0 (included) to 1 (excluded) in steps of 2^-53, or from `low` to `high`. */
  uniform(low = 0, high = 1): number {
    // Both words of one block.
    if (this.#next > 2) this.#draw();
    const words = this.#words;
    const at = this.#next;
    this.#next = at + 2;
    const unit = ((words[at]! >>> 5) * 67_108_864 + (words[at + 1]! >>> 6)) / 2 ** 53;
    return low + (high - low) * unit;
  }

  /**
   * Normally distributed, by G. E. P. Box and M. E. Muller, Ann. Math. Stat. 29 (1958) 610: two uniform
   * numbers for each.
   */
  gauss(mean = 0, sigma = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + sigma * radius * Math.cos(TWO_PI * this.uniform());
  }

  /** An integer from 0 to n − 1, each equally likely; n is at most 2^32. */
  integer(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32))
      need(false, `random integer below ${show(n)}: must be an integer from 1 to 2^32`);
    if (n === 2 ** 32) return this.word();
    // The upper half of a product (D. Lemire, ACM TOMACS 29 (2019) 3); the few words too many are redrawn.
    let word = this.word();
    let low = Math.imul(word, n) >>> 0;
    if (low < n) {
      const surplus = 2 ** 32 % n;
      while (low < surplus) {
        word = this.word();
        low = Math.imul(word, n) >>> 0;
      }
    }
    return multiplyHigh(word, n) >>> 0;
  }

  /** Exponentially distributed with mean `tau`. */
  exponential(tau = 1): number {
    return -tau * Math.log(1 - this.uniform());
  }

  /** Poisson distributed with mean `mu`; the number of draws varies. */
  poisson(mu: number): number {
    if (!(mu >= 0 && mu <= 1e15))
      need(false, `poisson: mean is ${show(mu)}, but must be 0 to 1e15`);
    return poisson(this, mu);
  }

  #draw(): void {
    philox(
      this.#words,
      this.#block | 0,
      Math.floor(this.#block / 2 ** 32),
      this.#indexLow,
      this.#indexHigh,
      this.#seedLow,
      this.#seedHigh,
    );
    this.#block++;
    this.#next = 0;
  }
}

/** The random numbers of a seed and an index, both integers: the same ones everywhere and always. */
export function generator(seed: number, index = 0): Random {
  return new Random(seed, index);
}
