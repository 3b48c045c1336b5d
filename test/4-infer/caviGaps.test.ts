/**
 * Coordinate ascent over functions of partly given variables. Its factors are those of the program whose missing elements are unknowns with
 * statements of their own: bound and moments agree. Where one element is all that is unknown, the bound is the log evidence, here an
 * integral over that element; elsewhere it is not above it.
 */
import { describe, expect, it } from 'vitest';
import { run, type Data } from './caviMachine.js';

interface Pair {
  readonly title: string;
  /** Elements of `x` that are null are unknown. */
  readonly data: Data;
  readonly gaps: string;
  /** The same with the unknown elements as `z0`, `z1`, ... */
  readonly apart: string;
  /** Positions of `z0`, `z1`, ... in `x`. */
  readonly missing: readonly number[];
  readonly others: readonly string[];
  readonly options?: Readonly<Record<string, string>>;
}

const regressor = { x: [null, 1.5, -2], y: [1, 2, 5] };
/** One statement of x and one of y: their first elements are missing, or are z0 and its datum. */
function pair(title: string, data: Data, latents: string, law: string, likelihood: (x: string) => string, others: readonly string[]): Pair {
  const declared = `data x: real[N]  data y: ${title.includes('counts') ? 'int' : 'real'}[N]  ${latents}`;
  return {
    title,
    data,
    gaps: `${declared}  for n in 0..<N { observe x[n] ~ ${law}  observe y[n] ~ ${likelihood('x[n]')} }`,
    apart: `${declared}  sample z0 ~ ${law}  observe y[0] ~ ${likelihood('z0')}
      for n in 1..<N { observe x[n] ~ ${law}  observe y[n] ~ ${likelihood('x[n]')} }`,
    missing: [0],
    others,
  };
}

