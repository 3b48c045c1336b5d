/** Decisions of a fuzzing case: all of them follow from its seed and its number. */
import { createRandom, type Random } from '../../src/random/generator.js';

export class Dice {
  private readonly random: Random;

  constructor(seed: string, stream: string) {
    this.random = createRandom(seed, stream);
  }

  below(n: number): number {
    return this.random.integer(n);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }
  uniform(): number {
    return this.random.uniform();
  }
  normal(): number {
    return this.random.normal();
  }
}
