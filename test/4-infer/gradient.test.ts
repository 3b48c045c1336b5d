/**
 * Generated gradients against central differences of the density (Richardson, step relative to the
 * coordinate), at random positions, with and without the Jacobian; the density itself against the
 * engine that `logp` uses; sums over finite latents against enumeration of the joint density.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelError } from '../../src/index.js';
import { DifferentiableDensity } from '../../src/4-infer/gradient.js';
import { logDensityFunction } from '../../src/4-infer/logDensity.js';
import { randomProgram } from '../fuzz/arbitraries.js';
import { boundModel } from './machine.js';

interface Difference {
  readonly where: string;
  readonly gradient: number;
  readonly difference: number;
}

/** Coordinates in which the gradient is not the derivative; those where differences of two steps disagree (kinks) do not count. */
function differences(density: DifferentiableDensity, position: Float64Array, jacobian: boolean, tolerance = 1e-5): readonly Difference[] {
  const out = new Float64Array(density.dimension);
  const value = density.gradient(position, jacobian, out);
  const again = density.density(position, jacobian);
  const wrong: Difference[] = [];
  if (Math.abs(value - again) > 1e-9 * (1 + Math.abs(again))) wrong.push({ where: 'value', gradient: value, difference: again });
  if (!Number.isFinite(value)) return wrong;
  const f = (k: number, h: number): number => {
    const p = position.slice();
    p[k]! += h;
    return density.density(p, jacobian);
  };
  for (let k = 0; k < density.dimension; k++) {
    const central = (h: number): number => (f(k, h) - f(k, -h)) / (2 * h);
    const h = 1e-4 * (1 + Math.abs(position[k]!));
    const coarse = central(h),
      fine = central(h / 2),
      estimate = (4 * fine - coarse) / 3;
    const scale = 1 + Math.abs(estimate) + Math.abs(value) * 1e-3;
    if (!Number.isFinite(estimate) || Math.abs(coarse - fine) > 1e-3 * scale) continue;
    if (!(Math.abs(out[k]! - estimate) <= tolerance * scale)) {
      const owner = density.owners[k]!;
      wrong.push({ where: `${owner.variable} ${owner.element} (${owner.kind})`, gradient: out[k]!, difference: estimate });
    }
  }
  return wrong;
}

function check(
  source: string,
  data: Readonly<Record<string, unknown>>,
  seed = '1',
  starts = 3,
  integrate = false,
): { readonly wrong: readonly Difference[]; readonly finite: number; readonly density: DifferentiableDensity } {
  const density = new DifferentiableDensity(boundModel(source, data), 'map', seed, { integrate });
  const wrong: Difference[] = [];
  let finite = 0;
  for (let s = 0; s < starts; s++) {
    const position = density.initialise(s % 2 === 0);
    if (position.some((x) => !Number.isFinite(x))) continue;
    if (Number.isFinite(density.density(position, false))) finite++;
    for (const jacobian of [false, true]) wrong.push(...differences(density, position, jacobian));
  }
  return { wrong, finite, density };
}

const y = [1.2, -0.3, 2.1, 0.7, 1.9, 0.2, -1.1, 0.9, 1.4, -0.6, 0.3, 0.5],
  x = [0.5, -1, 2, 0.3, 1, -0.4, 1.1, -0.9, 0.6, 0.2, -1.3, 0.8];
const X = x.map((a, n) => [1, a, a * a - 0.3 * n]),
  Y = y.map((a, n) => [a, x[n]!]);
const b = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1],
  c = [2, 0, 1, 3, 1, 0, 4, 2, 1, 1, 3, 0],
  g = [0, 1, 0, 2, 1, 2, 2, 0, 1, 0, 1, 2];

/** A tree of twelve switches, each on for the one before the last or not. */
const manySwitches = [
  'data y: real[N] param p: unit param q: unit[2] param d: real',
  ...Array.from({ length: 12 }, (_, k) => `sample s${k} ~ Bernoulli(${k < 2 ? 'p' : `q[s${k - 2}]`})`),
  'observe y ~ Normal(d * s11 + s10 - 0.5 * s5, 1)',
].join(' ');