const pairs: readonly Pair[] = [
  pair('exp under counts', { x: [null, 3, 2], y: [1, 20, 5] }, 'sample r ~ Gamma(2, 1)', 'Normal(0, 1)', (x) => `Poisson(r * exp(${x}))`, [
    'r',
  ]),
  pair('abs', regressor, 'sample r ~ Normal(0, 2)', 'Normal(0, 1)', (x) => `Normal(r * abs(${x}), 1)`, ['r']),
  pair(
    'exp of a multiple',
    { x: [null, 1, 2], y: [1, 2, 3] },
    'sample r ~ Normal(0, 2)',
    'Normal(0, 1)',
    (x) => `Normal(r * exp(0.5 * ${x}), 1)`,
    ['r'],
  ),
  pair('a function times the element', regressor, 'sample r ~ Normal(0, 2)', 'Normal(0, 1)', (x) => `Normal(r * ${x} * tanh(${x}), 1)`, [
    'r',
  ]),
  pair('a Laplace law around the element', regressor, 'sample r ~ Gamma(2, 1)', 'Normal(0, 1)', (x) => `Laplace(${x}, 1 / r)`, ['r']),
  pair('its own law is Laplace', regressor, 'sample r ~ Gamma(2, 1)', 'Laplace(0.5, 1 / r)', (x) => `Normal(0.3 * ${x}, 1)`, ['r']),
  pair(
    'censored data',
    { x: [null, 1.5, -2], y: [1, 2, 2] },
    'sample r ~ Normal(0, 1)',
    'Normal(r, 1)',
    (x) => `censored(Normal(${x}, 1), -inf, 2)`,
    ['r'],
  ),
  pair(
    'a gap in a positive variable',
    { x: [null, 1.5, 0.4], y: [1, 2, 0.5] },
    'sample r ~ Normal(0, 1)',
    'Gamma(2, 1)',
    (x) => `Normal(r * exp(-${x}), 0.5)`,
    ['r'],
  ),
  {
    title: 'rows of two statements, functions with data of their own, a shifted index',
    data: {
      x: [
        [0.4, null],
        [null, -0.3],
        [1.2, 0.8],
      ],
      a: [0.5, 0.2, -0.3],
      y: [1, 4, 2],
    },
    gaps: `data x: real[N, 2]  data a: real[N]  data y: int[N]  sample r ~ Gamma(2, 1)  sample m ~ Normal(0, 1)
      for n in 0..<N { observe x[n, 0] ~ Normal(m, 1)  observe x[n, 1] ~ Normal(0, 2)  observe y[n] ~ Poisson(r * exp(a[n] * x[n, 1])) }
      for n in 0..<N - 1 { observe y[n] ~ Poisson(r * exp(x[n + 1, 0] - 1)) }`,
    apart: `data x: real[N, 2]  data a: real[N]  data y: int[N]  sample r ~ Gamma(2, 1)  sample m ~ Normal(0, 1)
      sample z0 ~ Normal(0, 2)  sample z1 ~ Normal(m, 1)
      observe x[0, 0] ~ Normal(m, 1)  observe x[1, 1] ~ Normal(0, 2)  observe x[2, 0] ~ Normal(m, 1)  observe x[2, 1] ~ Normal(0, 2)
      observe y[0] ~ Poisson(r * exp(a[0] * z0))  observe y[1] ~ Poisson(r * exp(a[1] * x[1, 1]))  observe y[2] ~ Poisson(r * exp(a[2] * x[2, 1]))
      observe y[0] ~ Poisson(r * exp(z1 - 1))  observe y[1] ~ Poisson(r * exp(x[2, 0] - 1))`,
    missing: [1, 2],
    others: ['r', 'm'],
  },
  {
    title: 'a chain whose laws read the element before',
    data: { x: [0.5, null, 1.2, null, null], y: [1, 2, 0.5, 1, -1] },
    gaps: `data x: real[N]  data y: real[N]  sample s ~ Gamma(2, 1)  observe x[0] ~ Normal(0, 1)
      for n in 1..<N { observe x[n] ~ Normal(tanh(x[n - 1]), 1) }
      for n in 0..<N { observe y[n] ~ Normal(x[n], precision: s) }`,
    apart: `data x: real[N]  data y: real[N]  sample s ~ Gamma(2, 1)  observe x[0] ~ Normal(0, 1)
      sample z0 ~ Normal(tanh(x[0]), 1)  observe x[2] ~ Normal(tanh(z0), 1)  sample z1 ~ Normal(tanh(x[2]), 1)  sample z2 ~ Normal(tanh(z1), 1)
      observe y[0] ~ Normal(x[0], precision: s)  observe y[2] ~ Normal(x[2], precision: s)
      observe y[1] ~ Normal(z0, precision: s)  observe y[3] ~ Normal(z1, precision: s)  observe y[4] ~ Normal(z2, precision: s)`,
    missing: [1, 3, 4],
    others: ['s'],
  },
  {
    title: 'coefficients that share one factor',
    data: regressor,
    gaps: `data x: real[N]  data y: real[N]  sample r ~ Normal(0, 2)  sample q ~ Normal(0, 2)
      for n in 0..<N { observe x[n] ~ Normal(0, 1)  observe y[n] ~ Normal(r * abs(x[n]) + q, 1) }`,
    apart: `data x: real[N]  data y: real[N]  sample r ~ Normal(0, 2)  sample q ~ Normal(0, 2)
      sample z0 ~ Normal(0, 1)  observe y[0] ~ Normal(r * abs(z0) + q, 1)
      for n in 1..<N { observe x[n] ~ Normal(0, 1)  observe y[n] ~ Normal(r * abs(x[n]) + q, 1) }`,
    missing: [0],
    others: ['r', 'q'],
    options: { block: 'r+q' },
  },
  {
    title: 'missing coordinates of vectors',
    data: {
      x: [
        [null, 1],
        [2, 0.5],
        [1, null],
      ],
      y: [1, 20, 5],
    },
    gaps: `data x: real[N, 2]  data y: int[N]  sample r ~ Gamma(2, 1)
      for n in 0..<N { observe x[n] ~ MvNormal(zeros(2), [[1, 0.5], [0.5, 1]])  observe y[n] ~ Poisson(r * exp(x[n, 0])) }`,
    // A coordinate given the other, 1, is Normal with mean 1/2 and variance 3/4; the other is a standard Normal.
    apart: `data x: real[N, 2]  data y: int[N]  sample r ~ Gamma(2, 1)
      sample z0 ~ Normal(0.5, variance: 0.75)  sample z1 ~ Normal(0.5, variance: 0.75)  for k in 0..<2 { observe 1 ~ Normal(0, 1) }
      observe x[1] ~ MvNormal(zeros(2), [[1, 0.5], [0.5, 1]])
      observe y[0] ~ Poisson(r * exp(z0))  observe y[1] ~ Poisson(r * exp(x[1, 0]))  observe y[2] ~ Poisson(r * exp(x[2, 0]))`,
    missing: [0, 5],
    others: ['r'],
  },
];

