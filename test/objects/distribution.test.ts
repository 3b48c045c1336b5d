/**
 * Distributions as objects: every family of the registry has its function, evaluation is that of the laws, combinators, moments
 * against closed forms worked out here, draws against distribution functions, and mistakes named with their argument.
 */
import { describe, expect, it } from 'vitest';
import * as api from '../../src/distributions-api.js';
import {
  Beta,
  BetaBinomial,
  Binomial,
  Cauchy,
  censored,
  ChiSquared,
  createRandom,
  Delta,
  Dirichlet,
  DirichletMultinomial,
  type Distribution,
  type Draw,
  Exponential,
  Flat,
  Gamma,
  HalfNormal,
  iid,
  InverseChiSquared,
  Laplace,
  LKJ,
  LogNormal,
  mixture,
  Multinomial,
  MvNormal,
  Normal,
  Pareto,
  Poisson,
  pushforward,
  StudentT,
  truncated,
  Uniform,
  VonMises,
  Wishart,
} from '../../src/distributions-api.js';
import { families } from '../../src/distributions/registry.js';
import { betaI } from '../../src/numeric/special/incompleteBeta.js';
import { gammaP } from '../../src/numeric/special/incompleteGamma.js';
import { Phi } from '../../src/numeric/special/normal.js';
import { besselRatio } from '../../src/numeric/vonMises.js';
import { numberOf, symbol, symbols, type Value, type Values } from '../distributions/numerics.js';
import reference from '../reference/families.json' with { type: 'json' };

const make = (name: string, ...args: readonly unknown[]): Distribution =>
  (api as unknown as Readonly<Record<string, (...a: readonly unknown[]) => Distribution>>)[name]!(...args);
interface Case {
  readonly family: string;
  readonly parameters: Values;
  readonly x?: Value;
  readonly points?: readonly { readonly x: number; readonly logDensity: number; readonly cdf: number }[];
}
const phi = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