const programs: readonly { readonly title: string; readonly source: string; readonly data: Readonly<Record<string, unknown>> }[] = [
  {
    title: 'regression with unknown scale',
    source: 'data X: real[N, D] data y: real[N] param w: real[D] param s: positive observe y ~ Normal(X @ w, s)',
    data: { X, y },
  },
  {
    title: 'logistic regression',
    source:
      'data X: real[N, D] data y: int[N] sample w ~ MvNormal(zeros(D), 4 * eye(D)) for n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }',
    data: { X, y: b },
  },
  {
    title: 'a gather by data, two levels',
    source:
      'data y: real[N] data g: int[N] data J: int sample m ~ Normal(0, 1) sample t ~ HalfNormal(1) for j in 0..<J { sample a[j] ~ Normal(m, t) } for n in 0..<N { observe y[n] ~ Normal(a[g[n]], exp(a[0] / 4)) }',
    data: { y, g, J: 3 },
  },
  {
    title: 'covariance matrices',
    source: 'data x: real[N, D] param m: real[D] param S: cov[D] observe x ~ MvNormal(m, S)',
    data: { x: Y },
  },
  {
    title: 'a covariance matrix with a floor',
    source: 'data x: real[N, D] param S: cov[D](floor: 0.1) observe x ~ MvNormal(zeros(D), S)',
    data: { x: Y },
  },
  {
    title: 'a correlation matrix and scales',
    source: 'data x: real[N, D] param R: corr[D] param t: positive[D] observe x ~ MvNormal(zeros(D), diag(t) @ R @ diag(t))',
    data: { x: x.map((a, n) => [a, y[n]!, a * y[n]! - 0.1 * n]) },
  },
  {
    title: 'a Wishart precision',
    source:
      'data x: real[N, D] sample P ~ Wishart(D + 1, eye(D)) sample m ~ MvNormal(zeros(D), precision: P) observe x ~ MvNormal(m, precision: P)',
    data: { x: Y },
  },
  {
    title: 'a Gaussian process with a length scale',
    source:
      'data x: real[N] data y: real[N] param l: positive param a: positive observe y ~ MvNormal(zeros(N), [a^2 * exp(-(x[i] - x[j])^2 / (2 * l^2)) + (i == j ? 0.1 : 0) for i in 0..<N, j in 0..<N])',
    data: { x, y },
  },
  {
    title: 'cholesky, inverse, solve, det, logdet',
    source: `param S: cov[3] param v: real[3] let L = cholesky(S) let A = inverse(S + eye(3)) let q = solve(S, v)
    factor -sum(L[i, j]^2 * (i + 1.5 * j) for i in 0..<3, j in 0..<3) factor -sum(A[i, j]^2 * (2 - j) for i in 0..<3, j in 0..<3) factor -0.1 * sum(q[i]^2 for i in 0..<3) factor 0.1 * det(S) - logdet(S)`,
    data: {},
  },
  {
    title: 'a simplex of proportions',
    source: 'data k: int[N] sample p ~ Dirichlet(fill(1.5, 5)) observe k ~ Categorical(p)',
    data: { k: c },
  },
  {
    title: 'ordered cutpoints',
    source: 'data y: real[N] param a: ordered[4] observe y ~ mixture(fill(0.25, 4), Normal(a[k], 0.6) for k in 0..<4)',
    data: { y },
  },
  {
    title: 'ordered draws in an interval',
    source:
      'data y: real[N] sample a: ordered[3] ~ iid(Uniform(-2, 3), 3) observe y ~ mixture(fill(1 / 3, 3), Normal(a[k], 0.6) for k in 0..<3)',
    data: { y },
  },
  {
    title: 'a bound that is unknown',
    source:
      'data y: real[N] sample h ~ Exponential(1) sample v ~ Uniform(-h, 2 * h) sample w ~ truncated(Normal(0, 1), v, inf) observe y ~ Normal(v + w, 1)',
    data: { y },
  },
  {
    title: 'truncated observations',
    source: 'data y: real[N] param m: real param s: positive observe y ~ truncated(Normal(m, s), -2, 3)',
    data: { y },
  },
  {
    title: 'functions of the gamma family',
    source:
      'data k: int[N] data e: positive[N] param a: positive param r: positive observe k ~ NegativeBinomial(a, 0.2 + 0.6 * sigmoid(r)) observe e ~ Gamma(a, r) observe e ~ Weibull(1 + a, r) observe e ~ truncated(Gamma(a, r), 0.01, 9)',
    data: { k: c, e: x.map((a) => 0.2 + a * a) },
  },
  {
    title: 'Student t with unknown degrees',
    source: 'data y: real[N] param n: positive param m: real param s: positive observe y ~ StudentT(n, m, s)',
    data: { y },
  },
  {
    title: 'a recursion',
    source:
      'data y: real[T] param a: unit param w: positive param s: positive let h[0] = w let q = a * 0.9 for t in 1..<T { let h[t] = w + q * h[t-1] + 0.2 * y[t-1]^2 * h[0] } for t in 0..<T { observe y[t] ~ Normal(0, sqrt(h[t]) * s) }',
    data: { y },
  },
  {
    title: 'two recursions that read each other',
    source:
      'data y: real[T] param a: real param d: real let u[0] = a let v[0] = d for t in 1..<T { let u[t] = 0.5 * u[t-1] + 0.2 * sin(v[t-1]) let v[t] = 0.3 * v[t-1] * u[t] + a } for t in 0..<T { observe y[t] ~ Normal(u[t] - v[t], 1) }',
    data: { y },
  },
  {
    title: 'a recursion backwards',
    source:
      'data y: real[T] param a: real let u[T - 1] = a for t in 0..<T - 1 { let u[t] = 0.5 * u[t+1] + 0.1 * a * u[t+1]^2 } observe y ~ Normal(u, 1)',
    data: { y },
  },
  {
    title: 'a recursion over a tree of the data',
    source:
      'data up: int[N] data y: real[N] param a: real param m: real let h[0] = m for t in 1..<N { let h[t] = a * h[up[t]] + 0.1 * h[up[t]]^2 } observe y ~ Normal(h, 1)',
    data: { up: [0, 4, 0, 2, 0, 1, 5, 3, 8 - 8, 7, 6, 10], y },
  },
  {
    title: 'products, maxima, minima, running sums',
    source:
      'param v: real[5] let s = cumsum(v) let p = cumprod(v) factor -sum((s[i] - 1)^2 + (p[i] - 0.5)^2 for i in 0..<5) factor 0.2 * prod(v[i] for i in 0..<5) + max(v) - 0.5 * min(v) - logsumexp(v)',
    data: {},
  },
  {
    title: 'softmax and selections',
    source:
      'data k: int[N] param v: real[4] param t: real observe k ~ Categorical(softmax([v[j] * (j == 2 ? t : 1) for j in 0..<4 ])) factor -sum(v[i]^2 for i in 0..<4) factor t > 0 ? -t^2 : -t^4',
    data: { k: c.map((k) => k % 4) },
  },
  {
    title: 'missing observations',
    source:
      'data x: real[N] data y: real[N] param a: real param s: positive for n in 0..<N { observe x[n] ~ Normal(0.3, 1) observe y[n] ~ Normal(a * x[n], s) }',
    data: { x: x.map((v, n) => (n % 4 === 1 ? null : v)), y: y.map((v, n) => (n % 5 === 2 ? null : v)) },
  },
  {
    title: 'gaps in vectors',
    source: 'data x: real[N, D] param m: real[D] param S: cov[D] observe x ~ MvNormal(m, S)',
    data: { x: Y.map((row, n) => (n % 3 === 1 ? [null, row[1]] : row)) },
  },
  {
    title: 'a mixture with summed labels',
    source:
      'data x: real[N, D] data K: int param pi: simplex[K] for k in 0..<K { param mu[k]: real[D] param S[k]: cov[D] } for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }',
    data: { x: Y, K: 3 },
  },
  {
    title: 'group covariances by data',
    source:
      'data x: real[N, D] data g: int[N] for k in 0..<3 { param S[k]: cov[D] } for n in 0..<N { observe x[n] ~ MvNormal(zeros(D), S[g[n]]) }',
    data: { x: Y, g },
  },
  {
    title: 'two labels at one address',
    source:
      'data y: real[N] param m: real[3] param p: unit for n in 0..<N { sample z[n] ~ Categorical([0.2, 0.3, 0.5]) sample w[n] ~ Bernoulli(p) observe y[n] ~ Normal(m[z[n]] + 2 * w[n], 1 + z[n]) }',
    data: { y },
  },
  {
    title: 'labels of groups',
    source:
      'data y: real[N] data g: int[N] param m: real[2] param p: unit for j in 0..<3 { sample z[j] ~ Bernoulli(p) } for n in 0..<N { observe y[n] ~ Normal(m[z[g[n]]], 1) }',
    data: { y, g },
  },
  {
    title: 'counts with bounds of their own',
    source:
      'data y: int[N] data n: int[N] param p: unit param q: unit for i in 0..<N { sample k[i] ~ Binomial(n[i], p) observe y[i] ~ Binomial(k[i], q) }',
    data: { y: [0, 1, 2, 1], n: [3, 1, 4, 2] },
  },
  {
    title: 'a hidden Markov chain',
    source:
      'data y: real[T] data K: int param m: ordered[K] for k in 0..<K { param P[k]: simplex[K] } param s: positive sample z[0] ~ Categorical(fill(1 / K, K)) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(m[z[t]], s) }',
    data: { y, K: 3 },
  },
  {
    title: 'a network of switches',
    source:
      'data y: real[N] param p: unit param q: unit[2] param d: real sample r ~ Bernoulli(p) sample s ~ Bernoulli(q[r]) sample w ~ Bernoulli(r && s ? 0.95 : r || s ? q[0] : 0.1) observe y ~ Normal(d * w + r, 1)',
    data: { y },
  },
  {
    title: 'a network of more combinations than one table holds',
    source: manySwitches,
    data: { y },
  },
  {
    title: 'missing binary data',
    source:
      'data b: int[N] data y: real[N] param p: unit param d: real for n in 0..<N { observe b[n] ~ Bernoulli(p) observe y[n] ~ Normal(d * b[n], 1) }',
    data: { b: b.map((v, n) => (n % 4 === 0 ? null : v)), y },
  },
  {
    title: 'ragged plates',
    source:
      'data len: int[G] data y: real[G, M] sample s ~ HalfNormal(1) for i in 0..<G { sample h[i] ~ Normal(0, s) for j in 0..<len[i] { sample e[i, j] ~ Normal(h[i], s) observe y[i, j] ~ Normal(e[i, j], 1) } }',
    data: {
      len: [2, 0, 3],
      y: [
        [1, 2, null],
        [null, null, null],
        [0.3, -1, 0.4],
      ],
    },
  },
  {
    title: 'a region fixed by hand',
    source:
      'data y: real[N] data g: int[N] sample s ~ HalfNormal(1) let a[0] = 0 for k in 1..<3 { sample a[k] ~ Normal(a[0], s) } for n in 0..<N { observe y[n] ~ Normal(a[g[n]], 1) }',
    data: { y, g },
  },
];

