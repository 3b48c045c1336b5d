/**
 * The fine print of the canonical form, a paragraph each: two references to one variable, one-hot
 * algebra, supports, rewriting under known supports, missing data, recursions. Parameters are worked
 * out by hand where a form is found; every program obeys the ratio law.
 */
import { describe, expect, it } from 'vitest';
import { formName } from '../../src/4-infer/wording.js';
import { checkRatios, elementAt, regionOf } from './ratio.js';
import { boundsOf, compile, type Compiled, familyArguments, goodState, naturalParameters, State } from './support.js';

const y = [1.2, 0.3, 2.1, 0.7, 1.9];

function holds(text: string, data: Readonly<Record<string, unknown>> = {}): Compiled {
  const compiled = compile(text, data);
  const { failures, compared } = checkRatios(compiled, { seeds: [1, 2, 3] });
  expect(failures).toEqual([]);
  expect([...compared].filter(([, k]) => k === 0)).toEqual([]);
  return compiled;
}
/** Forms of all regions, in the order of the program. */
function forms(compiled: Compiled): string[] {
  return compiled.derivation.regions.map((r) => (r.recognised.kind === 'none' ? 'none' : formName(r.recognised)));
}
function parametersOf(
  compiled: Compiled,
  name: string,
  fixed: Readonly<Record<string, readonly number[]>>,
  ...at: number[]
): Readonly<Record<string, readonly number[]>> {
  const plan = regionOf(compiled, name);
  if (plan.recognised.kind !== 'exponential') throw new Error(`${name} is ${plan.recognised.kind}`);
  const state = new State(compiled, 1, 1, fixed);
  const natural = naturalParameters(elementAt(state, plan, ...at), plan.recognised.slots);
  return familyArguments(plan.recognised.family, natural, plan.recognised.slots, state.shape(plan.region.variable.name).at(-1) ?? 1)
    .arguments;
}
function expectNormal(found: Readonly<Record<string, readonly number[]>>, precision: number, linear: number): void {
  expect(found['mean']![0]).toBeCloseTo(linear / precision, 10);
  expect(found['sd']![0]).toBeCloseTo(precision ** -0.5, 10);
}

