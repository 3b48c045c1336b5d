/** Programs for the tests of the second phase, and what every test does with them. */
import type { Diagnostic } from '../../src/errors/diagnostic.js';
import { parse } from '../../src/1-parse/parse.js';
import { families } from '../../src/distributions/registry.js';
import { checkGraph } from '../../src/2-graph/check.js';
import type { ModelGraph } from '../../src/2-graph/graph.js';
import { type HoleValue, lower } from '../../src/2-graph/lower.js';

/** The graph of a program that must be right; it is held against the specification. */
export function graphOf(source: string, holes: readonly HoleValue[] = []): ModelGraph {
  const { program, diagnostics } = parse(source, holes.length);
  if (program === null) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  const lowered = lower(program, holes);
  if (lowered.graph === null) throw new Error(lowered.diagnostics.map((d) => `${d.code}: ${d.message}`).join('\n'));
  const faults = checkGraph(lowered.graph, families, source.length);
  if (faults.length > 0) throw new Error(`${source}\n${faults.join('\n')}`);
  return lowered.graph;
}

/** What is wrong with a program that parses. */
export function mistakes(source: string, holes: readonly HoleValue[] = []): readonly Diagnostic[] {
  const { program, diagnostics } = parse(source, holes.length);
  if (program === null || diagnostics.length > 0) throw new Error(`does not parse: ${diagnostics.map((d) => d.message).join('\n')}`);
  const lowered = lower(program, holes);
  if ((lowered.graph === null) !== lowered.diagnostics.some((d) => d.severity === 'error'))
    throw new Error('a graph exactly where nothing is wrong');
  return lowered.diagnostics;
}

export const programs: Readonly<Record<string, string>> = {
  hierarchicalMixture: `
    data x: real[N, D]
    data K: int
    sample pi ~ Dirichlet(fill(10, K))
    for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 5 * eye(D)) }
    for n in 0..<N {
      sample  z[n] ~ Categorical(pi)
      observe x[n] ~ MvNormal(mu[z[n]], 0.4 * eye(D))
    }`,
  regression: `
    data X: real[N, D]
    data y: real[N]
    sample w ~ MvNormal(zeros(D), eye(D))
    for n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 0.3) }`,
  stateSpace: `
    fn f(z) = 0.7 * z + 0.5 * sin(z)
    fn h(z) = z^2 / 5
    data x: real[T]
    sample z[0] ~ Normal(0, 1)
    for t in 1..<T { sample z[t] ~ Normal(f(z[t-1]), 0.25) }
    for t in 0..<T { observe x[t] ~ Normal(h(z[t]), 0.45) }`,
  maximumLikelihoodMixture: `
    data x: real[N, D]
    data K: int
    param pi: simplex[K]
    for k in 0..<K {
      param mu[k]: real[D]
      param Sigma[k]: cov[D](floor: 1e-3)
    }
    for n in 0..<N {
      sample  z[n] ~ Categorical(pi)
      observe x[n] ~ MvNormal(mu[z[n]], Sigma[z[n]])
    }`,
  classification: `
    data x: real[D]  data prior: unit  data mu: real[2, D]  data Sigma: real[2, D, D]
    sample y ~ Bernoulli(prior)
    observe x ~ MvNormal(mu[y], Sigma[y])`,
  stickBreaking: `
    data x: real[N]
    data K: int
    sample alpha ~ Gamma(1, 1)
    for k in 0..<K - 1 { sample v[k] ~ Beta(1, alpha) let pi[k] = v[k] * prod(1 - v[j] for j in 0..<k) }
    let pi[K - 1] = prod(1 - v[j] for j in 0..<K - 1)
    for k in 0..<K { sample mu[k] ~ Normal(0, 5) }
    for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ Normal(mu[z[n]], 1) }`,
  topics: `
    data D: int data n: int[D] data w: int[D, M] data K: int data V: int
    for k in 0..<K { sample phi[k] ~ Dirichlet(fill(0.1, V)) }
    for d in 0..<D {
      sample theta[d] ~ Dirichlet(fill(0.5, K))
      for i in 0..<n[d] { sample z[d, i] ~ Categorical(theta[d]) observe w[d, i] ~ Categorical(phi[z[d, i]]) }
    }`,
  grid: `
    data g: real[I, J]
    sample f[0, 0] ~ Normal(0, 1)
    for i in 1..<I { sample f[i, 0] ~ Normal(f[i-1, 0], 1) }
    for j in 1..<J { sample f[0, j] ~ Normal(f[0, j-1], 1) }
    for i in 1..<I, j in 1..<J { sample f[i, j] ~ Normal(0.5 * (f[i-1, j] + f[i, j-1]), 1) }
    observe g ~ Normal(f, 1)`,
  orderedMixture: `
    data x: real[N] data K: int
    sample mu: ordered[K] ~ iid(Normal(0, 5), K)
    sample p ~ Dirichlet(ones(K))
    sample s: positive ~ Normal(0, 1)
    for n in 0..<N { observe x[n] ~ mixture(p, Normal(mu[k], s) for k in 0..<K) }`,
  corner: `
    data group: int[N] data y: int[N] data I: int
    let a[0] = 0
    for k in 1..<I { sample a[k] ~ Normal(0, 1) }
    for n in 0..<N { let eta = a[group[n]] observe y[n] ~ Poisson(exp(eta)) }
    for n in 0..<N { let eta = 2 * a[group[n]] report q[n] = eta }
    predict y2 ~ Poisson(exp(a[group]))`,
  alternating: `
    for t in 0..<10 {
      sample x[t] ~ Normal(t == 0 ? 0 : z[t-1], 1)
      sample z[t] ~ Normal(x[t], 1)
    }`,
  conditional: `
    data use: bool data x: real[N]
    if use { sample b ~ Normal(0, 1) let m = b } else { let m = 2.5 }
    observe x ~ Normal(m, 1)
    for n in 0..<N { if n == 0 { let w = 1 } else { let w = x[n-1] } factor w }`,
  garch: `
    data y: real[T]
    sample a ~ HalfNormal(1)
    sample b ~ Uniform(0, 1)
    let h[0] = 1
    for t in 1..<T { let h[t] = a + b * h[t-1] + 0.1 * y[t-1]^2 }
    for t in 0..<T { observe y[t] ~ Normal(0, sqrt(h[t])) }`,
  vectors: `
    data y: real[T, D] data K: int
    sample A ~ iid(Normal(0, 1), [K, K])
    sample B ~ iid(Normal(0, 1), [D, K])
    sample z[0] ~ MvNormal(zeros(K), eye(K))
    for t in 1..<T { sample z[t] ~ MvNormal(A @ z[t-1], eye(K)) }
    for t in 0..<T { observe y[t] ~ Normal(B @ z[t], 1) }`,
  process: `
    data x: real[N, 2] data y: real[N]
    sample l ~ HalfNormal(1)
    let S = [exp(-sum((x[i, d] - x[j, d])^2 for d in 0..<2) / (2 * l^2)) + (i == j ? 0.01 : 0) for i in 0..<N, j in 0..<N]
    observe y ~ MvNormal(zeros(N), S)
    report a = solve(S, y)`,
};