describe('elements of a partly given variable and unknowns of their own have the same factors', () => {
  it.each(pairs)('$title', async ({ data, gaps, apart, missing, others, options = {} }) => {
    // The program that names its unknowns apart reads no element that is null: 0 is put there because data of its own have no gaps.
    const filled = Object.fromEntries(Object.entries(data).map(([k, v]) => [k, JSON.parse(JSON.stringify(v).replaceAll('null', '0'))]));
    const a = await run(gaps, data, options),
      b = await run(apart, filled, options);
    expect(a.result.elbo).toBeCloseTo(b.result.elbo!, 6);
    missing.forEach((e, k) => {
      expect(a.mean('x')[e]).toBeCloseTo(b.mean(`z${k}`)[0]!, 6);
      expect(a.sd('x')[e]).toBeCloseTo(b.sd(`z${k}`)[0]!, 6);
    });
    for (const name of others) {
      expect(a.mean(name)[0], name).toBeCloseTo(b.mean(name)[0]!, 6);
      expect(a.sd(name)[0], name).toBeCloseTo(b.sd(name)[0]!, 6);
    }
  });
});

const logNormal = (x: number, m: number, sd: number): number => -0.5 * Math.log(2 * Math.PI) - Math.log(sd) - 0.5 * ((x - m) / sd) ** 2;
const logFactorial = (n: number): number => (n < 2 ? 0 : Math.log(n) + logFactorial(n - 1));
/** log of the integral of exp f, by the trapezoidal rule: f falls off at both ends, kinks lie on nodes. */
function logIntegral(f: (x: number) => number): number {
  const step = 1 / 2048,
    values = Array.from({ length: 24 * 2048 + 1 }, (_, k) => f(-12 + k * step)),
    top = Math.max(...values);
  return top + Math.log(values.reduce((s, v) => s + Math.exp(v - top), 0) * step);
}