describe('two references to one variable', () => {
  it('x[t] * x[t-1] as a mean, in both roles', () => {
    const c = holds(
      'data y: real[T] for t in 0..<T { sample x[t] ~ Normal(0, 1) } for t in 1..<T { observe y[t] ~ Normal(x[t] * x[t-1], 1) }',
      { y },
    );
    // x[2] multiplies x[1] at t = 2 and x[3] at t = 3.
    expectNormal(parametersOf(c, 'x[t]', { x: [0, 0.5, 9, -2, 0] }, 2), 1 + 0.25 + 4, 0.5 * y[2]! - 2 * y[3]!);
    // The first has one role, the last too.
    expectNormal(parametersOf(c, 'x[t]', { x: [9, 0.5, 1, -2, 0] }, 0), 1 + 0.25, 0.5 * y[1]!);
    expectNormal(parametersOf(c, 'x[t]', { x: [9, 0.5, 1, -2, 0] }, 4), 1 + 4, -2 * y[4]!);
  });
  it('three lags in a product', () => {
    expect(
      forms(
        holds(
          'data y: real[T] for t in 0..<T { sample x[t] ~ Normal(0, 1) } for t in 2..<T { observe y[t] ~ Normal(x[t] * x[t-1] * x[t-2], 1) }',
          { y },
        ),
      ),
    ).toEqual(['Normal']);
  });
  it('A @ z with both unknown', () => {
    const data = {
      y: [
        [1, 2, 3],
        [0.5, 0.2, 1],
        [1, 1, 0],
      ],
    };
    const loop = 'for i in 0..<N { sample z[i] ~ MvNormal(zeros(2), eye(2)) observe y[i] ~ MvNormal(A @ z[i], 0.5 * eye(D)) }';
    expect(forms(holds(`data y: real[N, D] for d in 0..<D, q in 0..<2 { sample A[d, q] ~ Normal(0, 1) } ${loop}`, data))).toEqual([
      'Normal',
      'MvNormal',
    ]);
    expect(forms(holds(`data y: real[N, D] for d in 0..<D { sample A[d] ~ MvNormal(zeros(2), eye(2)) } ${loop}`, data))).toEqual([
      'MvNormal',
      'MvNormal',
    ]);
  });
  it('w_i w_j of different elements is affine in each, of the same is not', () => {
    expect(
      forms(
        holds(
          'data y: real[N] sample w ~ iid(Normal(0, 1), 3) for i in 0..<N { observe y[i] ~ Normal(sum(sum(w[i] * w[j] for j in 0..<i) for i in 0..<3), 1) }',
          { y },
        ),
      ),
    ).toEqual(['Normal']);
    expect(
      forms(
        holds(
          'data y: real[N] sample w ~ iid(Normal(0, 1), 3) for i in 0..<N { observe y[i] ~ Normal(sum(w[i] * w[j] for i in 0..<3, j in 0..<3), 1) }',
          { y },
        ),
      ),
    ).toEqual(['none']);
  });
  it('a square of a sum of elements', () => {
    const c = holds('sample w ~ iid(Normal(0, 1), 4) observe 3 ~ Normal(sum(w), 0.5)');
    // precision 1 + 4, linear 4 (3 - the others).
    expectNormal(parametersOf(c, 'w[i]', { w: [0.1, 9, 0.3, 0.4] }, 1), 5, 4 * (3 - 0.8));
  });
  it('two gathers that may meet', () => {
    const c = holds(
      'data y: real[N] data g: int[N] data h: int[N] sample m ~ iid(Normal(0, 1), 3) for i in 0..<N { observe y[i] ~ Normal(m[g[i]] + m[h[i]], 1) }',
      { y, g: [0, 1, 2, 2, 1], h: [1, 1, 0, 2, 2] },
    );
    // Element 2: with m[0] in row 2, twice itself in row 3, with m[1] in row 4.
    expectNormal(parametersOf(c, 'm[i]', { m: [0.5, -1, 9] }, 2), 1 + 1 + 4 + 1, y[2]! - 0.5 + 2 * y[3]! + y[4]! + 1);
  });
  it('forwards and backwards chains of two lags with their coefficients', () => {
    expect(
      forms(
        holds(
          'data y: real[T] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) sample x[0] ~ Normal(0, 1) sample x[1] ~ Normal(a * x[0], 1) for t in 2..<T { sample x[t] ~ Normal(a * x[t-1] + b * x[t-2], 1) } for t in 0..<T { observe y[t] ~ Normal(x[t], 1) }',
          { y },
        ),
      ),
    ).toEqual(['Normal', 'Normal', 'Normal', 'Normal', 'Normal']);
    expect(
      forms(
        holds(
          'data y: real[T] sample x[T-1] ~ Normal(0, 1) for t in 0..<T-1 { sample x[t] ~ Normal(0.5 * x[t+1], 1) } for t in 0..<T { observe y[t] ~ Normal(x[t], 1) }',
          { y },
        ),
      ),
    ).toEqual(['Normal', 'Normal']);
  });
});

