/**
 * What the derivation must find: the conjugate pairs that other systems keep in tables, one row
 * each. Families and parameters are worked out by hand beside each program; every program also
 * obeys the ratio law. Numbers of the data: sums of y, of y^2 and of |y - 0.5| below are of `y`.
 */
import { describe, expect, it } from 'vitest';
import { formName } from '../../src/4-infer/wording.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { checkRatios, elementAt, regionOf } from './ratio.js';
import { boundsOf, compile, familyArguments, goodState, naturalParameters, State } from './support.js';

const y = [1.2, 0.3, 2.1, 0.7, 1.9];
const counts = [2, 0, 1, 3, 1];
const n = y.length;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const logs = y.map(Math.log);

interface Found {
  readonly form: string;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly bounds: { readonly low: number; readonly high: number };
  readonly value: (name: string, ...at: number[]) => number;
}

/** The conditional of an element at a state; `fixed` sets other unknowns. The program must obey the ratio law. */
function conditional(
  text: string,
  data: Readonly<Record<string, unknown>>,
  name: string,
  fixed: Readonly<Record<string, readonly number[]>> = {},
  ...at: number[]
): Found {
  const compiled = compile(text, data);
  const { failures, compared } = checkRatios(compiled, { seeds: [1] });
  expect(failures).toEqual([]);
  expect([...compared].filter(([, k]) => k === 0)).toEqual([]);
  const state = Object.keys(fixed).length > 0 ? new State(compiled, 1, 1, fixed) : goodState(compiled, 1);
  const plan = regionOf(compiled, name);
  const place = elementAt(state, plan, ...at);
  const { recognised } = plan;
  if (recognised.kind === 'none') throw new Error(`${name} has no closed form: ${recognised.reason}`);
  let parameters: Readonly<Record<string, readonly number[]>> = {};
  if (recognised.kind !== 'finite') {
    const natural = naturalParameters(place, recognised.slots);
    const value = (e: Parameters<typeof evaluate>[0]): number => evaluate(e, state.derivedEnvironment(place.indices));
    switch (recognised.kind) {
      case 'exponential':
        parameters = familyArguments(
          recognised.family,
          natural,
          recognised.slots,
          state.shape(plan.region.variable.name).at(-1) ?? 1,
        ).arguments;
        break;
      case 'powerGamma':
        parameters = { power: [recognised.power], shape: [(natural[0]![0]! + 1) / recognised.power], rate: [-natural[1]![0]!] };
        break;
      case 'powerLaw':
        parameters = { exponent: [...natural[0]!] };
        break;
      case 'tilted':
        parameters = { slope: natural.length === 0 ? [0] : [...natural[0]!] };
        break;
      case 'piecewiseNormal':
        parameters = {
          linear: [...natural[0]!],
          square: [...natural[1]!],
          slopes: natural.slice(2).map((x) => x[0]!),
          points: recognised.points.map(value),
        };
        break;
      case 'shiftedCount':
        parameters = {
          slope: [...natural[0]!],
          shift: [value(recognised.shift)],
          ...(recognised.total === null ? {} : { total: [value(recognised.total)] }),
        };
        break;
    }
  }
  return { form: formName(recognised), parameters, bounds: boundsOf(place), value: (v, ...i) => state.value(v, ...i) };
}
function expectForm(found: Found, form: string, parameters: Readonly<Record<string, number | readonly number[]>>): void {
  expect(found.form).toBe(form);
  expect(Object.keys(found.parameters).sort()).toEqual(Object.keys(parameters).sort());
  for (const [name, expected] of Object.entries(parameters)) {
    const list = typeof expected === 'number' ? [expected] : expected;
    expect(found.parameters[name]).toHaveLength(list.length);
    list.forEach((x, k) => {
      expect(Math.abs(found.parameters[name]![k]! - x), `${name}[${k}] is ${found.parameters[name]![k]}, not ${x}`).toBeLessThanOrEqual(
        1e-10 * Math.max(1, Math.abs(x)),
      );
    });
  }
}
function normal(precision: number, linear: number): { mean: number; sd: number } {
  return { mean: linear / precision, sd: precision ** -0.5 };
}