describe('gradients are the derivatives of the density', () => {
  test.each(programs)('$title', ({ source, data }) => {
    const { wrong, finite } = check(source, data);
    expect(wrong).toEqual([]);
    expect(finite).toBeGreaterThan(0);
  });

  test('where idle gaps are integrated out, chains of labels included', () => {
    const source =
      'data y: real[T] data K: int param m: real[K] param P: simplex[K, K] sample z[0] ~ Categorical(fill(1 / K, K)) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(m[z[t]], 1) }';
    const { wrong, density } = check(source, { y: y.map((v, n) => (n % 3 === 1 ? null : v)), K: 2 }, '1', 3, true);
    expect(wrong).toEqual([]);
    expect([...density.integrated]).toEqual(['y']);
    // The value of a gap does not count.
    const position = density.initialise(true),
      before = density.density(position, false);
    density.values('y')[1] = 7;
    expect(density.density(position, false)).toBe(before);
  });

  test('of random programs', () => {
    let compared = 0;
    fc.assert(
      fc.property(randomProgram, fc.nat({ max: 99 }), (program, seed) => {
        let found: readonly Difference[];
        try {
          const { wrong, finite } = check(program.source, program.data, String(seed), 2, seed % 2 === 1);
          found = wrong;
          compared += finite;
        } catch (thrown) {
          if (!(thrown instanceof ModelError)) throw thrown;
          return;
        }
        if (found.length > 0) throw new Error(`${program.source}\n${JSON.stringify(program.data)}\n${JSON.stringify(found)}`);
      }),
      { seed: 20, numRuns: 120 },
    );
    expect(compared).toBeGreaterThan(50);
  });
});