describe('the bound over a gap against the evidence', () => {
  const given = [1.5, -2];
  it('a Laplace law around it: they are equal', async () => {
    const { result } = await run(
      'data x: real[N]  data y: real[N]  for n in 0..<N { observe x[n] ~ Normal(0, 1)  observe y[n] ~ Laplace(x[n], 1) }',
      regressor,
    );
    const laplace = (y: number, x: number): number => -Math.log(2) - Math.abs(y - x);
    const known = given.reduce((s, x, k) => s + logNormal(x, 0, 1) + laplace([2, 5][k]!, x), 0);
    expect(result.elbo).toBeCloseTo(known + logIntegral((x) => logNormal(x, 0, 1) + laplace(1, x)), 6);
  });

  it('censored at 2: they are equal', async () => {
    const { result } = await run(
      'data x: real[N]  data y: real[N]  for n in 0..<N { observe x[n] ~ Normal(0, 1)  observe y[n] ~ censored(Normal(x[n], 1), -inf, 2) }',
      { x: [null, 1.5, -2], y: [2, 2, 1] },
    );
    // For the given element Phi(-1/2); for the missing one x + noise has the sd sqrt 2, and is above 2 with probability erfc(1) / 2.
    const halfBelow = 0.308537538725987,
      erfc1 = 0.157299207050285;
    const known = logNormal(1.5, 0, 1) + Math.log(halfBelow) + logNormal(-2, 0, 1) + logNormal(1, -2, 1);
    expect(result.elbo).toBeCloseTo(known + Math.log(erfc1 / 2), 6);
  });

  it('exp under counts: equal for a known rate, not above for an unknown one', async () => {
    const data = { x: [null, 3, 2], y: [1, 20, 5] },
      likelihood = 'for n in 0..<N { observe x[n] ~ Normal(0, 1)  observe y[n] ~ Poisson(r * exp(x[n])) }';
    const constant = logNormal(3, 0, 1) + logNormal(2, 0, 1) - logFactorial(20) - logFactorial(5) + 20 * 3 + 5 * 2;
    const total = (x: number): number => Math.exp(x) + Math.exp(3) + Math.exp(2);
    const fixed = await run(`data x: real[N]  data y: int[N]  let r = 0.9  ${likelihood}`, data);
    expect(fixed.result.elbo).toBeCloseTo(constant + logIntegral((x) => logNormal(x, 0, 1) + x + 26 * Math.log(0.9) - 0.9 * total(x)), 6);
    const unknown = await run(`data x: real[N]  data y: int[N]  sample r ~ Gamma(2, 1)  ${likelihood}`, data);
    // r integrated out: the integral of r^(1 + 26) exp(-r (1 + total)) is 27! / (1 + total)^28.
    const evidence = constant + logIntegral((x) => logNormal(x, 0, 1) + x + logFactorial(27) - 28 * Math.log(1 + total(x)));
    expect(unknown.result.elbo).toBeLessThan(evidence);
    expect(unknown.result.elbo).toBeGreaterThan(evidence - 0.1);
  });
});

/** Missing observations that nothing reads say nothing: laws and bound are those of the data that are there. */
describe('missing observations that nothing reads', () => {
  const programs: readonly (readonly [string, string, Data, Data])[] = [
    [
      'a Normal sample',
      `data y: real[N]  sample mu ~ Normal(0, 10)  sample v ~ InverseGamma(2, 1)
      for n in 0..<N { observe y[n] ~ Normal(mu, variance: v) }`,
      { N: 4, y: [2.1, null, 1.2, null] },
      { N: 2, y: [2.1, 1.2] },
    ],
    [
      'counts',
      'data y: int[N]  sample r ~ Gamma(2, 1)  for n in 0..<N { observe y[n] ~ Poisson(r) }',
      { N: 5, y: [null, 3, null, null, 1] },
      { N: 2, y: [3, 1] },
    ],
    [
      'yes and no',
      'data y: int[N]  sample p ~ Beta(1, 1)  for n in 0..<N { observe y[n] ~ Bernoulli(p) }',
      { N: 4, y: [null, 1, null, 0] },
      { N: 2, y: [1, 0] },
    ],
    [
      'a regression without conjugacy',
      'data x: real[N]  data y: real[N]  sample b ~ StudentT(4, 0, 1)  for n in 0..<N { observe y[n] ~ Normal(b * x[n], 1) }',
      { N: 3, x: [1, 2, -1], y: [2, null, -1] },
      { N: 2, x: [1, -1], y: [2, -1] },
    ],
  ];
  it.each(programs)('%s', async (_, program, gaps, dropped) => {
    const [a, b] = [await run(program, gaps), await run(program, dropped)];
    expect(a.result.elbo).toBeCloseTo(b.result.elbo!, 9);
    for (const { name } of b.result.variables) {
      expect(a.mean(name)[0]).toBeCloseTo(b.mean(name)[0]!, 9);
      expect(a.sd(name)[0]).toBeCloseTo(b.sd(name)[0]!, 9);
    }
  });
});