describe('one-hot algebra', () => {
  it('gathers by the same z meet in one index, whatever the function', () => {
    const c = holds(
      'data y: real[N] sample m ~ iid(Normal(0, 1), 3) sample s ~ iid(Gamma(1, 1), 3) for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ Normal(exp(m[z[i]]) + 1, precision: s[z[i]]) }',
      { y },
    );
    expect(forms(c)).toEqual(['none', 'Gamma', 'Categorical']);
    const found = parametersOf(c, 's[i]', { m: [0, 0.1, 0.2], s: [1, 1, 1], z: [0, 2, 1, 0, 2] }, 2);
    expect(found['shape']![0]).toBeCloseTo(2, 12);
    expect(found['rate']![0]).toBeCloseTo(1 + [y[1]!, y[4]!].map((x) => (x - Math.exp(0.2) - 1) ** 2 / 2).reduce((a, b) => a + b, 0), 12);
  });
  it('gathers by different indices stay apart', () => {
    expect(
      forms(
        holds(
          'data y: real[N] for i in 0..<3, j in 0..<3 { sample m[i, j] ~ Normal(0, 1) } for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) } for i in 1..<N { observe y[i] ~ Normal(m[z[i], z[i - 1]], 1) }',
          { y },
        ),
      ),
    ).toEqual(['Normal', 'Categorical']);
  });
  it('z ? a : b, and a Bernoulli as a number', () => {
    const c = holds(
      'data y: real[N] sample a ~ Normal(0, 1) sample s ~ Gamma(1, 1) for i in 0..<N { sample z[i] ~ Bernoulli(0.4) observe y[i] ~ Normal(z[i] ? a : 2, precision: z[i] ? s : 3) }',
      { y },
    );
    expect(forms(c)).toEqual(['Normal', 'Gamma', 'Categorical']);
    expectNormal(parametersOf(c, 'a', { a: [9], s: [2], z: [1, 0, 0, 1, 1] }), 1 + 6, 2 * (y[0]! + y[3]! + y[4]!));
    const d = holds(
      'data y: real[N] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) for i in 0..<N { sample z[i] ~ Bernoulli(0.4) observe y[i] ~ Normal(a * z[i] + b, 1) }',
      { y },
    );
    expectNormal(parametersOf(d, 'a', { a: [9], b: [0.5], z: [1, 0, 0, 1, 1] }), 1 + 3, y[0]! + y[3]! + y[4]! - 1.5);
  });
  it('a gather of a gather, by data and by latent', () => {
    expect(
      forms(
        holds(
          'data y: real[N] data h: int[K] sample top ~ iid(Normal(0, 1), 2) for k in 0..<K { sample m[k] ~ Normal(top[h[k]], 1) } for i in 0..<N { sample z[i] ~ Categorical(fill(1 / K, K)) observe y[i] ~ Normal(m[z[i]], 1) observe y[i] ~ Normal(top[h[z[i]]], 2) }',
          { y, h: [0, 1, 1] },
        ),
      ),
    ).toEqual(['Normal', 'Normal', 'Categorical']);
  });
  it('hidden chains with unknown rows and means', () => {
    expect(
      forms(
        holds(
          'data y: real[T] data K: int for k in 0..<K { sample P[k] ~ Dirichlet(fill(1, K)) sample m[k] ~ Normal(0, 1) } sample z[0] ~ Categorical(fill(1 / K, K)) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(m[z[t]], 1) }',
          { y, K: 4 },
        ),
      ),
    ).toEqual(['Dirichlet', 'Normal', 'Categorical', 'Categorical']);
  });
});

