/**
 * Divergences against mpmath (`test/reference/divergences.py`), closed forms against quadrature, the examples of the lecture notes as
 * limits, infinities, gradients against finite differences, and laws on random pairs.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as api from '../../src/distributions-api.js';
import {
  Bernoulli,
  Beta,
  Binomial,
  Categorical,
  Cauchy,
  ChiSquared,
  chiSquared,
  crossEntropy,
  Delta,
  Dirichlet,
  DirichletMultinomial,
  type Distribution,
  type Draw,
  type Estimate,
  Exponential,
  Gamma,
  Gumbel,
  HalfNormal,
  InverseChiSquared,
  InverseGamma,
  InverseWishart,
  LKJ,
  Laplace,
  LogNormal,
  Logistic,
  Multinomial,
  MvNormal,
  MvStudentT,
  NegativeBinomial,
  Normal,
  Pareto,
  Poisson,
  StudentT,
  Uniform,
  VonMises,
  Wishart,
  censored,
  iid,
  kl,
  klGradient,
  l1,
  mixture,
  truncated,
} from '../../src/distributions-api.js';
import reference from '../reference/divergences.json' with { type: 'json' };

const make = (name: string, args: readonly unknown[]): Distribution<number> =>
  (api as unknown as Readonly<Record<string, (...a: readonly unknown[]) => Distribution<number>>>)[name]!(...args);
/** The same law in a form of which nothing is known in closed form. */
const opaque = <D extends Draw>(d: Distribution<D>): Distribution<D> => mixture([1], [d]);
const relative = (a: number, b: number): number => (a === b ? 0 : Math.abs(a - b) / Math.max(1e-3, Math.abs(a), Math.abs(b)));
const value = (e: Estimate): number => e.value;

describe('against the reference', () => {
  for (const row of reference.pairs) {
    it(`${row.p}(${row.pArguments}) and ${row.q}(${row.qArguments})`, () => {
      const p = make(row.p, row.pArguments),
        q = make(row.q, row.qArguments);
      for (const [name, f] of [
        ['kl', kl],
        ['crossEntropy', crossEntropy],
        ['l1', l1],
        ['chiSquared', chiSquared],
      ] as const) {
        const expected = row[name] ?? Number.POSITIVE_INFINITY;
        for (const found of [f(p, q), f(opaque(p), opaque(q))]) {
          expect(relative(found.value, expected), `${name}: ${JSON.stringify(found)} against ${expected}`).toBeLessThan(1e-9);
          if (Number.isFinite(expected))
            expect(Math.abs(found.value - expected)).toBeLessThanOrEqual(1e-11 * Math.max(1, Math.abs(expected)) + 10 * found.error);
        }
      }
    });
  }
  for (const row of reference.entropies) {
    it(`the entropy of ${row.family}(${JSON.stringify(row.arguments)})`, () => {
      const d = make(row.family, row.arguments);
      expect(relative(d.entropy(), row.entropy)).toBeLessThan(1e-7);
      if (d.shape.length === 0) expect(relative(opaque(d).entropy(), d.entropy())).toBeLessThan(1e-9);
      expect(relative(value(crossEntropy(d, d, { draws: 50 })), d.entropy())).toBeLessThan(1e-9);
    });
  }
});

