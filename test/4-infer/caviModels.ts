/**
 * Programs that together use every kind of factor and every way in which elements meet: what the laws
 * of coordinate ascent are held against. Data are small and the same everywhere.
 */
import { normals, uniforms, type Data } from './caviMachine.js';

export interface Example {
  readonly title: string;
  readonly source: string;
  readonly data: Data;
  readonly kinds: readonly string[];
  /** Missing observations that nothing else reads, which the bound is not of, and their log density at values of the unknowns. */
  readonly unread?: { readonly variable: string; logDensity(value: (name: string, element: number) => number): number };
}

const z = normals(11),
  u = uniforms(12);
const vector = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i));
const matrix = (n: number, d: number, f: (i: number, j: number) => number): number[][] =>
  vector(n, (i) => i).map((i) => vector(d, (j) => f(i, j)));
const round = (x: number): number => Math.round(x * 1000) / 1000;

const y12 = vector(12, () => round(1.5 + z()));
const x12 = matrix(12, 3, () => round(z()));
const regression = vector(12, (i) => round(x12[i]![0]! - 0.5 * x12[i]![1]! + 0.3 * z()));
const points = matrix(15, 2, (i, j) => round((i % 3 === 0 ? -2 : i % 3 === 1 ? 1 : 3) * (j === 0 ? 1 : -0.5) + 0.5 * z()));
const counts = vector(10, (i) => Math.floor(3 + 4 * u() + (i % 2) * 3));
const group12 = vector(12, (i) => i % 3);
const words = vector(14, (i) => (Math.floor(u() * 4) % 4) + 0 * i);
const documentOf = vector(14, (i) => Math.floor(i / 5));