describe('supports', () => {
  const bounds = (
    compiled: Compiled,
    name: string,
    fixed: Readonly<Record<string, readonly number[]>>,
    ...at: number[]
  ): { readonly low: number; readonly high: number } =>
    boundsOf(elementAt(new State(compiled, 1, 1, fixed), regionOf(compiled, name), ...at));
  it('are intersected over plates', () => {
    const c = holds(
      'data y: real[N] sample lo ~ Normal(0, 2) sample w ~ Gamma(2, 1) for i in 0..<N { observe y[i] ~ Uniform(lo, lo + w) }',
      { y },
    );
    expect(bounds(c, 'lo', { lo: [0], w: [3] })).toEqual({ low: 2.1 - 3, high: 0.3 });
    expect(bounds(c, 'w', { lo: [-0.5], w: [3] })).toEqual({ low: 2.6, high: Infinity });
  });
  it('belong to the own element in a loop that factor and region share', () => {
    const c = holds('data y: int[N] for i in 0..<N { sample m[i] ~ Poisson(6) observe y[i] ~ Binomial(m[i], 0.3) }', {
      y: [2, 0, 1, 3, 1],
    });
    expect([0, 1, 2, 3, 4].map((i) => bounds(c, 'm[i]', {}, i).low)).toEqual([2, 0, 1, 3, 1]);
  });
  it('have slopes of either sign, found when data is bound', () => {
    const c = holds(
      'data y: real[N] data c: real[N] sample v ~ Normal(0, 2) for i in 0..<N { observe y[i] ~ truncated(Flat(), c[i] * v - 5, 20) }',
      { y, c: [1, -2, 0.5, 0, 3] },
    );
    // c v <= y + 5.
    const { low, high } = bounds(c, 'v', { v: [0] });
    expect(low).toBeCloseTo(5.3 / -2, 12);
    expect(high).toBeCloseTo(Math.min(6.2, 7.1 / 0.5, 6.9 / 3), 12);
  });
  it('hold for one branch of a choice only', () => {
    const c = holds(
      'data y: real[N] sample lo ~ iid(Normal(-1, 2), 2) for i in 0..<N { sample z[i] ~ Bernoulli(0.4) observe y[i] ~ truncated(Flat(), z[i] ? lo[0] : lo[1] - 1, 9) }',
      { y },
    );
    expect(bounds(c, 'lo[i]', { z: [1, 0, 1, 0, 1], lo: [0, 0] }, 0)).toEqual({ low: -Infinity, high: 1.2 });
    expect(bounds(c, 'lo[i]', { z: [1, 0, 1, 0, 1], lo: [0, 0] }, 1)).toEqual({ low: -Infinity, high: 1.3 });
  });
  it('hold where the guards of their statement do', () => {
    const c = holds(
      'data y: real[N] data g: int[N] sample v ~ Pareto(0.1, 2) for i in 0..<N { if g[i] == 1 { observe y[i] ~ Uniform(0, v) } else { observe y[i] ~ Uniform(0, 4 * v) } }',
      { y, g: [1, 0, 0, 1, 1] },
    );
    expect(forms(c)).toEqual(['Pareto']);
    expect(bounds(c, 'v', { v: [3] }).low).toBe(1.9);
  });
  it('depend on other unknowns, in chains', () => {
    const c = holds('sample a ~ Uniform(0, 1) sample b ~ Uniform(0, a) sample d ~ Uniform(b, a) observe 0.5 ~ Normal(d, 1)');
    expect(bounds(c, 'b', { a: [0.8], b: [0.2], d: [0.6] })).toEqual({ low: 0, high: 0.6 });
    expect(bounds(c, 'd', { a: [0.8], b: [0.2], d: [0.6] })).toEqual({ low: 0.2, high: 0.8 });
    expect(
      bounds(
        holds(
          'data y: real[T] sample x[0] ~ Normal(0, 1) for t in 1..<T { sample x[t] ~ truncated(Flat(), x[t-1], 10) } for t in 0..<T { observe y[t] ~ Normal(x[t], 1) }',
          { y },
        ),
        'x[t]',
        { x: [0, 1, 2, 3, 4] },
        2,
      ),
    ).toEqual({ low: 1, high: 3 });
  });
  it('of ordered vectors are their neighbours, row by row', () => {
    const c = holds(
      'data y: real[N] for j in 0..<2 { sample m[j]: ordered[3] ~ iid(Normal(0, 2), 3) } for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ Normal(m[1, z[i]], 1) }',
      { y },
    );
    expect(forms(c)).toEqual(['truncated Normal', 'Categorical']);
    const m = [-1, 0, 1, 2, 3, 4];
    expect(bounds(c, 'm[j,i]', { m }, 1, 0)).toEqual({ low: -Infinity, high: 3 });
    expect(bounds(c, 'm[j,i]', { m }, 0, 1)).toEqual({ low: -1, high: 1 });
    expect(bounds(c, 'm[j,i]', { m }, 0, 2)).toEqual({ low: 0, high: Infinity });
    expect(forms(holds('sample m: ordered[3] ~ iid(Gamma(2, 2), 3) observe 1 ~ Exponential(m[2])'))).toEqual(['truncated Gamma']);
  });
  it('a mixture summed out says nothing where its scales are positive by law', () => {
    holds(
      'data y: real[N] sample mu: ordered[2] ~ iid(Normal(0, 2), 2) sample sigma ~ iid(HalfNormal(2), 2) sample theta ~ Beta(5, 5) for i in 0..<N { observe y[i] ~ mixture([theta, 1 - theta], Normal(mu[k], sigma[k]) for k in 0..<2) }',
      { y },
    );
  });
});