describe('closed forms against quadrature', () => {
  // Families of the same kind of values at two parameter points each.
  const laws: readonly Distribution<number>[] = [
    Normal(0.4, 1.3),
    Normal(-1, 0.8),
    Laplace(0.3, 0.9),
    Logistic(0.2, 0.7),
    Gumbel(-0.5, 1.2),
    StudentT(6, 0.3, 1.1),
    Cauchy(0.3, 0.4),
    Gamma(2.2, 1.4),
    Exponential(0.8),
    ChiSquared(5),
    InverseGamma(4.5, 3),
    InverseChiSquared(7),
    InverseChiSquared(9, { scale: 1.2 }),
    LogNormal(0.2, 0.5),
    HalfNormal(1.4),
    api.Weibull(1.6, 1.2),
    api.HalfCauchy(0.7),
    Beta(2.5, 1.8),
    Beta(1.2, 3),
    Uniform(0, 1),
    Uniform(-2, 3),
    Pareto(1, 4),
    Pareto(1.5, 5),
    VonMises(0.5, 2),
    VonMises(-2, 0.4),
    Bernoulli(0.3),
    Categorical([0.2, 0.8]),
    Poisson(3.3),
    api.Geometric(0.4),
    NegativeBinomial(2.5, 0.5),
    api.DiscreteUniform(0, 4),
  ];
  for (const p of laws) {
    it(`of ${p}`, () => {
      for (const q of laws) {
        if (p.discrete !== q.discrete) continue;
        for (const f of [kl, crossEntropy, chiSquared]) {
          const exact = f(p, q);
          if (exact.method !== 'closed form') continue;
          const numeric = f(opaque(p), opaque(q));
          expect(
            relative(exact.value, numeric.value),
            `${f.name} of ${q}: ${JSON.stringify(exact)} and ${JSON.stringify(numeric)}`,
          ).toBeLessThan(1e-9);
        }
      }
    });
  }
  it('of arrays agree with simulation, and with sums over counts', () => {
    const shape = [
        [1.5, 0.4],
        [0.4, 0.8],
      ],
      other = [
        [1, 0.1],
        [0.1, 1],
      ];
    const pairs: readonly (readonly [Distribution<Draw>, Distribution<Draw>])[] = [
      [MvNormal([0, 1], shape), MvNormal([1, 1], other)],
      [Dirichlet([1.5, 2, 3]), Dirichlet([2, 2, 2])],
      [Wishart(5, shape), Wishart(4, other)],
      [InverseWishart(6, shape), InverseWishart(5, other)],
      [LKJ(3, 1.5), LKJ(3, 1)],
      [MvStudentT(7, [0, 0], shape), MvNormal([0.3, 0], other)],
    ] as unknown as readonly (readonly [Distribution<Draw>, Distribution<Draw>])[];
    for (const [p, q] of pairs) {
      for (const f of [kl, crossEntropy]) {
        const exact = f(p, q),
          numeric = f(opaque(p), q, { draws: 4000 });
        expect([exact.method, numeric.method]).toEqual(['closed form', 'Monte Carlo']);
        expect(Math.abs(exact.value - numeric.value)).toBeLessThan(5 * numeric.error + 1e-12);
      }
    }
    const heavy = chiSquared(
        MvNormal([0, 0], other),
        MvNormal(
          [0.2, 0],
          [
            [1.5, 0],
            [0, 1.5],
          ],
        ),
      ),
      drawn = chiSquared(
        opaque(MvNormal([0, 0], other)),
        MvNormal(
          [0.2, 0],
          [
            [1.5, 0],
            [0, 1.5],
          ],
        ),
        { draws: 4000 },
      );
    expect(Math.abs(heavy.value - drawn.value)).toBeLessThan(5 * drawn.error);
    const a = [0.2, 0.3, 0.5],
      b = [0.3, 0.3, 0.4];
    expect(relative(value(kl(Multinomial(5, a), Multinomial(5, b))), 5 * value(kl(Categorical(a), Categorical(b))))).toBeLessThan(1e-12);
    expect(value(l1(Multinomial(5, a), DirichletMultinomial(5, [2e7, 3e7, 5e7])))).toBeLessThan(1e-6);
    // L1 of product laws has no closed form: total variation of unit normals at distance sqrt(2) is 2 Phi(sqrt(2) / 2) - 1.
    const apart = l1(iid(Normal(0, 1), 2), iid(Normal(1, 1), 2), { draws: 20_000 });
    expect(Math.abs(apart.value - 2 * 0.5204998778130465)).toBeLessThan(5 * apart.error);
  });
  it('of independent draws add up, or multiply', () => {
    const p = Normal(0, 1),
      q = Normal(0.3, 1.2),
      five = (d: Distribution<number>): Distribution<readonly number[]> => iid(d, 5);
    expect(relative(value(kl(five(p), five(q))), 5 * value(kl(p, q)))).toBeLessThan(1e-12);
    expect(relative(1 + value(chiSquared(five(p), five(q))), (1 + value(chiSquared(p, q))) ** 5)).toBeLessThan(1e-12);
    const simulated = kl(
      iid(p, 2),
      MvNormal(
        [0.3, 0.3],
        [
          [1.44, 0],
          [0, 1.44],
        ],
      ),
      { draws: 4000 },
    );
    expect(Math.abs(simulated.value - 2 * value(kl(p, q)))).toBeLessThan(5 * simulated.error);
  });
});