describe('Normal in the mean', () => {
  // Prior Normal(1, 2): precision 1/4, linear 1/4. y - 1 ~ Normal(2 v, 0.5): 16 each, linear 8 (y - 1).
  const affine = normal(0.25 + 16 * n, 0.25 + 8 * (sum(y) - n));
  it('of a Normal, affine', () => {
    expectForm(
      conditional('data y: real[N] sample v ~ Normal(1, 2) for i in 0..<N { observe y[i] ~ Normal(2 * v + 1, 0.5) }', { y }, 'v'),
      'Normal',
      affine,
    );
  });
  it('of a LogNormal', () => {
    expectForm(
      conditional('data y: real[N] sample v ~ Normal(1, 2) for i in 0..<N { observe y[i] ~ LogNormal(2 * v + 1, 0.5) }', { y }, 'v'),
      'Normal',
      normal(0.25 + 16 * n, 0.25 + 8 * (sum(logs) - n)),
    );
  });
  it('of an MvNormal: elements of a mean vector', () => {
    // precision of [[2, 0.5], [0.5, 1]]: [[1, -0.5], [-0.5, 2]] / 1.75; direction a = (1, 2), offset (0, -1).
    const data = [
      [1, 2],
      [0.5, 0.2],
    ];
    const weigh = (u: readonly number[], w: readonly number[]): number =>
      (u[0]! * w[0]! - 0.5 * (u[0]! * w[1]! + u[1]! * w[0]!) + 2 * u[1]! * w[1]!) / 1.75;
    const precision = 0.25 + 2 * weigh([1, 2], [1, 2]);
    const linear = 0.25 + sum(data.map(([p, q]) => weigh([1, 2], [p!, q! + 1])));
    expectForm(
      conditional(
        'data y: real[N, 2] sample v ~ Normal(1, 2) for i in 0..<N { observe y[i] ~ MvNormal([v, 2 * v - 1], [[2, 0.5], [0.5, 1]]) }',
        { y: data },
        'v',
      ),
      'Normal',
      normal(precision, linear),
    );
  });
  it('of a second Normal and data, at once', () => {
    const found = conditional(
      'data y: real[N] sample v ~ Normal(1, 2) sample u ~ Normal(3 * v - 2, 0.5) for i in 0..<N { observe y[i] ~ Normal(v + u, 1) }',
      { y },
      'v',
      { u: [0.4], v: [0] },
    );
    // u: precision 4, slope 3, (u + 2); y - u: precision 1.
    expectForm(found, 'Normal', normal(0.25 + 36 + n, 0.25 + 12 * 2.4 + sum(y) - 0.4 * n));
  });
  it('by groups, ragged', () => {
    const data = {
      g: [0, 1, 1],
      w: [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
      m: [1, 3, 2],
    };
    const found = conditional(
      'data w: real[G, M] data m: int[G] data g: int[G] sample v ~ iid(Normal(0, 1), 2) for i in 0..<G, j in 0..<m[i] { observe w[i, j] ~ Normal(v[g[i]], 1) }',
      data,
      'v[i]',
      {},
      1,
    );
    expectForm(found, 'Normal', normal(1 + 5, 4 + 5 + 6 + 7 + 8));
  });
});

describe('MvNormal in the mean', () => {
  const A = [
      [1, 2],
      [3, 4],
    ],
    b = [0.1, 0.2],
    data = [
      [1, 2],
      [0.5, 0.2],
    ];
  /** Inverse of a 2 x 2 matrix given as [a, b, c, d]. */
  const invert = ([p, q, r, s]: readonly number[]): number[] => {
    const d = p! * s! - q! * r!;
    return [s! / d, -q! / d, -r! / d, p! / d];
  };
  const noise = invert([2, 0.5, 0.5, 1]);
  const product = (m: readonly number[], v: readonly number[]): number[] => [m[0]! * v[0]! + m[1]! * v[1]!, m[2]! * v[0]! + m[3]! * v[1]!];
  const transposed = (v: readonly number[]): number[] => [A[0]![0]! * v[0]! + A[1]![0]! * v[1]!, A[0]![1]! * v[0]! + A[1]![1]! * v[1]!];
  /** A' P A as [a, b, c, d]. */
  const quadratic = ((): number[] => {
    const first = transposed(product(noise, [A[0]![0]!, A[1]![0]!])),
      second = transposed(product(noise, [A[0]![1]!, A[1]![1]!]));
    return [first[0]!, second[0]!, first[1]!, second[1]!];
  })();
  const plus = (...list: readonly (readonly number[])[]): number[] => list[0]!.map((_, k) => sum(list.map((x) => x[k]!)));
  const times = (c: number, v: readonly number[]): number[] => v.map((x) => c * x);
  const gaussian = (precision: readonly number[], linear: readonly number[]): { mean: number[]; cov: number[] } => {
    const cov = invert(precision);
    return { mean: product(cov, linear), cov };
  };
  const vectorTerm = plus(...data.map((row) => transposed(product(noise, [row[0]! - b[0]!, row[1]! - b[1]!]))));

  it('of MvNormals, A v + b', () => {
    const found = conditional(
      'data y: real[N, 2] data A: real[2, 2] data b: real[2] sample v ~ MvNormal(zeros(2), eye(2)) for i in 0..<N { observe y[i] ~ MvNormal(A @ v + b, [[2, 0.5], [0.5, 1]]) }',
      { y: data, A, b },
      'v',
    );
    expectForm(found, 'MvNormal', gaussian(plus([1, 0, 0, 1], times(2, quadratic)), vectorTerm));
  });
  it('of scalar Normals, x . v', () => {
    const X = [
        [1, 0.5],
        [2, -1],
        [0, 3],
      ],
      u = [1, 2, 3];
    const found = conditional(
      'data X: real[N, 2] data u: real[N] sample v ~ MvNormal([1, -1], eye(2)) for i in 0..<N { observe u[i] ~ Normal(X[i] @ v, 0.5) }',
      { X, u },
      'v',
    );
    const gram = plus(...X.map(([p, q]) => [p! * p!, p! * q!, p! * q!, q! * q!]));
    expectForm(
      found,
      'MvNormal',
      gaussian(plus([1, 0, 0, 1], times(4, gram)), plus([1, -1], times(4, plus(...X.map(([p, q], k) => [p! * u[k]!, q! * u[k]!]))))),
    );
  });
  it('of both at once, with a correlated prior', () => {
    const found = conditional(
      'data y: real[N, 2] data u: real[M] data A: real[2, 2] data b: real[2] sample v ~ MvNormal([0.1, 0.2], [[2, 0.5], [0.5, 1]]) for i in 0..<N { observe y[i] ~ MvNormal(A @ v + b, [[2, 0.5], [0.5, 1]]) } for i in 0..<M { observe u[i] ~ Normal(dot(v, b) + 3, 0.5) }',
      { y: data, u: [1, 2, 4], A, b },
      'v',
    );
    const outer = [b[0]! ** 2, b[0]! * b[1]!, b[0]! * b[1]!, b[1]! ** 2];
    expectForm(
      found,
      'MvNormal',
      gaussian(plus(noise, times(2, quadratic), times(12, outer)), plus(product(noise, b), vectorTerm, times(4 * (7 - 9), b))),
    );
  });
  it('with Normal elements inside a vector mean', () => {
    const text =
      'data y: real[N, 2] sample a ~ Normal(0, 1) sample c ~ Normal(1, 2) for i in 0..<N { observe y[i] ~ MvNormal([a, a + c], [[2, 0.5], [0.5, 1]]) }';
    const fixed = { a: [0.7], c: [-0.3] };
    const ones = [1, 1],
      total = plus(...data.map((row) => [...row]));
    const dotted = (u: readonly number[], w: readonly number[]): number => {
      const p = product(noise, w);
      return u[0]! * p[0]! + u[1]! * p[1]!;
    };
    // mean = a (1, 1) + c (0, 1)
    expectForm(
      conditional(text, { y: data }, 'a', fixed),
      'Normal',
      normal(1 + 2 * dotted(ones, ones), dotted(ones, total) - 2 * -0.3 * dotted(ones, [0, 1])),
    );
    expectForm(
      conditional(text, { y: data }, 'c', fixed),
      'Normal',
      normal(0.25 + 2 * dotted([0, 1], [0, 1]), 0.25 + dotted([0, 1], total) - 2 * 0.7 * dotted([0, 1], ones)),
    );
  });
  it('with scalar Normal children of its elements', () => {
    const found = conditional(
      'data y: real[D] sample v ~ MvNormal(zeros(D), [[2, 0.5], [0.5, 1]]) for d in 0..<D { observe y[d] ~ Normal(v[d], 0.5) }',
      { y: [1, 3] },
      'v',
    );
    expectForm(found, 'MvNormal', gaussian(plus(noise, [4, 0, 0, 4]), [4, 12]));
  });
  it('of the next in a chain', () => {
    const found = conditional(
      'data y: real[T, 2] data A: real[2, 2] sample x[0] ~ MvNormal(zeros(2), eye(2)) for t in 1..<T { sample x[t] ~ MvNormal(A @ x[t-1], [[2, 0.5], [0.5, 1]]) } for t in 0..<T { observe y[t] ~ MvNormal(x[t], 0.5 * eye(2)) }',
      {
        y: [
          [1, 2],
          [0.5, 0.2],
          [1, 1],
        ],
        A,
      },
      'x[t]',
      { x: [0.3, -0.2, 0, 0, 0.8, 0.1] },
      1,
    );
    expectForm(
      found,
      'MvNormal',
      gaussian(
        plus(noise, quadratic, [2, 0, 0, 2]),
        plus(product(noise, [0.3 - 0.4, 0.9 - 0.8]), transposed(product(noise, [0.8, 0.1])), [1, 0.4]),
      ),
    );
  });
});

describe('Laplace in the mean of a Normal', () => {
  it('is a piecewise truncated Normal', () => {
    const found = conditional(
      'data y: real[N] sample v ~ Laplace(0.5, 2) for i in 0..<N { observe y[i] ~ Normal(2 * v + 1, 0.5) }',
      { y },
      'v',
    );
    expectForm(found, 'piecewise truncated Normal', { linear: 8 * (sum(y) - n), square: -8 * n, slopes: [-0.5], points: [0.5] });
  });
});

const gammaPriors = [
  { prior: 'Gamma(2, 3)', shape: 2, rate: 3 },
  { prior: 'Exponential(3)', shape: 1, rate: 3 },
  { prior: 'ChiSquared(5)', shape: 2.5, rate: 0.5 },
];
const gammaRows: readonly {
  readonly child: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly shape: number;
  readonly rate: number;
}[] = [
  { child: 'Normal(0.3, precision: 2 * v)', data: {}, shape: n / 2, rate: sum(y.map((x) => (x - 0.3) ** 2)) },
  { child: 'Normal(0.3, 1 / sqrt(v))', data: {}, shape: n / 2, rate: sum(y.map((x) => (x - 0.3) ** 2)) / 2 },
  { child: 'Normal(0.3, variance: 3 / v)', data: {}, shape: n / 2, rate: sum(y.map((x) => (x - 0.3) ** 2)) / 6 },
  { child: 'LogNormal(0.3, 1 / sqrt(2 * v))', data: {}, shape: n / 2, rate: sum(logs.map((x) => (x - 0.3) ** 2)) },
  { child: 'Exponential(2 * v)', data: {}, shape: n, rate: 2 * sum(y) },
  { child: 'Gamma(1.5, 2 * v)', data: {}, shape: 1.5 * n, rate: 2 * sum(y) },
  { child: 'InverseGamma(1.5, 2 * v)', data: {}, shape: 1.5 * n, rate: 2 * sum(y.map((x) => 1 / x)) },
  { child: 'Weibull(1.7, v^(-1 / 1.7))', data: {}, shape: n, rate: sum(y.map((x) => x ** 1.7)) },
  { child: 'Weibull(k, v^(-1 / k))', data: { k: 1.7 }, shape: n, rate: sum(y.map((x) => x ** 1.7)) },
  { child: 'Weibull(k, (2 * v)^(-1 / k))', data: { k: 1.7 }, shape: n, rate: 2 * sum(y.map((x) => x ** 1.7)) },
  { child: 'Laplace(0.5, 1 / v)', data: {}, shape: n, rate: sum(y.map((x) => Math.abs(x - 0.5))) },
  { child: 'Laplace(0.5, 3 / v)', data: {}, shape: n, rate: sum(y.map((x) => Math.abs(x - 0.5))) / 3 },
  { child: 'Pareto(0.1, 2 * v)', data: {}, shape: n, rate: 2 * sum(y.map((x) => Math.log(x / 0.1))) },
];
describe.each(gammaPriors)('$prior', ({ prior, shape, rate }) => {
  it.each(gammaRows)('under $child', (row) => {
    const found = conditional(
      `data y: real[N] ${'k' in row.data ? 'data k: real' : ''} sample v ~ ${prior} for i in 0..<N { observe y[i] ~ ${row.child} }`,
      { y, ...row.data },
      'v',
    );
    expectForm(found, 'Gamma', { shape: shape + row.shape, rate: rate + row.rate });
  });
  it('as the rate of Poisson', () => {
    const found = conditional(
      `data y: int[N] data t: positive[N] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ Poisson(t[i] * v) }`,
      { y: counts, t: [1, 2, 3, 4, 5] },
      'v',
    );
    expectForm(found, 'Gamma', { shape: shape + sum(counts), rate: rate + 15 });
  });
  it.each([
    ['v * [[2, 0.5], [0.5, 1]]', 2 * 1 + 2 * 0.5 * 1 * 0.5 + 1 * 0.25],
    ['v * eye(2)', 1.25],
    ['(3 * v) * eye(2)', 3.75],
  ])('as the precision of a vector: %s', (matrix, square) => {
    // One vector (1, 0.5) about 0: x' M x, two dimensions.
    const found = conditional(
      `data y: real[N, 2] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ MvNormal(zeros(2), precision: ${matrix}) }`,
      { y: [[1, 0.5]] },
      'v',
    );
    expectForm(found, 'Gamma', { shape: shape + 1, rate: rate + square / 2 });
  });
});
it('a Weibull with a shape for each datum', () => {
  const k = [1, 2, 3, 1.5, 0.5];
  const found = conditional(
    'data y: real[N] data k: positive[N] sample v ~ Gamma(2, 3) for i in 0..<N { observe y[i] ~ Weibull(k[i], v^(-1 / k[i])) }',
    { y, k },
    'v',
  );
  expectForm(found, 'Gamma', { shape: 2 + n, rate: 3 + sum(y.map((x, i) => x ** k[i]!)) });
});

describe('InverseGamma(2, 3)', () => {
  const squares = sum(y.map((x) => (x - 0.3) ** 2));
  it.each([
    ['Normal(0.3, variance: v)', n / 2, squares / 2],
    ['Normal(0.3, variance: 2 * v)', n / 2, squares / 4],
    ['Normal(0.3, sqrt(v))', n / 2, squares / 2],
    ['Normal(0.3, precision: 4 / v)', n / 2, 2 * squares],
    ['LogNormal(0.3, sqrt(v))', n / 2, sum(logs.map((x) => (x - 0.3) ** 2)) / 2],
    ['Exponential(scale: 2 * v)', n, sum(y) / 2],
    ['Gamma(1.5, scale: 2 * v)', 1.5 * n, sum(y) / 2],
    ['Laplace(0.5, v)', n, sum(y.map((x) => Math.abs(x - 0.5)))],
    ['InverseGamma(1.5, 1 / v)', 1.5 * n, sum(y.map((x) => 1 / x))],
    ['Weibull(k, v^(1 / k))', n, sum(y.map((x) => x ** 1.7))],
  ])('under %s', (child, shape, scale) => {
    const found = conditional(
      `data y: real[N] data k: real sample v ~ InverseGamma(2, 3) for i in 0..<N { observe y[i] ~ ${child} } observe 1 ~ Normal(k, 1)`,
      { y, k: 1.7 },
      'v',
    );
    expectForm(found, 'InverseGamma', { shape: 2 + shape, scale: 3 + scale });
  });
  it('with weights of undeclared sign', () => {
    const found = conditional(
      'data y: real[N] data w: real[N] sample v ~ InverseGamma(2, 3) for i in 0..<N { observe y[i] ~ Normal(0.3, variance: v / w[i]) }',
      { y, w: [1, 2, 3, 4, 5] },
      'v',
    );
    expectForm(found, 'InverseGamma', { shape: 2 + n / 2, scale: 3 + sum(y.map((x, i) => (i + 1) * (x - 0.3) ** 2)) / 2 });
  });
  it('with the mean scaled by it too', () => {
    const found = conditional(
      'data y: real[N] sample v ~ InverseGamma(2, 3) sample m ~ Normal(0, variance: 4 * v) for i in 0..<N { observe y[i] ~ Normal(m, variance: v) }',
      { y },
      'v',
      { m: [0.3] },
    );
    expectForm(found, 'InverseGamma', { shape: 2 + (n + 1) / 2, scale: 3 + (squares + 0.09 / 4) / 2 });
  });
});
it('InverseGamma on s2 with sd sqrt(s2), Gamma on t with sd 1 / sqrt(t), through lets', () => {
  const squares = sum(y.map((x) => x ** 2));
  expectForm(
    conditional('data y: real[N] sample s2 ~ InverseGamma(2, 3) let s = sqrt(s2) observe y ~ Normal(0, s)', { y }, 's2'),
    'InverseGamma',
    { shape: 2 + n / 2, scale: 3 + squares / 2 },
  );
  expectForm(conditional('data y: real[N] sample t ~ Gamma(2, 3) let s = 1 / sqrt(t) observe y ~ Normal(0, s)', { y }, 't'), 'Gamma', {
    shape: 2 + n / 2,
    rate: 3 + squares / 2,
  });
});
it('Uniform(0, c) on the sd of a Normal is a truncated power of a Gamma', () => {
  const found = conditional('data y: real[N] sample s ~ Uniform(0, 10) observe y ~ Normal(0, s)', { y }, 's');
  // s^-2 ~ Gamma((n - 1) / 2, sum y^2 / 2) between bounds.
  expectForm(found, 'truncated power of a Gamma', { power: -2, shape: (n - 1) / 2, rate: sum(y.map((x) => x ** 2)) / 2 });
  expect(found.bounds).toEqual({ low: 0, high: 10 });
});
it.each([['StudentT(3, 0, 1), 0, inf'], ['Cauchy(0, 2), 0, inf']])(
  'half of %s on the sd of a Normal has no form, the prior is named',
  (law) => {
    const plan = regionOf(compile(`data y: real[N] sample s ~ truncated(${law}) observe y ~ Normal(0, s)`, { y }), 's');
    expect(plan.recognised.kind).toBe('none');
  },
);

describe('Beta', () => {
  const total = sum(counts);
  it.each([
    ['Beta(2, 3)', 2, 3],
    ['Uniform(0, 1)', 1, 1],
  ])('%s as p', (prior, a, b) => {
    const rows: readonly (readonly [string, number, number])[] = [
      ['Binomial(5, v)', total, 5 * n - total],
      ['Binomial(5, 1 - v)', 5 * n - total, total],
      ['NegativeBinomial(2.5, v)', 2.5 * n, total],
      ['NegativeBinomial(2.5, 1 - v)', total, 2.5 * n],
      ['Geometric(v)', n, total],
      ['Geometric(1 - v)', total, n],
    ];
    for (const [child, successes, failures] of rows) {
      const found = conditional(`data y: int[N] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ ${child} }`, { y: counts }, 'v');
      expectForm(found, 'Beta', { a: a + successes, b: b + failures });
    }
    const bits = conditional(
      `data y: int[N] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ Bernoulli(v) observe 1 - y[i] ~ Bernoulli(1 - v) }`,
      { y: [0, 1, 1, 1] },
      'v',
    );
    expectForm(bits, 'Beta', { a: a + 6, b: b + 2 });
  });
  it('selected by a latent index, p or 1 - p', () => {
    const found = conditional(
      'data y: int[N] sample v ~ iid(Beta(2, 3), 3) for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ Binomial(5, v[z[i]]) observe y[i] ~ Binomial(4, z[i] == 1 ? 1 - v[0] : v[2]) }',
      { y: counts },
      'v[i]',
      { z: [0, 1, 2, 2, 0] },
      2,
    );
    // v[2]: own counts of elements 2 and 3; the second statement where z is not 1.
    expectForm(found, 'Beta', { a: 2 + (1 + 3) + (2 + 1 + 3 + 1), b: 3 + (10 - 4) + (16 - 7) });
  });
  it('sticks of a Categorical', () => {
    for (const [head, sticks] of [
      ['for k in 0..<K { sample v[k] ~ Beta(1, 2) }', 4],
      ['for k in 0..<K - 1 { sample v[k] ~ Beta(1, 2) } let v[K - 1] = 1', 4],
    ] as const) {
      const found = conditional(
        `data y: int[N] data K: int ${head} let w = [v[k] * prod(1 - v[j] for j in 0..<k) for k in 0..<K] for i in 0..<N { observe y[i] ~ Categorical(w) }`,
        { y: counts, K: sticks },
        'v[k]',
        {},
        1,
      );
      // Ones are drawn twice; beyond them one 2 and one 3.
      expectForm(found, 'Beta', { a: 1 + 2, b: 2 + 2 });
    }
  });
  it('sticks of a latent Categorical', () => {
    const found = conditional(
      'data y: real[N] data K: int for k in 0..<K { sample v[k] ~ Beta(1, 2) } let w = [v[k] * prod(1 - v[j] for j in 0..<k) for k in 0..<K] for i in 0..<N { sample z[i] ~ Categorical(w) observe y[i] ~ Normal(z[i], 1) }',
      { y, K: 4 },
      'v[k]',
      { z: [3, 0, 0, 2, 1] },
      0,
    );
    expectForm(found, 'Beta', { a: 1 + 2, b: 2 + 3 });
  });
});

describe('Dirichlet', () => {
  it('as probs of Categorical and Multinomial', () => {
    const found = conditional(
      'data y: int[N] data m: int[K] sample p ~ Dirichlet([2, 3, 4, 5]) for i in 0..<N { observe y[i] ~ Categorical(p) } observe m ~ Multinomial(sum(m), p)',
      { y: counts, m: [1, 2, 3, 4] },
      'p',
    );
    expectForm(found, 'Dirichlet', { alpha: [2 + 1 + 1, 3 + 2 + 2, 4 + 1 + 3, 5 + 1 + 4] });
  });
  it('rows selected by data and by a latent index', () => {
    const found = conditional(
      'data y: int[N] data g: int[N] for k in 0..<2 { sample p[k] ~ Dirichlet([1, 2, 3, 4]) } for i in 0..<N { sample z[i] ~ Bernoulli(0.5) observe y[i] ~ Categorical(p[g[i]]) observe y[i] ~ Categorical(p[z[i]]) }',
      { y: counts, g: [0, 1, 0, 1, 1] },
      'p[k]',
      { z: [1, 1, 0, 0, 1] },
      1,
    );
    // g = 1: values 0, 3, 1; z = 1: values 2, 0, 1.
    expectForm(found, 'Dirichlet', { alpha: [1 + 2, 2 + 2, 3 + 1, 4 + 1] });
  });
  it('as rows of a transition matrix', () => {
    const found = conditional(
      'data y: real[T] data K: int for k in 0..<K { sample P[k] ~ Dirichlet(fill(1, K)) } sample z[0] ~ Categorical(fill(1 / K, K)) for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) } for t in 0..<T { observe y[t] ~ Normal(z[t], 1) }',
      { y: [...y, 0, 1], K: 3 },
      'P[k]',
      { z: [0, 1, 1, 2, 1, 1, 0] },
      1,
    );
    // From 1: to 1, 2, 1, 0.
    expectForm(found, 'Dirichlet', { alpha: [2, 3, 2] });
  });
});

describe('Wishart and InverseWishart', () => {
  const data = [
    [1, 2],
    [0.5, -0.2],
    [-1, 0.3],
  ];
  /** Sum of outer products about the mean (0.5, 1), scaled. */
  const scatter = (c: number): number[] =>
    [0, 1, 2, 3].map(
      (k) => c * sum(data.map((row) => (row[Math.floor(k / 2)]! - [0.5, 1][Math.floor(k / 2)]!) * (row[k % 2]! - [0.5, 1][k % 2]!))),
    );
  const prior = [2, 0.5, 0.5, 1];
  const invert = ([p, q, r, s]: readonly number[]): number[] => {
    const d = p! * s! - q! * r!;
    return [s! / d, -q! / d, -r! / d, p! / d];
  };
  const plus = (u: readonly number[], v: readonly number[]): number[] => u.map((x, k) => x + v[k]!);
  it.each([
    ['O', 1],
    ['3 * O', 3],
    ['O / 4', 0.25],
  ])('Wishart as the precision %s', (precision, scale) => {
    const found = conditional(
      `data y: real[N, 2] sample O ~ Wishart(5, [[2, 0.5], [0.5, 1]]) for i in 0..<N { observe y[i] ~ MvNormal([0.5, 1], precision: ${precision}) }`,
      { y: data },
      'O',
    );
    expectForm(found, 'Wishart', { df: 8, scale: invert(plus(invert(prior), scatter(scale))) });
  });
  it('Wishart with the covariance inverse(O)', () => {
    const found = conditional(
      'data y: real[N, 2] sample O ~ Wishart(5, [[2, 0.5], [0.5, 1]]) let S = inverse(O) for i in 0..<N { observe y[i] ~ MvNormal([0.5, 1], S) }',
      { y: data },
      'O',
    );
    expectForm(found, 'Wishart', { df: 8, scale: invert(plus(invert(prior), scatter(1))) });
  });
  it.each([
    ['S', 1],
    ['3 * S', 1 / 3],
    ['S / 4', 4],
  ])('InverseWishart as the covariance %s', (covariance, scale) => {
    const found = conditional(
      `data y: real[N, 2] sample S ~ InverseWishart(5, [[2, 0.5], [0.5, 1]]) for i in 0..<N { observe y[i] ~ MvNormal([0.5, 1], ${covariance}) }`,
      { y: data },
      'S',
    );
    expectForm(found, 'InverseWishart', { df: 8, scale: plus(prior, scatter(scale)) });
  });
  it('weights of data, and a component of a mixture', () => {
    const weighted = conditional(
      'data y: real[N, 2] data w: positive[N] sample S ~ InverseWishart(5, [[2, 0.5], [0.5, 1]]) for i in 0..<N { observe y[i] ~ MvNormal([0, 0], S / w[i]) }',
      { y: data, w: [1, 2, 3] },
      'S',
    );
    expectForm(weighted, 'InverseWishart', {
      df: 8,
      scale: [0, 1, 2, 3].map((k) => prior[k]! + sum(data.map((row, i) => (i + 1) * row[Math.floor(k / 2)]! * row[k % 2]!))),
    });
    const mixture = conditional(
      'data y: real[N, 2] for k in 0..<3 { sample S[k] ~ InverseWishart(5, [[2, 0.5], [0.5, 1]]) } for i in 0..<N { sample z[i] ~ Categorical([0.2, 0.3, 0.5]) observe y[i] ~ MvNormal([0, 0], S[z[i]]) }',
      { y: data },
      'S[k]',
      { z: [1, 0, 1] },
      1,
    );
    expectForm(mixture, 'InverseWishart', {
      df: 7,
      scale: [0, 1, 2, 3].map((k) => prior[k]! + sum([data[0]!, data[2]!].map((row) => row[Math.floor(k / 2)]! * row[k % 2]!))),
    });
  });
});

it.each([
  ['v', 2.1],
  ['2 * v', 1.05],
  ['c[i] * v', 2.1 / 0.5],
])('Pareto as the upper bound %s of Uniform', (bound, least) => {
  const found = conditional(
    `data y: real[N] data c: real[N] sample v ~ Pareto(0.5, 3) for i in 0..<N { observe y[i] ~ Uniform(0, ${bound}) } observe c ~ Normal(0, 1)`,
    { y, c: [1, 1, 0.5, 1, 1] },
    'v',
  );
  expectForm(found, 'Pareto', { exponent: -4 - n });
  expect(found.bounds.low).toBeCloseTo(least, 12);
});

it.each([
  ['truncated(Normal(1, 2), 0, 3)', 0, 3],
  ['truncated(Normal(1, 2), -1, inf)', -1, Infinity],
])('%s in means of untruncated Normals', (prior, low, high) => {
  const found = conditional(`data y: real[N] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ Normal(2 * v + 1, 0.5) }`, { y }, 'v');
  expectForm(found, 'truncated Normal', normal(0.25 + 16 * n, 0.25 + 8 * (sum(y) - n)));
  expect(found.bounds).toEqual({ low, high });
});

describe('finite supports are enumerated', () => {
  it.each([
    ['Categorical([0.2, 0.3, 0.5])', 'Normal(sin(v), 1 + v)', 0, 2],
    ['Bernoulli(0.4)', 'Normal(exp(v), 1)', 0, 1],
    ['DiscreteUniform(2, 5)', 'Gamma(v, lgamma(v) + 1)', 2, 5],
    ['Binomial(4, 0.3)', 'StudentT(v + 1, 0, 1)', 0, 4],
    ['truncated(Poisson(3), 1, 6)', 'Normal(0, v)', 1, 6],
  ])('%s under %s', (prior, child, low, high) => {
    const found = conditional(`data y: real[N] sample v ~ ${prior} for i in 0..<N { observe y[i] ~ ${child} }`, { y }, 'v');
    expect(found.form).toBe('Categorical');
    expect(found.bounds).toEqual({ low, high });
  });
});

describe('counts n of one Binomial child', () => {
  const child = 'for i in 0..<N { PRIOR observe y[i] ~ Binomial(m[i], 0.3) }';
  const text = (prior: string): string => `data y: int[N] ${child.replace('PRIOR', `sample m[i] ~ ${prior}`)}`;
  it('Poisson: m - y ~ Poisson(rate (1 - p))', () => {
    expectForm(conditional(text('Poisson(6)'), { y: counts }, 'm[i]', {}, 3), 'shifted Poisson', { slope: Math.log(6 * 0.7), shift: 3 });
  });
  it('NegativeBinomial: m - y ~ NegativeBinomial(r + y, 1 - (1 - q)(1 - p))', () => {
    // total + shift successes: here r = 2.5 with y = 3.
    expectForm(conditional(text('NegativeBinomial(2.5, 0.4)'), { y: counts }, 'm[i]', {}, 3), 'shifted NegativeBinomial', {
      slope: Math.log(0.6 * 0.7),
      shift: 3,
      total: 2.5,
    });
  });
  it('Geometric is NegativeBinomial(1, q)', () => {
    expectForm(conditional(text('Geometric(0.4)'), { y: counts }, 'm[i]', {}, 0), 'shifted NegativeBinomial', {
      slope: Math.log(0.6 * 0.7),
      shift: 2,
      total: 1,
    });
  });
  it('Binomial of an unknown total: m - y ~ Binomial(total - y, odds)', () => {
    const found = conditional('data y: int sample t ~ Poisson(9) sample m ~ Binomial(t, 0.4) observe y ~ Binomial(m, 0.3)', { y: 3 }, 'm', {
      t: [8],
      m: [5],
    });
    expectForm(found, 'shifted Binomial', { slope: Math.log((0.4 / 0.6) * 0.7), shift: 3, total: 8 });
  });
  it('Binomial with a total of data is finite', () => {
    expect(conditional(text('Binomial(10, 0.4)'), { y: counts }, 'm[i]', {}, 1).form).toBe('Categorical');
  });
});

describe('a component index shared by several observed quantities', () => {
  it('has the product of the densities, for four overlapping components', () => {
    const found = conditional(
      'data y: real[N] data c: int[N] sample p ~ Dirichlet(fill(1, 4)) for k in 0..<4 { sample m[k] ~ Normal(0, 2) sample t[k] ~ Gamma(2, 2) } for i in 0..<N { sample z[i] ~ Categorical(p) observe y[i] ~ Normal(m[z[i]], precision: t[z[i]]) observe c[i] ~ Poisson(t[z[i]]) }',
      { y, c: counts },
      't[k]',
      { z: [2, 2, 1, 3, 2], m: [0, 0.1, 0.2, 0.3] },
      2,
    );
    const own = [0, 1, 4];
    expectForm(found, 'Gamma', {
      shape: 2 + own.length / 2 + sum(own.map((i) => counts[i]!)),
      rate: 2 + own.length + sum(own.map((i) => (y[i]! - 0.2) ** 2)) / 2,
    });
  });
});