export const examples: readonly Example[] = [
  {
    title: 'hierarchical normal with precision and variance',
    kinds: ['Normal', 'Gamma', 'InverseGamma'],
    data: { y: y12, g: group12, J: 3 },
    source: `
    data y: real[N]  data g: int[N]  data J: int
    sample m ~ Normal(0, 3)
    sample tau ~ Gamma(2, 1)
    sample s2 ~ InverseGamma(3, 2)
    for j in 0..<J { sample a[j] ~ Normal(m, precision: tau) }
    for n in 0..<N { observe y[n] ~ Normal(a[g[n]], variance: s2) }`,
  },
  {
    title: 'regression with unknown variance',
    kinds: ['MvNormal', 'InverseGamma'],
    data: { X: x12, y: regression },
    source: `
    data X: real[N, D]  data y: real[N]
    sample w ~ MvNormal(zeros(D), 4 * eye(D))
    sample s2 ~ InverseGamma(2, 1)
    for n in 0..<N { observe y[n] ~ Normal(X[n] @ w, variance: s2) }`,
  },
  {
    title: 'regression by scalar coefficients, prior precision shared',
    kinds: ['Normal', 'Gamma'],
    data: { X: x12, y: regression },
    source: `
    data X: real[N, D]  data y: real[N]
    sample alpha ~ Gamma(1, 1)
    sample beta ~ Gamma(1, 1)
    for d in 0..<D { sample w[d] ~ Normal(0, precision: alpha) }
    for n in 0..<N { observe y[n] ~ Normal(sum(X[n, d] * w[d] for d in 0..<D), precision: beta) }`,
  },
  {
    title: 'mixture with means and covariances',
    kinds: ['finite', 'Dirichlet', 'MvNormal', 'InverseWishart'],
    data: { x: points, K: 3 },
    source: `
    data x: real[N, D]  data K: int
    sample pi ~ Dirichlet(fill(2, K))
    for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 9 * eye(D))  sample S[k] ~ InverseWishart(D + 2, 0.5 * eye(D)) }
    for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }`,
  },
  {
    title: 'mixture with precision matrices',
    kinds: ['finite', 'MvNormal', 'Wishart'],
    data: { x: points, K: 2 },
    source: `
    data x: real[N, D]  data K: int
    for k in 0..<K { sample mu[k] ~ MvNormal(zeros(D), 9 * eye(D))  sample L[k] ~ Wishart(D + 1, eye(D)) }
    for n in 0..<N { sample z[n] ~ Categorical(fill(1 / K, K))  observe x[n] ~ MvNormal(mu[z[n]], precision: L[z[n]]) }`,
  },
  {
    title: 'scalar mixture, choice by a condition',
    kinds: ['finite', 'Normal', 'Beta', 'Gamma'],
    data: { y: y12 },
    source: `
    data y: real[N]
    sample p ~ Beta(2, 2)
    sample a ~ Normal(0, 3)  sample b ~ Normal(3, 3)
    sample tau ~ Gamma(2, 1)
    for n in 0..<N { sample z[n] ~ Bernoulli(p)  observe y[n] ~ Normal(z[n] ? a : b, precision: tau) }`,
  },
  {
    title: 'powers of Gammas: an inverse sd, an sd without a prior',
    kinds: ['powerGamma', 'Normal'],
    data: { y: y12 },
    source: `
    data y: real[N]
    sample m ~ Normal(0, 3)
    sample v ~ HalfNormal(2)
    sample s ~ truncated(Flat(), 0, inf)
    for n in 0..<N { observe y[n] ~ Normal(m, 1 / v)  observe y[n] ~ Normal(0.5 * m, s) }`,
  },
  {
    title: 'uniform sd',
    kinds: ['grid', 'Normal'],
    data: { y: y12 },
    source: `
    data y: real[N]
    sample m ~ Normal(0, 3)
    sample s ~ Uniform(0, 4)
    for n in 0..<N { observe y[n] ~ Normal(m, s) }`,
  },
  {
    title: 'half-Cauchy sd of groups',
    kinds: ['grid', 'Normal'],
    data: { y: y12, g: group12, J: 3, A: 2 },
    source: `
    data y: real[N]  data g: int[N]  data J: int  data A: real
    sample tau ~ HalfCauchy(A)
    sample m ~ Normal(0, 3)
    for j in 0..<J { sample a[j] ~ Normal(m, tau) }
    for n in 0..<N { observe y[n] ~ Normal(a[g[n]], 1) }`,
  },
  {
    title: 'half-Cauchy scales of their own',
    kinds: ['grid', 'Normal'],
    data: { y: [1.2, -0.4, 2.2], A: [1, 2, 0.5] },
    source: `
    data y: real[J]  data A: real[J]
    for j in 0..<J { sample tau[j] ~ HalfCauchy(A[j])  sample a[j] ~ Normal(0, tau[j])  observe y[j] ~ Normal(a[j], 0.5) }`,
  },
  {
    title: 'truncated Normal and Laplace priors',
    kinds: ['grid'],
    data: { X: x12, y: regression },
    source: `
    data X: real[N, D]  data y: real[N]
    sample b0 ~ truncated(Normal(0, 1), 0, 2)
    sample b1 ~ Laplace(0, 0.5)
    sample b2 ~ Laplace(0.2, 0.5)
    for n in 0..<N { observe y[n] ~ Normal(X[n, 0] * b0 + X[n, 1] * b1 + X[n, 2] * b2, 0.5) }`,
  },
  {
    title: 'quartic: a square as a mean',
    kinds: ['grid'],
    data: { y: [1.3, 2.1] },
    source: `
    data y: real[N]
    sample v ~ Normal(0.3, 1)
    sample t ~ Gamma(2, 2)
    for n in 0..<N { observe y[n] ~ Normal(v^2, precision: t) }`,
  },
  {
    title: 'chain of categoricals',
    kinds: ['finite', 'Dirichlet', 'Normal'],
    data: { y: y12, K: 3 },
    source: `
    data y: real[T]  data K: int
    sample first ~ Dirichlet(ones(K))
    for k in 0..<K { sample A[k] ~ Dirichlet(fill(2, K))  sample mu[k] ~ Normal(0, 3) }
    sample z[0] ~ Categorical(first)
    for t in 1..<T { sample z[t] ~ Categorical(A[z[t-1]]) }
    for t in 0..<T { observe y[t] ~ Normal(mu[z[t]], 0.7) }`,
  },
  {
    title: 'linear-Gaussian chain by scalars',
    kinds: ['Normal', 'Gamma'],
    data: { y: y12 },
    source: `
    data y: real[T]
    sample q ~ Gamma(2, 0.5)  sample r ~ Gamma(2, 0.5)
    sample x[0] ~ Normal(0, 2)
    for t in 1..<T { sample x[t] ~ Normal(0.8 * x[t-1], precision: q) }
    for t in 0..<T { observe y[t] ~ Normal(x[t], precision: r) }`,
  },
  {
    title: 'spike and slab',
    kinds: ['finite', 'Normal', 'Beta'],
    data: { X: x12, y: regression },
    source: `
    data X: real[N, D]  data y: real[N]
    sample p ~ Beta(1, 1)
    for d in 0..<D { sample g[d] ~ Bernoulli(p)  sample b[d] ~ Normal(0, 1) }
    for n in 0..<N { observe y[n] ~ Normal(sum(g[d] * b[d] * X[n, d] for d in 0..<D), 0.5) }`,
  },
  {
    title: 'labels of three values as numbers, two at a time',
    kinds: ['finite', 'Normal'],
    data: { X: x12, y: regression },
    source: `
    data X: real[N, D]  data y: real[N]
    sample a ~ Normal(0, 1)
    for d in 0..<D { sample c[d] ~ Categorical([0.5, 0.3, 0.2]) }
    for n in 0..<N { observe y[n] ~ Normal(a * sum((c[d] + 0.5)^2 * X[n, d] for d in 0..<D), 0.8) }`,
  },
  {
    title: 'gathers by two latents',
    kinds: ['finite', 'Normal'],
    data: { y: y12, K: 2, L: 3 },
    source: `
    data y: real[N]  data K: int  data L: int
    for k in 0..<K, l in 0..<L { sample mu[k, l] ~ Normal(1, 2) }
    for k in 0..<K { sample shift[k] ~ Normal(0, 1) }
    for n in 0..<N {
      sample a[n] ~ Categorical(fill(1 / K, K))
      sample c[n] ~ Categorical(fill(1 / L, L))
      observe y[n] ~ Normal(mu[a[n], c[n]] + shift[a[n]], 0.6)
    }`,
  },
  {
    title: 'a latent that selects a latent',
    kinds: ['finite', 'Normal'],
    data: {
      y: [0.3, 2.1, 1.8, -0.4, 2.5, 0.1],
      w: [
        [0.6, 0.3, 0.1],
        [0.2, 0.5, 0.3],
      ],
    },
    source: `
    data y: real[N]  data w: real[2, 3]
    for j in 0..<3 { sample c[j] ~ Bernoulli(0.4) }
    sample mu[0] ~ Normal(0, 1)
    sample mu[1] ~ Normal(2, 1)
    for n in 0..<N { sample s[n] ~ Categorical(w[n < 3 ? 0 : 1])  observe y[n] ~ Normal(mu[c[s[n]]], 0.5) }`,
  },
  {
    title: 'stick-breaking weights',
    kinds: ['finite', 'Beta', 'Gamma'],
    data: { y: y12, K: 4 },
    source: `
    data y: real[N]  data K: int
    sample alpha ~ Gamma(2, 1)
    for k in 0..<K-1 { sample v[k] ~ Beta(1, 2) }
    for k in 0..<K { sample mu[k] ~ Normal(0, 3) }
    let w = [k < K-1 ? v[min(k, K-2)] * prod(1 - v[j] for j in 0..<k) : prod(1 - v[j] for j in 0..<K-1) for k in 0..<K]
    for n in 0..<N { sample z[n] ~ Categorical(w)  observe y[n] ~ Normal(mu[z[n]], precision: alpha) }`,
  },
  {
    title: 'missing data: regressor and response',
    kinds: ['Normal', 'Gamma'],
    data: { x: [0.3, null, 1.2, -0.5, null, 0.8], y: [1.1, 0.4, null, -0.3, null, 1.6] },
    source: `
    data x: real[N]  data y: real[N]
    sample m ~ Normal(0, 1)  sample t ~ Gamma(2, 1)
    sample a ~ Normal(0, 2)  sample b ~ Normal(0, 2)  sample r ~ Gamma(2, 1)
    for n in 0..<N { observe x[n] ~ Normal(m, precision: t)  observe y[n] ~ Normal(a + b * x[n], precision: r) }`,
    unread: {
      variable: 'y',
      logDensity: (value) =>
        [2, 4].reduce((sum, n) => {
          const residual = value('y', n) - value('a', 0) - value('b', 0) * value('x', n),
            precision = value('r', 0);
          return sum + 0.5 * Math.log(precision / (2 * Math.PI)) - 0.5 * precision * residual ** 2;
        }, 0),
    },
  },
  {
    title: 'missing labels and missing coordinates',
    kinds: ['finite', 'Normal', 'MvNormal'],
    data: {
      z: [0, null, 1, null, null, 1],
      x: [
        [0.2, null],
        [2.1, -1],
        [2.2, null],
        [-0.3, 0.1],
        [null, null],
        [1.9, -1.2],
      ],
    },
    source: `
    data z: int[N]  data x: real[N, 2]
    sample p ~ Dirichlet(ones(2))
    for k in 0..<2 { sample mu[k] ~ MvNormal(zeros(2), 4 * eye(2)) }
    for n in 0..<N { observe z[n] ~ Categorical(p)  observe x[n] ~ MvNormal(mu[z[n]], [[0.5, 0.2], [0.2, 0.4]]) }`,
  },
  {
    title: 'counts: Gamma-Poisson with exposure, Beta-Binomial, Exponential',
    kinds: ['Gamma', 'Beta', 'finite'],
    data: { y: counts, e: vector(10, (i) => 1 + 0.1 * i), t: [0.4, 1.3, 0.2] },
    source: `
    data y: int[N]  data e: positive[N]  data t: real[M]
    sample lambda ~ Exponential(0.3)
    sample p ~ Beta(2, 2)
    sample n0 ~ DiscreteUniform(3, 9)
    for n in 0..<N { observe y[n] ~ Poisson(lambda * e[n]) }
    observe 3 ~ Binomial(n0, p)
    for m in 0..<M { observe t[m] ~ Exponential(lambda) }`,
  },
  {
    title: 'topics',
    kinds: ['finite', 'Dirichlet'],
    data: { w: words, d: documentOf, K: 2, V: 4, M: 3 },
    source: `
    data w: int[N]  data d: int[N]  data K: int  data V: int  data M: int
    for m in 0..<M { sample theta[m] ~ Dirichlet(fill(0.7, K)) }
    for k in 0..<K { sample phi[k] ~ Dirichlet(fill(0.5, V)) }
    for n in 0..<N { sample z[n] ~ Categorical(theta[d[n]])  observe w[n] ~ Categorical(phi[z[n]]) }`,
  },
  {
    title: 'two matrix unknowns and a vector chain',
    kinds: ['MvNormal', 'InverseWishart', 'Wishart'],
    data: { y: points },
    source: `
    data y: real[T, 2]
    sample Q ~ InverseWishart(4, eye(2))
    sample R ~ Wishart(3, eye(2))
    sample x[0] ~ MvNormal(zeros(2), 4 * eye(2))
    for t in 1..<T { sample x[t] ~ MvNormal(x[t-1], Q) }
    for t in 0..<T { observe y[t] ~ MvNormal(x[t], precision: R) }`,
  },
  {
    title: 'factor analysis: products of latents',
    kinds: ['MvNormal', 'Gamma'],
    data: { y: x12 },
    source: `
    data y: real[N, D]
    sample t ~ Gamma(2, 1)
    for d in 0..<D { sample w[d] ~ MvNormal(zeros(2), eye(2)) }
    for n in 0..<N { sample f[n] ~ MvNormal(zeros(2), eye(2)) }
    for n in 0..<N, d in 0..<D { observe y[n, d] ~ Normal(w[d] @ f[n], precision: t) }`,
  },
  {
    title: 'Pareto bound',
    kinds: ['Pareto'],
    data: { y: [1.2, 3.3, 2.1] },
    source: `
    data y: positive[N]
    sample c ~ Pareto(0.5, 1.5)
    for n in 0..<N { observe y[n] ~ Uniform(0, c) }`,
  },
  {
    title: 'params as points',
    kinds: ['point', 'finite'],
    data: { x: points, K: 2 },
    source: `
    data x: real[N, D]  data K: int
    param pi: simplex[K]
    param m: real
    sample c ~ Normal(m, 1)
    for k in 0..<K { sample mu[k] ~ MvNormal(fill(c, D), 9 * eye(D)) }
    param S: cov[D]
    for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ MvNormal(mu[z[n]], S) }`,
  },
  {
    title: 'params of every scalar family',
    kinds: ['point'],
    data: { y: y12, c: counts, b: [1, 0, 1, 1] },
    source: `
    data y: real[N]  data c: int[M]  data b: int[B]
    param s2: positive
    param tau: positive
    param rate: positive
    param p: unit
    sample a ~ Normal(0, variance: s2)
    sample q ~ Beta(2, 2)
    for n in 0..<N { observe y[n] ~ Normal(a, precision: tau) }
    for m in 0..<M { observe c[m] ~ Poisson(rate) }
    for i in 0..<B { sample k[i] ~ Bernoulli(p)  observe b[i] ~ Bernoulli(k[i] ? 0.9 : 0.2) }`,
  },
];