describe('where doubles end', () => {
  it('quadrature says what it cannot see close to singular ends', () => {
    for (const [p, q] of [
      [Gamma(0.01, 1), Gamma(0.02, 1)],
      [Beta(0.1, 0.1), Beta(0.2, 0.3)],
      [Beta(3, 0.3), Beta(2, 0.6)],
    ] as const) {
      for (const f of [kl, crossEntropy]) {
        const exact = f(p, q),
          numeric = f(opaque(p), opaque(q));
        expect([exact.method, numeric.method]).toEqual(['closed form', 'quadrature']);
        expect(Math.abs(exact.value - numeric.value)).toBeLessThan(numeric.error + 1e-11);
        expect(numeric.error).toBeLessThan(0.01);
      }
    }
    // A density that overflows short of the end: of log(1 + t^2) at 0.
    const law = api.pushforward('t => log(1 + t^2)', Normal(0, 1));
    const sorted = law
      .sample(5, 20_000)
      .map((y) => Math.exp(law.logProb(y) - Exponential(1).logProb(y)))
      .map((ratio) => 2 * (1 - Math.min(1, 1 / ratio)));
    const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
    expect(Math.abs(value(l1(law, Exponential(1))) - mean)).toBeLessThan(0.02);
    expect(value(kl(law, law))).toBe(0);
  });
  it('scales far apart, large counts and many components keep their value', () => {
    const wide = kl(opaque(Cauchy(0, 1e6)), opaque(Cauchy(0, 1e-6)));
    expect(relative(wide.value, value(kl(Cauchy(0, 1e6), Cauchy(0, 1e-6))))).toBeLessThan(1e-12);
    expect(
      relative(
        value(kl(Binomial(1e9, 0.3), Binomial(1e9, 0.30001))),
        1e9 * (0.3 * Math.log(0.3 / 0.30001) + 0.7 * Math.log(0.7 / 0.69999)),
      ),
    ).toBeLessThan(1e-6);
    expect(relative(value(kl(opaque(Poisson(1e6)), Poisson(1.001e6))), value(kl(Poisson(1e6), Poisson(1.001e6))))).toBeLessThan(1e-9);
    expect(value(l1(Normal(0, 1), Normal(1e6, 1)))).toBe(2);
    const comb = mixture(
      Array<number>(20).fill(0.05),
      Array.from({ length: 20 }, (_, k) => Normal(k, 0.001)),
    );
    expect(comb.entropy()).toBeCloseTo(Math.log(20) + Normal(0, 0.001).entropy(), 9);
    expect(value(kl(comb, Normal(9.5, 6)))).toBeCloseTo(-comb.entropy() + value(crossEntropy(comb, Normal(9.5, 6))), 9);
    expect(value(kl(Multinomial(100, [0.1, 0.2, 0.3, 0.4]), Multinomial(100, [0.2, 0.2, 0.2, 0.4])))).toBeCloseTo(
      100 * value(kl(Categorical([0.1, 0.2, 0.3, 0.4]), Categorical([0.2, 0.2, 0.2, 0.4]))),
      9,
    );
  });
});

