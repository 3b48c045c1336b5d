/**
 * Entropies and divergences as in information theory: uniform laws, two Gaussians, and two sequences of laws that converge in one
 * divergence and not in another. Run it with `npx tsx examples/30-divergences/divergences.ts`.
 */
import { pathToFileURL } from 'node:url';
import {
  Bernoulli,
  chiSquared,
  crossEntropy,
  DiscreteUniform,
  type Distribution,
  kl,
  l1,
  mixture,
  Normal,
  Uniform,
} from 'credence/distributions';

/** The density exp(-n) on [0, 1/n] and a constant on the rest of [0, 1]. */
function nearlyUniform(n: number): Distribution<number> {
  const first = Math.exp(-n) / n;
  return mixture([first, 1 - first], [Uniform(0, 1 / n), Uniform(1 / n, 1)]);
}

/** Numbers by name; claim.json says what they must be. */
export function results(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const K of [2, 6, 52]) found[`entropy of ${K} outcomes`] = DiscreteUniform(1, K).entropy();
  for (const [low, high] of [
    [0, 1],
    [0, 0.5],
    [-1, 4],
  ] as const)
    found[`entropy of [${low}, ${high}]`] = Uniform(low, high).entropy();
  for (const theta of [0.1, 0.5]) found[`entropy of a coin of ${theta}`] = Bernoulli(theta).entropy();

  // The cost of a wrong code is the entropy and the divergence.
  const p = Normal(0, 1);
  for (const v of [0.5, 1, 3]) {
    const q = Normal(0, v);
    found[`KL(N(0, 1) || N(0, ${v}^2))`] = kl(p, q).value;
    found[`KL(N(0, ${v}^2) || N(0, 1))`] = kl(q, p).value;
    found[`cross-entropy of N(0, 1) in the code of N(0, ${v}^2)`] = crossEntropy(p, q).value;
  }
  found['KL(N(1, 2^2) || N(-0.5, 0.7^2))'] = kl(Normal(1, 2), Normal(-0.5, 0.7)).value;
  // Where the first has mass that the second excludes there is no finite number of bits.
  found['1 / KL(U(0, 2) || U(0, 1))'] = 1 / kl(Uniform(0, 2), Uniform(0, 1)).value;
  found['KL(U(0, 1) || U(0, 2))'] = kl(Uniform(0, 1), Uniform(0, 2)).value;

  for (const n of [2, 10, 100, 500]) {
    found[`L1, n = ${n}`] = l1(Uniform(0, 1), nearlyUniform(n)).value;
    found[`KL, n = ${n}`] = kl(Uniform(0, 1), nearlyUniform(n)).value;
  }
  for (const epsilon of [0.1, 0.01, 1e-4, 1e-8]) {
    found[`KL, epsilon = ${epsilon}`] = kl(Bernoulli(epsilon), Bernoulli(epsilon ** 2)).value;
    found[`chi-squared, epsilon = ${epsilon}`] = chiSquared(Bernoulli(epsilon), Bernoulli(epsilon ** 2)).value;
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, value] of Object.entries(results())) console.log(name.padEnd(56), value.toPrecision(12));
}