describe('every family', () => {
  it('has a function of its name, and nothing is missing', () => {
    for (const name of families.keys()) expect(typeof (api as Readonly<Record<string, unknown>>)[name], name).toBe('function');
  });
  for (const c of [...reference.scalars, ...reference.arrays] as unknown as readonly Case[]) {
    it(`${c.family}(${JSON.stringify(c.parameters)}) takes its arguments in order and by name, and evaluates the family's density`, () => {
      const family = families.get(c.family)!;
      const byName = make(c.family, c.parameters),
        inOrder = make(c.family, ...family.parameters.map((p) => c.parameters[p.name]));
      const points: readonly Value[] = c.points?.map((p) => p.x) ?? [c.x!];
      for (const [k, x] of points.entries()) {
        const expected = numberOf(family.logDensity(symbol('x', x), symbols(c.parameters)), { ...c.parameters, x });
        for (const d of [byName, inOrder]) expect(d.logProb(x as Draw)).toBeCloseTo(expected, 9);
        if (c.points !== undefined) expect(Math.abs(byName.cdf(x as number) - c.points[k]!.cdf)).toBeLessThan(1e-11);
      }
    });
  }
  // Distribution functions are held to SciPy above; samplers of truncated laws are named by family and must be the family's own.
  // VonMises has none, and each of its quantiles is several integrals.
  it.each([
    ...new Map(
      (reference.scalars as unknown as readonly Case[])
        .filter(({ family }) => !families.get(family)!.discrete && family !== 'VonMises')
        .map((c) => [c.family, c]),
    ),
  ])('%s draws itself between bounds', (name, { parameters }) => {
    const d = make(name, parameters) as Distribution<number>,
      low = d.quantile(0.3),
      high = d.quantile(0.8);
    const draws = [...truncated(d, low, high).sample(5, 4000)].sort((x, y) => x - y),
      bound = Math.sqrt(Math.log(2 / 1e-7) / (2 * draws.length));
    for (let k = 99; k < draws.length; k += 100)
      expect(Math.abs((d.cdf(draws[k]!) - d.cdf(low)) / (d.cdf(high) - d.cdf(low)) - (k + 1) / draws.length)).toBeLessThan(bound);
  });
  it('has quantiles far out in an upper tail that only its lower one is stated for', () => {
    // P(X > x) of Beta(a, b) is the regularised incomplete beta function of 1 - x; of a Poisson count above k that of the gamma function.
    for (const u of [0.1, 0.5, 0.9])
      expect(1 - betaI(1 - truncated(Beta(2, 300), 0.2, 1).quantile(u), 300, 2) / betaI(0.8, 300, 2)).toBeCloseTo(u, 9);
    const counts = truncated(Poisson(2), 40, Infinity),
      below = (k: number): number => 1 - gammaP(k + 1, 2) / gammaP(40, 2);
    for (const u of [0.9, 0.97, 0.999]) {
      const k = counts.quantile(u);
      expect([below(k) >= u, below(k - 1) < u]).toEqual([true, true]);
    }
  });
  it('draws from itself, the same for the same seed', () => {
    for (const [d, cdf] of [
      [Normal(1, 2), (x: number) => Phi((x - 1) / 2)],
      [truncated(Normal(0, 1), 3, Infinity), (x: number) => 1 - Phi(-x) / Phi(-3)],
      [truncated(Laplace(0, 1), -1, 2), (x: number) => truncated(Laplace(0, 1), -1, 2).cdf(x)],
      [mixture([0.3, 0.7], [Normal(-2, 1), Normal(3, 0.5)]), (x: number) => 0.3 * Phi(x + 2) + 0.7 * Phi((x - 3) / 0.5)],
      [pushforward('t => t^2', Normal(0, 1)), (x: number) => gammaP(0.5, x / 2)],
      [
        truncated(mixture([0.5, 0.5], [Normal(-1, 1), Normal(1, 1)]), 0, 2),
        (x: number) => truncated(mixture([0.5, 0.5], [Normal(-1, 1), Normal(1, 1)]), 0, 2).cdf(x),
      ],
    ] as const) {
      const draws = [...d.sample(11, 20_000)].sort((a, b) => a - b);
      // Dvoretzky-Kiefer-Wolfowitz at 1e-7.
      const bound = Math.sqrt(Math.log(2 / 1e-7) / (2 * draws.length));
      for (let k = 99; k < draws.length; k += 400) expect(Math.abs(cdf(draws[k]!) - (k + 1) / draws.length)).toBeLessThan(bound);
      expect(d.sample('a', 5)).toEqual(d.sample('a', 5));
      expect(d.sample('a', 5)).not.toEqual(d.sample('b', 5));
    }
    const stream = createRandom('1', 'mine'),
      d = MvNormal(
        [0, 1],
        [
          [1, 0],
          [0, 2],
        ],
      );
    expect(d.sample(stream)).not.toEqual(d.sample(stream));
    expect(LKJ(3, 1).sample(1)).toHaveLength(3);
    expect(
      Wishart(4, [
        [1, 0],
        [0, 1],
      ]).sample(1, 2)[1]![0],
    ).toHaveLength(2);
    expect(Normal(0, 1).sample(1, 0)).toEqual([]);
  });
});

describe('parameterisations', () => {
  it('mean what they mean in the language', () => {
    expect(Normal({ mean: 0, variance: 4 }).logProb(1)).toBe(Normal(0, 2).logProb(1));
    expect(Normal(0, { precision: 0.25 }).logProb(1)).toBe(Normal(0, 2).logProb(1));
    expect(Binomial(10, { logit: 0 }).logProb(4)).toBeCloseTo(Binomial(10, 0.5).logProb(4), 14);
    expect(Gamma({ mean: 6, sd: 2 }).mean()).toBeCloseTo(6, 14);
    expect(Beta({ mean: 0.3, concentration: 10 }).logProb(0.4)).toBeCloseTo(Beta(3, 7).logProb(0.4), 12);
    expect(
      MvNormal([0, 0], {
        cholesky: [
          [2, 0],
          [1, 1],
        ],
      }).variance(),
    ).toEqual([
      [4, 2],
      [2, 2],
    ]);
    expect(InverseChiSquared(5).logProb(0.3)).toBeCloseTo(InverseChiSquared(5, { scale: Math.sqrt(1 / 5) }).logProb(0.3), 12);
    expect(String(Normal({ mean: 0, variance: 4 }))).toBe('Normal(mean: 0, variance: 4)');
    expect(MvNormal(Float64Array.of(1, 2), [Float64Array.of(1, 0), [0, 1]]).mean()).toEqual([1, 2]);
  });
});