describe('the systems of the notes', () => {
  it('KL between Gaussians is equation 1.38', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        (m0, s0, m1, s1) => {
          const expected = Math.log(s1 / s0) + (s0 ** 2 + (m0 - m1) ** 2) / (2 * s1 ** 2) - 0.5;
          expect(Math.abs(value(kl(Normal(m0, s0), Normal(m1, s1))) - expected)).toBeLessThan(1e-12 * (1 + expected));
        },
      ),
      { numRuns: 100, seed: 1 },
    );
    expect(relative(value(kl(Normal(1e8, 1), Normal(1e8 + 1, 2))), Math.log(2) + 2 / 8 - 0.5)).toBeLessThan(1e-14);
  });
  it('Example 1.9: L1 goes to 0 while KL goes to 1', () => {
    for (const n of [2, 5, 20, 200]) {
      const first = Math.exp(-n) / n,
        rest = 1 - first,
        height = rest / (1 - 1 / n);
      const p = Uniform(0, 1),
        q = mixture([first, rest], [Uniform(0, 1 / n), Uniform(1 / n, 1)]);
      expect(relative(value(l1(p, q)), (1 - Math.exp(-n)) / n + (1 - 1 / n) * (height - 1))).toBeLessThan(1e-11);
      expect(relative(value(kl(p, q)), 1 - (1 - 1 / n) * Math.log(height))).toBeLessThan(1e-11);
    }
    const far = mixture([Math.exp(-500) / 500, 1 - Math.exp(-500) / 500], [Uniform(0, 1 / 500), Uniform(1 / 500, 1)]);
    expect(value(l1(Uniform(0, 1), far))).toBeLessThan(0.005);
    expect(Math.abs(value(kl(Uniform(0, 1), far)) - 1)).toBeLessThan(0.003);
  });
  it('Example 1.10: KL goes to 0 while chi-square goes to 1', () => {
    for (const e of [0.1, 1e-2, 1e-4, 1e-8]) {
      const p = Bernoulli(e),
        q = Bernoulli(e * e);
      expect(relative(value(chiSquared(p, q)), (e - e * e) ** 2 / (1 - e * e) + (1 - e) ** 2)).toBeLessThan(1e-12);
      expect(relative(value(kl(p, q)), (1 - e) * (Math.log1p(-e) - Math.log1p(-e * e)) - e * Math.log(e))).toBeLessThan(1e-9);
    }
    expect(value(kl(Bernoulli(1e-8), Bernoulli(1e-16)))).toBeLessThan(1e-6);
    expect(Math.abs(value(chiSquared(Bernoulli(1e-8), Bernoulli(1e-16))) - 1)).toBeLessThan(1e-7);
  });
  it('entropies are log K and log(b - a)', () => {
    expect(api.DiscreteUniform(1, 6).entropy()).toBeCloseTo(Math.log(6), 14);
    expect(Categorical([0.25, 0.25, 0.25, 0.25]).entropy()).toBeCloseTo(Math.log(4), 14);
    expect(Uniform(-1, 4).entropy()).toBeCloseTo(Math.log(5), 14);
    expect(Bernoulli(0.3).entropy()).toBeCloseTo(-0.3 * Math.log(0.3) - 0.7 * Math.log(0.7), 14);
  });
  it('the gradient flow of KL between Gaussians has both terms, and ends at the target', () => {
    const p = Normal(0.5, 1.5);
    expect(klGradient(p, Normal(2, 3))).toEqual({
      mean: expect.closeTo((2 - 0.5) / 9, 14),
      sd: expect.closeTo((9 - 2.25 - 2.25) / 27, 14),
    });
    let mean = 3,
      sd = 0.7,
      before = Number.POSITIVE_INFINITY;
    for (let step = 0; step < 400; step++) {
      const q = Normal(mean, sd),
        gradient = klGradient(p, q),
        distance = value(kl(p, q));
      expect(distance).toBeLessThanOrEqual(before + 1e-15);
      before = distance;
      mean -= 0.1 * (gradient['mean'] as number);
      sd -= 0.1 * (gradient['sd'] as number);
    }
    expect([mean, sd].map((x) => Math.round(x * 1e6) / 1e6)).toEqual([0.5, 1.5]);
  });
});