describe('rewriting under known supports', () => {
  const squares = y.map((x) => x ** 2).reduce((a, b) => a + b, 0),
    n = y.length;
  it('sd, variance and precision meet in powers of one unknown', () => {
    const c = holds(
      'data y: real[N] sample t ~ Gamma(2, 2) for i in 0..<N { observe y[i] ~ Normal(0, precision: t) observe y[i] ~ Normal(0, 1 / sqrt(2 * t)) observe y[i] ~ Normal(0, variance: 1 / t) observe y[i] ~ Normal(0, sqrt(3 / t)) }',
      { y },
    );
    const found = parametersOf(c, 't', {});
    expect(found['shape']![0]).toBeCloseTo(2 + 2 * n, 12);
    expect(found['rate']![0]).toBeCloseTo(2 + (squares * (1 + 2 + 1 + 1 / 3)) / 2, 10);
    expect(
      forms(
        holds(
          'data y: real[N] sample s ~ Uniform(0.1, 3) for i in 0..<N { observe y[i] ~ Normal(0, s) observe y[i] ~ Normal(0, 2 * s) observe y[i] ~ Normal(0, variance: s^2 / 3) }',
          { y },
        ),
      ),
    ).toEqual(['truncated power of a Gamma']);
  });
  it('a product of data of unknown sign keeps its power whole', () => {
    const c = holds(
      'data y: real[N] data a: real data b: real sample v ~ InverseGamma(2, 3) for i in 0..<N { observe y[i] ~ Normal(0, variance: a * b * v) }',
      { y, a: -2, b: -3 },
    );
    expect(parametersOf(c, 'v', {})['scale']![0]).toBeCloseTo(3 + squares / 12, 12);
    // A root of the product: of the data apart it would be no number.
    expect(
      forms(
        holds(
          'data w: positive[N] data a: real data b: real sample v ~ Uniform(0, 9) for i in 0..<N { observe w[i] ~ Exponential(sqrt(a * b * v)) }',
          { w: y, a: -2, b: -3 },
        ),
      ),
    ).toEqual(['truncated power of a Gamma']);
  });
  it('products of scales', () => {
    expect(
      forms(
        holds(
          'data y: real[N] sample a ~ Gamma(2, 2) sample b ~ Gamma(2, 2) for i in 0..<N { observe y[i] ~ Normal(0, precision: a * b) }',
          { y },
        ),
      ),
    ).toEqual(['Gamma', 'Gamma']);
    expect(
      forms(
        holds(
          'data y: real[N] data K: int sample a ~ iid(Gamma(2, 2), K) for i in 0..<N { observe y[i] ~ Normal(0, precision: prod(a[k] for k in 0..<K)) }',
          { y, K: 3 },
        ),
      ),
    ).toEqual(['none']);
  });
  it.each([
    ['c * A', 'sample c ~ InverseGamma(2, 2)', 'c * [[2, 0.5], [0.5, 1]]', ['InverseGamma']],
    ['A / c with both unknown', 'sample A ~ InverseWishart(5, eye(2)) sample c ~ Gamma(2, 2)', 'A / c', ['InverseWishart', 'Gamma']],
    ['diag(v)', 'sample v ~ iid(InverseGamma(2, 2), 2)', 'diag(v)', ['InverseGamma']],
    ['inverse(A)', 'sample A ~ Wishart(5, eye(2))', 'inverse(A)', ['Wishart']],
    ['inverse(c * A)', 'sample A ~ Wishart(5, eye(2)) sample c ~ Gamma(2, 2)', 'inverse(c * A)', ['Wishart', 'Gamma']],
    ['transpose(A)', 'sample A ~ InverseWishart(5, eye(2))', 'transpose(A)', ['InverseWishart']],
    ['L L^T', 'sample A ~ InverseWishart(5, eye(2)) let L = cholesky(A)', 'L @ transpose(L)', ['InverseWishart']],
    [
      'diag(v) R diag(v), R unknown',
      'data v: positive[2] sample R ~ InverseWishart(5, eye(2))',
      'diag(v) @ R @ diag(v)',
      ['InverseWishart'],
    ],
    ['diag(v) R diag(v), v unknown', 'sample v ~ iid(Gamma(2, 2), 2)', 'diag(v) @ [[1, 0.5], [0.5, 1]] @ diag(v)', ['none']],
  ])('inverse and logdet of %s', (_, head, matrix, expected) => {
    const data = {
      y: [
        [1, 0.5],
        [2, 1.5],
        [-1, 0.3],
      ],
      ...(head.startsWith('data v') ? { v: [1.5, 0.5] } : {}),
    };
    expect(forms(holds(`data y: real[N, 2] ${head} for i in 0..<N { observe y[i] ~ MvNormal(zeros(2), ${matrix}) }`, data))).toEqual(
      expected,
    );
  });
  it('priors on scales of Wisharts', () => {
    const data = {
      y: [
        [1, 0.5],
        [2, 1.5],
        [-1, 0.3],
      ],
    };
    expect(
      forms(
        holds(
          'data y: real[N, 2] sample V ~ Wishart(5, eye(2)) sample S ~ InverseWishart(4, V) for i in 0..<N { observe y[i] ~ MvNormal(zeros(2), S) }',
          data,
        ),
      ),
    ).toEqual(['Wishart', 'InverseWishart']);
    expect(
      forms(
        holds(
          'data y: real[N, 2] sample V ~ Wishart(5, eye(2)) sample O ~ Wishart(4, inverse(V)) for i in 0..<N { observe y[i] ~ MvNormal(zeros(2), precision: O) }',
          data,
        ),
      ),
    ).toEqual(['Wishart', 'Wishart']);
  });
  it('a factor statement is a term like any other', () => {
    expect(forms(holds('sample O ~ Wishart(4, eye(2)) factor -trace(O @ [[2, 0.5], [0.5, 1]])'))).toEqual(['Wishart']);
    expect(forms(holds('sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) factor -(a - b)^2'))).toEqual(['Normal', 'Normal']);
  });
  it('cumsum, concat, mean and solve are sums', () => {
    expect(
      forms(
        holds('data y: real[N] sample b ~ iid(Normal(0, 1), N) let s = cumsum(b) for i in 0..<N { observe y[i] ~ Normal(s[i], 1) }', { y }),
      ),
    ).toEqual(['Normal']);
    expect(
      forms(
        holds('data y: real[N] sample b ~ iid(Normal(0, 1), 4) for i in 0..<N { observe y[i] ~ Normal(mean(b) + sum(b) + b[0], 1) }', {
          y,
        }),
      ),
    ).toEqual(['Normal']);
    expect(
      forms(
        holds(
          'data y: real[N] data g: int[N] sample b ~ iid(Normal(0, 1), 2) let e = concat([0], b) for i in 0..<N { observe y[i] ~ Normal(e[g[i] + 1], 1) }',
          { y, g: [0, 1, 1, -1, 0] },
        ),
      ),
    ).toEqual(['Normal']);
    expect(forms(holds('sample b ~ MvNormal(zeros(2), eye(2)) observe [1, 2] ~ MvNormal(solve([[2, 0.5], [0.5, 1]], b), eye(2))'))).toEqual(
      ['MvNormal'],
    );
  });
});