describe('combinators', () => {
  const mixed = mixture([0.25, 0.75], [Normal(-2, 1), Normal(2, 0.5)]);
  it('have the moments of calculus', () => {
    expect(mixed.mean()).toBeCloseTo(1, 14);
    expect(mixed.variance()).toBeCloseTo(0.25 * (1 + 9) + 0.75 * (0.25 + 1), 13);
    expect(mixed.cdf(mixed.quantile(0.7))).toBeCloseTo(0.7, 13);
    expect(mixed.survival(mixed.quantile(1 - 1e-9))).toBeCloseTo(1e-9, 15);
    const half = truncated(Normal(0, 1), 0, Infinity);
    expect(
      [half.mean(), half.variance(), half.entropy()]
        .map((v, k) => v - [HalfNormal(1).mean(), HalfNormal(1).variance(), HalfNormal(1).entropy()][k]!)
        .every((e) => Math.abs(e) < 1e-12),
    ).toBe(true);
    expect(truncated(Normal(0, 1), 1, 2).mean()).toBeCloseTo((phi(1) - phi(2)) / (Phi(2) - Phi(1)), 12);
    expect(truncated(Cauchy(0, 1), -1, 1).variance()).toBeCloseTo(4 / Math.PI - 1, 12);
    expect(truncated(Poisson(3), 1, Infinity).mean()).toBeCloseTo(3 / (1 - Math.exp(-3)), 12);
    // A draw beyond a bound counts as the bound.
    const limited = censored(Normal(0, 1), -1, 2);
    const mean = -Phi(-1) + 2 * Phi(-2) + phi(-1) - phi(2);
    expect(limited.mean()).toBeCloseTo(mean, 12);
    expect(limited.variance()).toBeCloseTo(Phi(-1) + 4 * Phi(-2) + Phi(2) - Phi(-1) - phi(1) - 2 * phi(2) - mean ** 2, 12);
    expect([limited.logProb(2), limited.logProb(0), limited.cdf(-1)].map((v) => Math.round(v * 1e12) / 1e12)).toEqual(
      [Math.log(Phi(-2)), Math.log(phi(0)), Phi(-1)].map((v) => Math.round(v * 1e12) / 1e12),
    );
    const vectors = mixture(
      [0.5, 0.5],
      [
        MvNormal(
          [0, 0],
          [
            [1, 0],
            [0, 1],
          ],
        ),
        MvNormal(
          [2, 4],
          [
            [1, 0],
            [0, 1],
          ],
        ),
      ],
    );
    expect([vectors.mean(), vectors.variance()]).toEqual([
      [1, 2],
      [
        [2, 2],
        [2, 5],
      ],
    ]);
    expect(mixture([1, 0], [Uniform(0, 1), Uniform(5, 6)]).support).toEqual({ kind: 'interval', low: 0, high: 1 });
  });
  it('nothing that does not exist is given a number', () => {
    expect(truncated(Cauchy(0, 1), 0, Infinity).mean()).toBe(Number.POSITIVE_INFINITY);
    expect(truncated(Cauchy(0, 1), -Infinity, 5).mean()).toBe(Number.NEGATIVE_INFINITY);
    expect(truncated(StudentT(1.5, 0, 1), 0, Infinity).variance()).toBe(Number.POSITIVE_INFINITY);
    expect(truncated(Pareto(1, 1), 2, Infinity).mean()).toBe(Number.POSITIVE_INFINITY);
    expect([Cauchy(0, 1).mean(), mixture([0.5, 0.5], [Cauchy(0, 1), Normal(0, 1)]).mean()]).toEqual([Number.NaN, Number.NaN]);
  });
  it('pushforwards are the laws of the notes', () => {
    const square = pushforward('t => t^2', Normal(0, 1));
    for (const y of [0.01, 1, 7]) expect(square.logProb(y)).toBeCloseTo(ChiSquared(1).logProb(y), 12);
    expect(
      [square.mean(), square.variance(), square.entropy() - ChiSquared(1).entropy()]
        .map((v, k) => Math.abs(v - [1, 2, 0][k]!))
        .every((e) => e < 1e-8),
    ).toBe(true);
    expect(pushforward('t => exp(t)', Normal(0.3, 0.7)).logProb(2)).toBeCloseTo(LogNormal(0.3, 0.7).logProb(2), 12);
    expect(pushforward('t => t / 2 + 1', mixture([0.5, 0.5], [Normal(-2, 1), Normal(2, 1)])).mean()).toBeCloseTo(1, 12);
    expect(pushforward('t => 3 - t', Poisson(2)).logProb(1)).toBeCloseTo(Poisson(2).logProb(2), 12);
    expect(pushforward('t => 2 * t', iid(Normal(0, 1), 3)).logProb([1, 2, 3])).toBeCloseTo(iid(Normal(0, 2), 3).logProb([1, 2, 3]), 12);
    expect(
      pushforward(
        't => 2 * t',
        MvNormal(
          [0, 1],
          [
            [1, 0.2],
            [0.2, 1],
          ],
        ),
      ).logProb([1, 2]),
    ).toBeCloseTo(
      MvNormal(
        [0, 2],
        [
          [4, 0.8],
          [0.8, 4],
        ],
      ).logProb([1, 2]),
      12,
    );
    expect(() => pushforward('t => t +', Normal(0, 1))).toThrow(/syntax-error/);
    expect(() => pushforward('t => u', Normal(0, 1))).toThrow(/unknown-name/);
    const opaque = pushforward('t => t + sin(3 * t)', Normal(0, 1));
    expect(opaque.sample(1, 3)).toHaveLength(3);
    expect(() => opaque.logProb(0)).toThrow(/no density/);
  });
  it('independent draws', () => {
    const rows = iid(
      MvNormal(
        [1, 2],
        [
          [2, 0.5],
          [0.5, 1],
        ],
      ),
      3,
    );
    expect([rows.shape, rows.mean(), rows.variance()]).toEqual([
      [3, 2],
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      [
        [2, 1],
        [2, 1],
        [2, 1],
      ],
    ]);
    expect(
      rows.logProb([
        [1, 2],
        [0, 0],
        [3, 1],
      ]),
    ).toBeCloseTo(
      [
        [1, 2],
        [0, 0],
        [3, 1],
      ]
        .map((x) =>
          MvNormal(
            [1, 2],
            [
              [2, 0.5],
              [0.5, 1],
            ],
          ).logProb(x),
        )
        .reduce((a, b) => a + b),
      13,
    );
    expect([iid(Normal(0, 2), 2).variance(), iid(Normal(0, 2), [2, 1]).variance(), iid(Normal(0, 1), 4).entropy()]).toEqual([
      [
        [4, 0],
        [0, 4],
      ],
      [[4], [4]],
      expect.closeTo(4 * Normal(0, 1).entropy(), 12),
    ]);
    expect(truncated(iid(Normal(0, 1), 2), 0, Infinity).logProb([1, 1])).toBeCloseTo(2 * HalfNormal(1).logProb(1), 12);
  });
});