describe('the density of a position', () => {
  test('is that of the values it stands for', () => {
    for (const { source, data } of programs.filter((p) => !/sample [zwkb]\[|labels|missing binary|network/.test(p.source + p.title))) {
      const bound = boundModel(source, data),
        density = new DifferentiableDensity(bound, 'map', '3');
      const position = density.initialise(true);
      const value = density.density(position, false);
      const engine = logDensityFunction(bound);
      expect(engine.total(new Map(engine.unknowns.map(({ name }) => [name, density.values(name)]))), source).toBeCloseTo(value, 8);
    }
  });

  test('is summed over labels as enumeration says', () => {
    const source =
      'data y: real[N] param m: real[3] param p: unit for n in 0..<N { sample z[n] ~ Categorical([0.2, 0.3, 0.5]) sample w[n] ~ Bernoulli(p) observe y[n] ~ Normal(m[z[n]] + 2 * w[n], 1 + z[n]) }';
    const bound = boundModel(source, { y: [0.4, 2.2] }),
      density = new DifferentiableDensity(bound, 'map', '3'),
      engine = logDensityFunction(bound);
    const position = density.initialise(true),
      value = density.density(position, false);
    let total = 0;
    for (let code = 0; code < 36; code++) {
      const z = [code % 3, Math.floor(code / 3) % 3],
        w = [Math.floor(code / 9) % 2, Math.floor(code / 18)];
      total += Math.exp(
        engine.total(
          new Map<string, ArrayLike<number>>([
            ['m', density.values('m')],
            ['p', density.values('p')],
            ['z', z],
            ['w', w],
          ]),
        ),
      );
    }
    expect(value).toBeCloseTo(Math.log(total), 10);
  });
});

describe('chains of labels', () => {
  test('are summed as enumeration of the joint density says', () => {
    const source =
      'data y: real[T] param m: real[2] param P: simplex[2, 2] sample z[0] ~ Bernoulli(0.3) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(m[z[t]], 1) }';
    const bound = boundModel(source, { y: [0.4, 2.2, -0.3, 1.1] }),
      density = new DifferentiableDensity(bound, 'map', '3'),
      engine = logDensityFunction(bound);
    const value = density.density(density.initialise(true), false);
    let total = 0;
    for (let code = 0; code < 16; code++) {
      const z = [0, 1, 2, 3].map((t) => (code >> t) & 1);
      total += Math.exp(
        engine.total(
          new Map<string, ArrayLike<number>>([
            ['m', density.values('m')],
            ['P', density.values('P')],
            ['z', z],
          ]),
        ),
      );
    }
    expect(value).toBeCloseTo(Math.log(total), 10);
  });
});

describe('networks of scalars', () => {
  test('of 2^12 states are summed as enumeration of the joint density says', () => {
    const bound = boundModel(manySwitches, { y: [0.4, 2.2, -0.3, 1.1] }),
      density = new DifferentiableDensity(bound, 'map', '3'),
      engine = logDensityFunction(bound);
    const value = density.density(density.initialise(true), false);
    let total = 0;
    for (let code = 0; code < 1 << 12; code++)
      total += Math.exp(
        engine.total(
          new Map<string, ArrayLike<number>>([
            ...['p', 'q', 'd'].map((name) => [name, density.values(name)] as const),
            ...Array.from({ length: 12 }, (_, k) => [`s${k}`, [(code >> k) & 1]] as const),
          ]),
        ),
      );
    expect(value).toBeCloseTo(Math.log(total), 10);
  });
});

describe('refusals', () => {
  const switches = Array.from({ length: 40 }, (_, k) => `z${k}`);
  test.each([
    ['infinite counts', 'data y: real sample k ~ Poisson(3) observe y ~ Normal(k, 1)', { y: 2 }, 'no-marginal'],
    [
      'two to the forty states of one term',
      `data y: real sample m ~ Normal(0, 1)
       ${switches.map((z) => `sample ${z} ~ Bernoulli(0.5)`).join('\n')}
       observe y ~ Normal(${switches.map((z) => `${z} ? m : `).join('')} 0, 1)`,
      { y: 2 },
      'no-marginal',
    ],
  ])('%s', (_title, source, data, code) => {
    expect(() => new DifferentiableDensity(boundModel(source, data), 'map', '1')).toThrowError(
      expect.objectContaining({ diagnostics: [expect.objectContaining({ code })] }),
    );
  });
});

test('code does not grow with the data', () => {
  const source =
    'data x: real[N, D] data K: int param pi: simplex[K] for k in 0..<K { param mu[k]: real[D] param S[k]: cov[D] } for n in 0..<N { sample z[n] ~ Categorical(pi) observe x[n] ~ MvNormal(mu[z[n]], S[z[n]]) }';
  const rows = (n: number): number[][] => Array.from({ length: n }, (_, k) => [Math.sin(k), Math.cos(k)]);
  const [few, many] = [20, 2000].map((n) => new DifferentiableDensity(boundModel(source, { x: rows(n), K: 2 }), 'map', '1').source.length);
  // Sizes are numbers in the text.
  expect(Math.abs(many! - few!)).toBeLessThan(200);
});