describe('missing data', () => {
  it('a gap is a latent element, its neighbours are given', () => {
    const c = holds(
      'data y: real[T] sample a ~ Normal(0, 1) sample s ~ InverseGamma(2, 2) observe y[0] ~ Normal(0, 1) for t in 1..<T { observe y[t] ~ Normal(a * y[t-1], variance: s) }',
      { y: [1, null, 2, null, null, 0.5] },
    );
    expect(forms(c)).toEqual(['Normal', 'InverseGamma', 'Normal', 'Normal']);
    expectNormal(
      parametersOf(c, 'y[t]', { a: [0.5], s: [0.25], y: [1, 9, 2, 0.3, -0.2, 0.5] }, 1),
      4 * (1 + 0.25),
      4 * (0.5 * 1 + 0.5 * 2),
    );
    expectNormal(
      parametersOf(c, 'y[t]', { a: [0.5], s: [0.25], y: [1, 9, 2, 0.3, -0.2, 0.5] }, 3),
      4 * (1 + 0.25),
      4 * (0.5 * 2 + 0.5 * -0.2),
    );
  });
  it('in regressors with a model of their own', () => {
    expect(
      forms(
        holds(
          'data x: real[N] data y: real[N] sample a ~ Normal(0, 1) sample m ~ Normal(0, 1) sample s ~ Gamma(2, 2) for i in 0..<N { observe x[i] ~ Normal(m, precision: s) observe y[i] ~ Normal(a * x[i], 1) }',
          { y, x: [1, null, 2, null, 3] },
        ),
      ),
    ).toEqual(['Normal', 'Normal', 'Gamma', 'Normal']);
  });
  it('in elements of vectors', () => {
    const c = holds(
      'data y: real[N, 2] sample m ~ MvNormal(zeros(2), eye(2)) sample S ~ InverseWishart(5, eye(2)) for i in 0..<N { observe y[i] ~ MvNormal(m, S) }',
      {
        y: [
          [1, null],
          [0.5, 0.2],
          [null, null],
          [null, 2],
        ],
      },
    );
    expect(forms(c)).toEqual(['MvNormal', 'InverseWishart', 'Normal']);
    // S = [[2, 0.5], [0.5, 1]]: the second given the first is m1 + 0.25 (y0 - m0), variance 0.875.
    expectNormal(
      parametersOf(c, 'y[i,i0]', { m: [0.2, 0.4], S: [2, 0.5, 0.5, 1], y: [1, 9, 0.5, 0.2, 0, 0, 0, 2] }, 0, 1),
      1 / 0.875,
      (0.4 + 0.25 * 0.8) / 0.875,
    );
  });
  it('of counts and of classes', () => {
    expect(forms(holds('data y: int[N] sample v ~ Gamma(2, 1) for i in 0..<N { observe y[i] ~ Poisson(v) }', { y: [1, null, 3] }))[0]).toBe(
      'Gamma',
    );
    expect(
      forms(
        holds(
          'data z: int[N] data y: real[N] sample p ~ Dirichlet([1, 1, 1]) sample m ~ iid(Normal(0, 1), 3) for i in 0..<N { observe z[i] ~ Categorical(p) observe y[i] ~ Normal(m[z[i]], 1) }',
          { z: [0, null, 2, null, 1], y },
        ),
      ),
    ).toEqual(['Dirichlet', 'Normal', 'Categorical']);
  });
});