describe('moments without a closed form', () => {
  it('come from quadrature or sums', () => {
    // E of the angle as a number: 2 sum (-1)^(n+1) I_n / (n I_0) sin(n loc); here by symmetry, and by the first circular moment.
    expect(VonMises(0, 2).mean()).toBeCloseTo(0, 12);
    expect(Math.abs(VonMises(0, 400).variance() - (1 / 400) * (1 + 1 / 800))).toBeLessThan(1e-7);
    expect(besselRatio(2)).toBeCloseTo(0.6977746579640082, 12);
    expect(BetaBinomial(9, 2, 3).entropy()).toBeGreaterThan(0);
    expect(Delta(2.5).entropy()).toBe(0);
  });
});

describe('mistakes are named', () => {
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => Normal(0, -1), /sd of Normal is -1[\s\S]*positive/],
    [() => Normal(Number.NaN, 1), /mean of Normal is NaN/],
    [() => make('Normal', 0), /Normal needs sd/],
    [() => make('Normal', 0, { sigma: 1 }), /Normal has no argument sigma/],
    [() => make('Normal', 0, { sdd: 1 }), /did you mean sd\?/],
    [() => make('Normal', 0, 1, 2), /got 3 arguments/],
    [() => make('Normal', 0, { sd: 1, variance: 2 }), /both variance and what it replaces, sd/],
    [() => make('Normal', 0, { mean: 1, sd: 1 }), /mean of Normal is given twice/],
    [() => make('Gamma', { mean: 1 }), /Gamma with mean also needs sd/],
    [() => make('Normal', '0', 1), /mean of Normal is 0[\s\S]*a number/],
    [() => make('Normal', [0], 1), /mean of Normal is \[0\]/],
    [() => make('Dirichlet', 3), /alpha of Dirichlet is 3[\s\S]*a vector/],
    [() => Dirichlet([1, -1]), /-1 at position \[1\]/],
    [() => api.Categorical([0.5, 0.6]), /sums to 1.1, not to 1/],
    [
      () =>
        MvNormal(
          [0, 1],
          [
            [1, 2],
            [2, 1],
          ],
        ),
      /cov of MvNormal is a matrix that is not positive definite/,
    ],
    [() => MvNormal([0, 1], [[1, 2]]), /1 rows and 2 columns/],
    [
      () =>
        MvNormal(
          [0],
          [
            [1, 0],
            [0, 1],
          ],
        ),
      /dimension 1, cov has 2/,
    ],
    [() => Uniform(2, 1), /describe no distribution/],
    [() => Beta({ mean: 1, concentration: 3 }), /b of Beta, from the arguments given, is 0/],
    [() => Poisson(3).logProb([1] as unknown as number), /needs a number/],
    [
      () =>
        MvNormal(
          [0, 1],
          [
            [1, 0],
            [0, 1],
          ],
        ).logProb([1]),
      /shape \[2\]/,
    ],
    [() => Normal(0, 1).quantile(2), /`quantile` of Normal\(0, 1\) at 2/],
    [() => Dirichlet([1, 1]).cdf(0.5), /draws are arrays/],
    [() => Flat().sample(1), /improper/],
    [() => Flat().entropy(), /improper/],
    [() => Flat().mean(), /improper/],
    [() => Normal(0, 1).sample(1, -2), /number of draws is -2/],
    [() => truncated(Normal(0, 1), 2, 1), /bounds of truncated are 2 and 1/],
    [() => truncated(Uniform(0, 1), 2, 3), /no probability between 2 and 3/],
    [() => truncated(Dirichlet([1, 1]), 0, 1), /draws that are arrays/],
    [() => truncated(3 as unknown as Distribution<number>, 0, 1), /inside truncated is 3/],
    [() => mixture([0.5, 0.4], [Normal(0, 1), Normal(1, 1)]), /weights of mixture/],
    [() => mixture([1], [Normal(0, 1), Normal(1, 1)]), /not as many as its weights/],
    [() => mixture([0.5, 0.5], [Normal(0, 1), Poisson(1)]), /component 1 of mixture is discrete/],
    [() => iid(Normal(0, 1), 1.5), /number of draws of iid is 1.5/],
    [() => pushforward(((t: number) => t) as unknown as string, Normal(0, 1)), /text of a function/],
    [() => DirichletMultinomial(5, [0.5, 0.5]).entropy(), /crossEntropy/],
  ];
  it.each(wrong)('%s', (f, message) => {
    expect(f).toThrow(message);
  });
  it('with a value, not an exception from inside', () => {
    expect([
      Normal(0, 1).logProb(Number.NaN),
      Poisson(3).logProb(1.5),
      Exponential(1).logProb(-1),
      Dirichlet([1, 2]).logProb([0.5, 0.6]),
      Wishart(3, [
        [1, 0],
        [0, 1],
      ]).logProb([
        [1, 2],
        [2, 1],
      ]),
      Multinomial(3, [0.5, 0.5]).logProb([1, 1]),
      LKJ(2, 1).logProb([
        [1, 0.5],
        [0.5, 2],
      ]),
    ]).toEqual([Number.NaN, ...Array<number>(6).fill(Number.NEGATIVE_INFINITY)]);
    expect(Normal(0, 1).support).toEqual({ kind: 'interval', low: -Infinity, high: Infinity });
    expect(Binomial(7, 0.2).support).toEqual({ kind: 'integers', low: 0, high: 7 });
  });
});