describe('where absolute continuity or an integral fails', () => {
  const finite = (name: string): boolean => name === 'l1';
  const infiniteKl: readonly (readonly [Distribution<number>, Distribution<number>])[] = [
    [Normal(0, 1), Exponential(1)],
    [Uniform(0, 2), Uniform(0, 1)],
    [Poisson(3), Binomial(10, 0.3)],
    [Normal(0, 1), Poisson(3)],
    [Poisson(3), Normal(0, 1)],
    [Delta(2.5), Delta(2)],
    [Categorical([0.2, 0.3, 0.5]), Categorical([0.2, 0.8])],
    [Cauchy(0, 1), Normal(0, 1)],
    [StudentT(2, 0, 1), Normal(0, 1)],
    [Laplace(0, 1), Gumbel(0, 1)],
    [Exponential(1), InverseGamma(2, 1)],
    [Pareto(1, 1), Exponential(2)],
    [Uniform(0, 3), mixture([0.5, 0.5], [Uniform(0, 1), Uniform(2, 3)])],
    [censored(Normal(0, 1), -1, 1), Normal(0, 1)],
    [Normal(0, 1), censored(Normal(0, 1), -1, 1)],
    [Bernoulli(0.3), Bernoulli(0)],
    [Uniform(0, 1), truncated(Normal(0, 1), 0.1, 2)],
  ];
  for (const [p, q] of infiniteKl) {
    it(`KL(${p} || ${q}) is infinite`, () => {
      expect([kl, crossEntropy, chiSquared].map((f) => f(p, q).value)).toEqual([
        Number.POSITIVE_INFINITY,
        Number.POSITIVE_INFINITY,
        Number.POSITIVE_INFINITY,
      ]);
      const distance = value(l1(p, q));
      expect(distance > 0 && distance <= 2 && finite('l1')).toBe(true);
      expect(() => klGradient(p, q)).toThrow(/infinite|no arguments/);
    });
  }
  const infiniteChi: readonly (readonly [Distribution<number>, Distribution<number>])[] = [
    [Exponential(1), Exponential(2)],
    [Normal(0, 1), Normal(0, 0.7)],
    [Gamma(0.2, 1), Gamma(0.5, 1)],
    [opaque(Gamma(0.2, 1)), opaque(Gamma(0.5, 1))],
    [StudentT(3, 0, 1), Normal(0, 1)],
    [NegativeBinomial(2, 0.4), Poisson(3)],
    [api.Geometric(0.3), api.Geometric(0.6)],
    [LogNormal(0, 1), LogNormal(0.5, 0.7)],
    [opaque(Beta(0.3, 1)), opaque(Beta(0.7, 1))],
  ];
  for (const [p, q] of infiniteChi) {
    it(`chi-square of ${p} and ${q} is infinite, KL is not`, () => {
      expect(value(chiSquared(p, q))).toBe(Number.POSITIVE_INFINITY);
      expect(value(kl(p, q))).toBeLessThan(10);
    });
  }
  it('just inside, chi-square is finite', () => {
    // Of normals with variance ratio r = s1^2 / s0^2 > 1/2: 1 + chi-square = r / sqrt(2 r - 1).
    const r = 0.5001;
    expect(relative(1 + value(chiSquared(Normal(0, 1), Normal(0, Math.sqrt(r)))), r / Math.sqrt(2 * r - 1))).toBeLessThan(1e-9);
    expect(value(chiSquared(Exponential(1), Exponential(1.999)))).toBeCloseTo(1 / (1.999 * 0.001) - 1, 6);
  });
  it('laws of different kinds of arrays are singular', () => {
    const d = Dirichlet([1, 1]) as unknown as Distribution<readonly number[]>,
      n = MvNormal(
        [0, 0],
        [
          [1, 0],
          [0, 1],
        ],
      );
    expect([
      value(kl(d, n)),
      value(kl(n, d)),
      value(l1(n, d)),
      value(
        chiSquared(
          LKJ(2, 1),
          Wishart(3, [
            [1, 0],
            [0, 1],
          ]),
        ),
      ),
    ]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2, Number.POSITIVE_INFINITY]);
    expect([
      value(kl(Multinomial(3, [0.5, 0.5]), Multinomial(4, [0.5, 0.5]))),
      value(l1(Multinomial(3, [0.5, 0.5]), Multinomial(4, [0.5, 0.5]))),
    ]).toEqual([Number.POSITIVE_INFINITY, 2]);
  });
  it('what cannot be compared is refused by name', () => {
    expect(() =>
      kl(
        MvNormal(
          [0, 0],
          [
            [1, 0],
            [0, 1],
          ],
        ),
        MvNormal(
          [0, 0, 0],
          [
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
          ],
        ),
      ),
    ).toThrow(/shape \[2\].*shape \[3\]/s);
    expect(() => kl(api.Flat(), Normal(0, 1))).toThrow(/Flat\(\) is improper/);
    expect(() => kl(3 as unknown as Distribution<number>, Normal(0, 1))).toThrow(/first argument is no distribution/);
    expect(() =>
      kl(
        opaque(
          MvNormal(
            [0, 0],
            [
              [1, 0],
              [0, 1],
            ],
          ),
        ),
        MvNormal(
          [0, 0],
          [
            [1, 0],
            [0, 1],
          ],
        ),
        { draws: 1 },
      ),
    ).toThrow(/number of draws is 1/);
  });
});