describe('conditioning on a sampled variable', () => {
  it('makes it data, wholly or in part', () => {
    const text =
      'data y: real[N] sample m ~ iid(Normal(0, 1), 3) sample s ~ Gamma(1, 1) for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ Normal(m[z[i]], precision: s) }';
    expect(forms(holds(text, { y, z: [0, 1, 2, 1, 0] }))).toEqual(['Normal', 'Gamma']);
    expect(forms(holds(text, { y, s: 2 }))).toEqual(['Normal', 'Categorical']);
  });
});

describe('definitions', () => {
  it('chains of lets are seen through', () => {
    const c = holds(
      'data y: real[N] data x: real[N] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) for i in 0..<N { let e[i] = a + b * x[i] } for i in 0..<N { let f[i] = 2 * e[i] + 1 } let total = sum(f) for i in 0..<N { observe y[i] ~ Normal(f[i], 1) } observe 3 ~ Normal(total, 2)',
      { y, x: [1, 2, 3, 4, 5] },
    );
    // total = 10 a + 30 b + 5.
    expectNormal(
      parametersOf(c, 'a', { b: [0.1] }),
      1 + 20 + 25,
      2 * y.map((v, i) => v - 1 - 0.2 * (i + 1)).reduce((p, q) => p + q, 0) + (10 * (3 - 5 - 3)) / 4,
    );
  });
  it('corner constraints fix elements', () => {
    const c = holds(
      'data y: real[N] data g: int[N] let a[0] = 0 for k in 1..<3 { sample a[k] ~ Normal(0, 1) } for i in 0..<N { observe y[i] ~ Normal(a[g[i]], 2) }',
      { y, g: [0, 1, 2, 2, 1] },
    );
    expectNormal(parametersOf(c, 'a[k]', {}, 2), 1 + 2 / 4, (y[2]! + y[3]!) / 4);
  });
  it('a corner that is computed from the rest', () => {
    const c = holds(
      'data y: real[N] data g: int[N] let a[0] = -sum(a[k] for k in 1..<3) for k in 1..<3 { sample a[k] ~ Normal(0, 1) } for i in 0..<N { observe y[i] ~ Normal(a[g[i]], 2) }',
      { y, g: [0, 1, 2, 2, 1] },
    );
    // a[0] = -(a[1] + a[2]) in row 0.
    expectNormal(parametersOf(c, 'a[k]', { a: [0, 0.5, 9] }, 2), 1 + 3 / 4, (-y[0]! - 0.5 + y[2]! + y[3]!) / 4);
    holds(
      'data y: real[N] let a[0] = -sum(a[k] for k in 1..<3) for k in 1..<3 { sample a[k] ~ Normal(0, 1) } for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ Normal(a[z[i]], 2) }',
      { y },
    );
  });
  it('recursions stay expressions: what follows them is evaluated, what does not is derived', () => {
    const c = holds(
      'data y: real[T] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) sample s ~ InverseGamma(2, 2) let h[0] = b for t in 1..<T { let h[t] = a + 0.5 * h[t-1] } for t in 0..<T { observe y[t] ~ Normal(h[t], variance: s) }',
      { y },
    );
    expect(forms(c)).toEqual(['none', 'none', 'InverseGamma']);
    expect(
      forms(
        holds(
          'data y: real[T] for t in 0..<T { sample e[t] ~ Normal(0, 1) } let h[0] = e[0] for t in 1..<T { let h[t] = e[t] + 0.5 * h[t-1] } for t in 0..<T { observe y[t] ~ Normal(h[t], 2) }',
          { y },
        ),
      ),
    ).toEqual(['none']);
    expect(
      forms(
        holds(
          'data y: real[T] sample z ~ Bernoulli(0.3) let h[0] = z for t in 1..<T { let h[t] = 0.5 * h[t-1] } for t in 0..<T { observe y[t] ~ Normal(h[t], 2) }',
          { y },
        ),
      ),
    ).toEqual(['Categorical']);
  });
  it('an if of data and indices chooses among statements', () => {
    const c = holds(
      'data y: real[N] data g: int[N] sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) for i in 0..<N { if g[i] == 1 { observe y[i] ~ Normal(a, 1) } else { observe y[i] ~ Normal(a + b, 1) } }',
      { y, g: [0, 1, 2, 1, 0] },
    );
    expectNormal(parametersOf(c, 'a', { b: [0.5] }), 6, y.reduce((p, q) => p + q, 0) - 1.5);
    expectNormal(parametersOf(c, 'b', { a: [0.5] }), 4, y[0]! + y[2]! + y[4]! - 1.5);
  });
  it('a state exists for every program above', () => {
    expect(goodState(compile('sample a ~ Normal(0, 1)'), 1).impossible).toBe(0);
  });
});
