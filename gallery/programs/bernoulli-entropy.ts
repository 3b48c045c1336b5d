import { Bernoulli } from '../../src/distributions-api.js';

/** Entropy of a coin in nats, by the probability of heads. */
export function entropies(thetas: readonly number[]): readonly number[] {
  return thetas.map((theta) => Bernoulli(theta).entropy());
}