describe('on random pairs', () => {
  const unit = fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    scale = fc.double({ min: 0.2, max: 4, noNaN: true }),
    place = fc.double({ min: -2, max: 2, noNaN: true });
  const law: fc.Arbitrary<Distribution<number>> = fc.oneof(
    fc.tuple(place, scale).map(([m, s]) => Normal(m, s)),
    fc.tuple(place, scale).map(([m, s]) => Laplace(m, s)),
    fc.tuple(place, scale).map(([m, s]) => Logistic(m, s)),
    fc.tuple(fc.double({ min: 2.5, max: 9, noNaN: true }), place, scale).map(([df, m, s]) => StudentT(df, m, s)),
    fc.tuple(unit, place, scale, place, scale).map(([w, a, s, b, t]) => mixture([w, 1 - w], [Normal(a, s), Normal(b, t)])),
  );
  it('are not negative, zero for equals only, and related as they must be', () => {
    fc.assert(
      fc.property(law, law, (p, q) => {
        const divergence = kl(p, q),
          distance = value(l1(p, q)),
          chi = value(chiSquared(p, q));
        expect(divergence.value).toBeGreaterThanOrEqual(0);
        expect(Math.abs(value(kl(p, p)))).toBeLessThan(1e-14);
        expect(value(l1(p, p))).toBeLessThan(1e-14);
        expect(value(chiSquared(p, p))).toBeLessThan(1e-14);
        if (p.text !== q.text) expect(divergence.value > 0 && distance > 0 && chi > 0).toBe(true);
        // Cross-entropy less entropy; Pinsker; KL <= log(1 + chi-square); L1^2 <= chi-square; L1 is symmetric.
        expect(Math.abs(value(crossEntropy(p, q)) - p.entropy() - divergence.value)).toBeLessThan(1e-9 * (1 + divergence.value));
        expect(distance ** 2 / 2).toBeLessThanOrEqual(divergence.value + 1e-12);
        expect(divergence.value).toBeLessThanOrEqual(Math.log1p(chi) + 1e-9);
        expect(distance ** 2).toBeLessThanOrEqual(chi + 1e-12);
        expect(Math.abs(distance - value(l1(q, p)))).toBeLessThan(1e-10);
      }),
      { numRuns: 40, seed: 7 },
    );
  });
});

describe('gradients in the second argument', () => {
  interface Case {
    readonly p: unknown;
    readonly q: (a: Readonly<Record<string, unknown>>) => unknown;
    readonly at: Readonly<Record<string, unknown>>;
  }
  const by =
    (name: string, ...first: readonly unknown[]): Case['q'] =>
    (a) =>
      make(name, [...first, a]);
  const shape = [
      [2, 0.5],
      [0.5, 1],
    ],
    spread = [
      [1, 0.2],
      [0.2, 3],
    ];
  const cases: readonly Case[] = [
    { p: Normal(0.5, 1.5), q: by('Normal'), at: { mean: 1, variance: 2 } },
    { p: StudentT(4, 0, 1), q: by('Normal'), at: { mean: 1, precision: 0.6 } },
    { p: Normal(0.5, 1.5), q: by('Laplace'), at: { loc: 1, scale: 2 } },
    { p: Gamma(2, 1), q: by('LogNormal'), at: { meanlog: 0.3, sdlog: 0.9 } },
    { p: LogNormal(0.3, 0.4), q: by('Gamma'), at: { mean: 2, sd: 1 } },
    { p: Poisson(3), q: by('Poisson'), at: { rate: 5 } },
    { p: Poisson(3), q: by('NegativeBinomial'), at: { mean: 4, overdispersion: 2 } },
    // The count of a Binomial has no derivative.
    { p: Binomial(7, 0.3), q: by('Binomial', 7), at: { logit: -0.4 } },
    { p: VonMises(0.4, 2), q: by('VonMises'), at: { loc: 1, concentration: 0.8 } },
    { p: mixture([0.4, 0.6], [Normal(-2, 1), Normal(1, 0.5)]), q: by('Normal'), at: { mean: 0, sd: 2 } },
    { p: Beta(2, 3), q: by('Beta'), at: { a: 1.5, b: 1.2 } },
    { p: Dirichlet([1, 2, 3]), q: by('Dirichlet'), at: { alpha: [2, 2, 2.5] } },
    { p: MvNormal([0, 1], shape), q: by('MvNormal'), at: { mean: [1, 1], cov: spread } },
    { p: MvNormal([0, 1], shape), q: by('MvNormal'), at: { mean: [1, 1], precision: spread } },
    {
      p: MvNormal([0, 1], shape),
      q: by('MvNormal'),
      at: {
        mean: [1, 1],
        cholesky: [
          [1, 0],
          [0.2, 1.5],
        ],
      },
    },
    {
      p: Wishart(5, shape),
      q: by('Wishart'),
      at: {
        df: 4,
        scale: [
          [1, 0.1],
          [0.1, 1],
        ],
      },
    },
    { p: iid(Normal(0, 1), 3), q: (a) => iid(make('Normal', [a]), 3), at: { mean: 0.5, sd: 1.4 } },
  ];
  for (const { p: first, q: second, at } of cases) {
    const p = first as Distribution<Draw>,
      family = (a: Readonly<Record<string, unknown>>): Distribution<Draw> => second(a) as Distribution<Draw>;
    const q = family(at);
    it(`of KL(${p} || ${q})`, () => {
      const gradient = klGradient(p, q);
      for (const [name, base] of Object.entries(at)) {
        const flat = [base].flat(3) as number[],
          found = [gradient[name]].flat(3) as number[],
          d = Math.sqrt(flat.length);
        flat.forEach((x, k) => {
          const symmetric = name === 'cov' || (name === 'precision' && Array.isArray(base)) || (name === 'scale' && Array.isArray(base));
          const twin = symmetric ? (k % d) * d + Math.floor(k / d) : k;
          if (name === 'cholesky' && k === 1) return;
          const h = 1e-4 * Math.max(1, Math.abs(x));
          const moved = (by: number): number => {
            const list = flat.map((y, l) => (l === k || l === twin ? y + by : y));
            const shaped = !Array.isArray(base) ? list[0] : Array.isArray(base[0]) ? [list.slice(0, d), list.slice(d)] : list;
            return value(kl(p, family({ ...at, [name]: shaped })));
          };
          const numeric = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
          const symbolic = twin === k ? found[k]! : found[k]! + found[twin]!;
          expect(Math.abs(symbolic - numeric), `${name}[${k}]: ${symbolic} and ${numeric}`).toBeLessThan(1e-6 * (1 + Math.abs(numeric)));
        });
      }
    });
  }
  it('need a family as the second argument', () => {
    expect(() =>
      klGradient(
        MvNormal(
          [0, 0],
          [
            [1, 0],
            [0, 1],
          ],
        ),
        iid(Normal(0, 1), 2),
      ),
    ).toThrow(/independent draws/);
    expect(() => klGradient(Normal(0, 1), mixture([0.5, 0.5], [Normal(0, 1), Normal(1, 1)]))).toThrow(/no arguments to differentiate by/);
  });
});
