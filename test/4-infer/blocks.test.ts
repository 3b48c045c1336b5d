/**
 * Vector, simplex and matrix unknowns by every kernel that moves them, against posteriors in closed
 * form (Gaussian, Dirichlet, Wishart, inverse Wishart) or by quadrature in two dimensions.
 *
 * False alarms: about 150 z-scores with limit 6, below 1e-6 together. Power: the means of 20,000
 * exact draws are known to 0.007 sd, so that a dropped factor or a coefficient off by 10 % is red;
 * correlated draws lose a factor of 3 to 6 of that.
 */
import { describe, expect, test } from 'vitest';
import { type CompileOptions, compile, draw, type Draws } from './machine.js';
import { gaussianPosterior, invert, planeExpectation, zOfMean } from './truth.js';

const limit = 6;

interface Expectation {
  readonly name: string;
  readonly of: (x: (name: string, element?: number) => number) => number;
  readonly mean: number;
}
interface Study {
  readonly title: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly kernels: readonly (CompileOptions & { readonly exact?: boolean; readonly draws?: number })[];
  readonly expectations: readonly Expectation[];
}

function checkAll(draws: Draws, count: number, expectations: readonly Expectation[], independent: boolean): void {
  const known = new Map<string, Float64Array>();
  const column = (name: string, element: number): Float64Array => {
    const key = `${name} ${element}`;
    const found = known.get(key) ?? draws.of(name, element);
    known.set(key, found);
    return found;
  };
  for (const e of expectations) {
    const values = Float64Array.from({ length: count }, (_, d) => e.of((name, element = 0) => column(name, element)[d]!));
    expect(Math.abs(zOfMean(values, e.mean, independent)), e.name).toBeLessThan(limit);
  }
}

/** First and second moments of a Gaussian vector called `name`. */
function gaussianMoments(name: string, mean: readonly number[], covariance: readonly (readonly number[])[]): Expectation[] {
  return mean.flatMap(
    (m, i) =>
      [
        { name: `mean ${i}`, of: (x) => x(name, i), mean: m },
        ...mean.slice(0, i + 1).map(
          (m2, j): Expectation => ({
            name: `covariance ${i},${j}`,
            of: (x) => (x(name, i) - m) * (x(name, j) - m2),
            mean: covariance[i]![j]!,
          }),
        ),
      ] satisfies Expectation[],
  );
}

const X = [
  [1, 0.2],
  [1, -0.5],
  [1, 1.1],
  [1, 0.7],
  [1, -1.3],
  [1, 0.1],
  [1, 0.6],
  [1, -0.2],
  [1, 1.9],
  [1, -0.8],
];
const y = [0.4, -0.3, 1.2, 1.4, -0.9, 0.1, 0.8, 0.2, 1.6, -0.4];
const regression = gaussianPosterior(2, [
  { row: [1, 0], value: 0, sd: 2 },
  { row: [0, 1], value: 0, sd: 2 },
  ...X.map((row, n) => ({ row, value: y[n]!, sd: 0.6 })),
]);

const S0 = [
  [1, 0.3],
  [0.3, 0.5],
];
const A = [
  [1, 0.4],
  [-0.2, 0.8],
];
const R = [
  [0.5, 0.1],
  [0.1, 0.4],
];
const observed = [
  [0.4, 1.1],
  [0.9, -0.3],
  [0.2, 0.5],
];
function transformedMean(): { mean: number[]; covariance: number[][] } {
  const P0 = invert(S0),
    Q = invert(R);
  const AtQ = [0, 1].map((i) => [0, 1].map((k) => A[0]![i]! * Q[0]![k]! + A[1]![i]! * Q[1]![k]!));
  const precision = P0.map((row, i) => row.map((p, j) => p + 3 * (AtQ[i]![0]! * A[0]![j]! + AtQ[i]![1]! * A[1]![j]!)));
  const covariance = invert(precision);
  // x ~ N(A v + b, R), b = (0.5, -1); prior mean (1, 0)
  const total = observed.reduce<[number, number]>((s, x) => [s[0] + x[0]! - 0.5, s[1] + x[1]! + 1], [0, 0]);
  const shift = [0, 1].map((i) => P0[i]![0]! * 1 + AtQ[i]![0]! * total[0] + AtQ[i]![1]! * total[1]);
  return { mean: covariance.map((r) => r[0]! * shift[0]! + r[1]! * shift[1]!), covariance };
}
const transformed = transformedMean();

const alpha = [1.5, 2, 0.8],
  labels = [0, 1, 1, 2, 0, 1, 1, 1, 0, 2];
const posteriorAlpha = alpha.map((a, k) => a + labels.filter((l) => l === k).length);
function dirichletMoments(name: string, a: readonly number[]): Expectation[] {
  const total = a.reduce((s, x) => s + x, 0);
  return a.flatMap(
    (x, k) =>
      [
        { name: `mean ${k}`, of: (v) => v(name, k), mean: x / total },
        { name: `square ${k}`, of: (v) => v(name, k) ** 2, mean: (x * (x + 1)) / (total * (total + 1)) },
        {
          name: `product ${k}`,
          of: (v) => v(name, k) * v(name, (k + 1) % a.length),
          mean: (x * a[(k + 1) % a.length]!) / (total * (total + 1)),
        },
      ] satisfies Expectation[],
  );
}

const points = [
  [0.5, 0.1],
  [-0.8, 0.4],
  [1.2, 0.9],
  [0.3, -1.1],
  [-0.4, 0.2],
  [0.9, 0.8],
  [0.1, -0.5],
  [-1.3, -0.2],
  [0.6, 0.7],
];
const scatter = [0, 1].map((i) => [0, 1].map((j) => points.reduce((s, x) => s + x[i]! * x[j]!, 0)));
const plus = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] =>
  a.map((row, i) => row.map((x, j) => x + b[i]![j]!));

// Wishart(5, V): posterior Wishart(14, (V^-1 + sum x x')^-1), Var W_ij = df (S_ij^2 + S_ii S_jj).
const V = [
  [0.4, 0.1],
  [0.1, 0.3],
];
const wishartScale = invert(plus(invert(V), scatter)),
  wishartDf = 14;
// InverseWishart(8, Psi): posterior InverseWishart(17, Psi + sum x x'), mean scale / (df - 3), and its inverse is a Wishart.
const Psi = [
  [2, 0.4],
  [0.4, 1.5],
];
const inverseScale = plus(Psi, scatter),
  inverseDf = 17;
const entries = [
  [0, 0],
  [0, 1],
  [1, 1],
] as const;
const determinant = (x: (name: string, element?: number) => number): number => x('W', 0) * x('W', 3) - x('W', 1) * x('W', 2);

const logitX = [
    [1, 0.5],
    [1, -1.2],
    [1, 1.5],
    [1, 0.1],
    [1, -0.4],
    [1, 2],
  ],
  logitY = [1, 0, 1, 0, 0, 1];
const logistic = (a: number, b: number): number =>
  (-0.5 * (a * a + b * b)) / 2.25 +
  logitX.reduce((s, row, n) => {
    const eta = row[0]! * a + row[1]! * b;
    return s + (logitY[n] === 1 ? -Math.log1p(Math.exp(-eta)) : -Math.log1p(Math.exp(eta)));
  }, 0);
const logisticExpectation = planeExpectation(logistic, [-6, 6], [-4, 8]);

const simplexLog = (a: number, b: number): number => {
  const c = 1 - a - b;
  return a <= 0 || b <= 0 || c <= 0 ? -Infinity : Math.log(a) + 0.5 * Math.log(b) + 0.8 * Math.log(c) + 3 * Math.sin(4 * a * b) - 2 * c * c;
};
const simplexExpectation = planeExpectation(simplexLog, [0, 1], [0, 1]);

const studies: readonly Study[] = [
  {
    title: 'weights of a regression',
    source: 'data X: real[N, D] data y: real[N] sample w ~ MvNormal(zeros(D), 4 * eye(D)) observe y ~ Normal(X @ w, 0.6)',
    data: { X, y },
    kernels: [
      { exact: true },
      { kernels: { w: 'slice' } },
      { backend: 'mh' },
      { kernels: { w: 'rw(scale: 0.3, adapt: false)' } },
      { kernels: { w: 'independent(MvNormal([0.2, 0.6], 0.1 * eye(2)))' } },
      { kernels: { w: 'propose(MvNormal(0.5 * w, 0.08 * eye(2)))' } },
    ],
    expectations: gaussianMoments('w', regression.mean, regression.covariance),
  },
  {
    title: 'a vector observed through an affine map',
    source:
      'data x: real[N, 2] data S: cov[2] data A: real[2, 2] data R: cov[2] sample v ~ MvNormal([1, 0], S) for n in 0..<N { observe x[n] ~ MvNormal(A @ v + [0.5, -1], R) }',
    data: { x: observed, S: S0, A, R },
    kernels: [{ exact: true }, { backend: 'mh' }, { kernels: { v: 'slice' } }],
    expectations: gaussianMoments('v', transformed.mean, transformed.covariance),
  },
  {
    title: 'probabilities under a Dirichlet prior',
    source: 'data z: int[N] data a: real[3] sample p ~ Dirichlet(a) for n in 0..<N { observe z[n] ~ Categorical(p) }',
    data: { z: labels, a: alpha },
    kernels: [
      { exact: true },
      { kernels: { p: 'slice' } },
      { backend: 'mh' },
      { kernels: { p: 'independent(Dirichlet([3, 4, 2]))' } },
      { kernels: { p: 'propose(Dirichlet([1 + 12 * p[0], 1 + 12 * p[1], 1 + 12 * p[2]]))' } },
    ],
    expectations: dirichletMoments('p', posteriorAlpha),
  },
  {
    title: 'probabilities under a Multinomial, two of them in rows',
    source: 'data c: int[2, 3] data a: real[3] for j in 0..<2 { sample p[j] ~ Dirichlet(a) observe c[j] ~ Multinomial(sum(c[j]), p[j]) }',
    data: {
      c: [
        [3, 0, 2],
        [1, 4, 0],
      ],
      a: alpha,
    },
    kernels: [{ exact: true }, { backend: 'mh' }],
    expectations: [
      [4.5, 2, 2.8],
      [2.5, 6, 0.8],
    ].flatMap((a, j) =>
      a.map((x, k): Expectation => ({ name: `mean ${j},${k}`, of: (v) => v('p', 3 * j + k), mean: x / a.reduce((s, t) => s + t, 0) })),
    ),
  },
  {
    title: 'a simplex without a conjugate conditional',
    source: 'sample p ~ Dirichlet([2, 1.5, 1.8]) factor 3 * sin(4 * p[0] * p[1]) - 2 * p[2]^2',
    data: {},
    kernels: [{}, { backend: 'mh' }],
    expectations: [
      { name: 'mean 0', of: (x) => x('p', 0), mean: simplexExpectation((a) => a) },
      { name: 'mean 1', of: (x) => x('p', 1), mean: simplexExpectation((_, b) => b) },
      { name: 'product', of: (x) => x('p', 0) * x('p', 1), mean: simplexExpectation((a, b) => a * b) },
      { name: 'square', of: (x) => x('p', 2) ** 2, mean: simplexExpectation((a, b) => (1 - a - b) ** 2) },
    ],
  },
  {
    title: 'a Wishart precision',
    source: 'data x: real[N, 2] data V: cov[2] sample W ~ Wishart(5, V) for n in 0..<N { observe x[n] ~ MvNormal([0, 0], precision: W) }',
    data: { x: points, V },
    kernels: [{ exact: true }, { backend: 'mh', draws: 60_000 }],
    expectations: entries.flatMap(([i, j]): Expectation[] => [
      { name: `mean ${i},${j}`, of: (x) => x('W', 2 * i + j), mean: wishartDf * wishartScale[i]![j]! },
      {
        name: `variance ${i},${j}`,
        of: (x) => (x('W', 2 * i + j) - wishartDf * wishartScale[i]![j]!) ** 2,
        mean: wishartDf * (wishartScale[i]![j]! ** 2 + wishartScale[i]![i]! * wishartScale[j]![j]!),
      },
    ]),
  },
  {
    title: 'an inverse-Wishart covariance',
    source: 'data x: real[N, 2] data Psi: cov[2] sample W ~ InverseWishart(8, Psi) for n in 0..<N { observe x[n] ~ MvNormal([0, 0], W) }',
    data: { x: points, Psi },
    kernels: [{ exact: true }, { backend: 'mh', draws: 60_000 }],
    expectations: [
      ...entries.map(
        ([i, j]): Expectation => ({ name: `mean ${i},${j}`, of: (x) => x('W', 2 * i + j), mean: inverseScale[i]![j]! / (inverseDf - 3) }),
      ),
      { name: 'inverse 0,0', of: (x) => x('W', 3) / determinant(x), mean: inverseDf * invert(inverseScale)[0]![0]! },
      { name: 'inverse 0,1', of: (x) => -x('W', 1) / determinant(x), mean: inverseDf * invert(inverseScale)[0]![1]! },
    ],
  },
  {
    title: 'logistic weights',
    source:
      'data X: real[N, 2] data y: int[N] sample w ~ MvNormal(zeros(2), 2.25 * eye(2)) for n in 0..<N { observe y[n] ~ Bernoulli(logit: X[n] @ w) }',
    data: { X: logitX, y: logitY },
    kernels: [{}, { backend: 'mh' }, { kernels: { w: 'independent(MvNormal([0, 1], 2 * eye(2)))' } }],
    expectations: [
      { name: 'mean 0', of: (x) => x('w', 0), mean: logisticExpectation((a) => a) },
      { name: 'mean 1', of: (x) => x('w', 1), mean: logisticExpectation((_, b) => b) },
      { name: 'square 0', of: (x) => x('w', 0) ** 2, mean: logisticExpectation((a) => a * a) },
      { name: 'square 1', of: (x) => x('w', 1) ** 2, mean: logisticExpectation((_, b) => b * b) },
      { name: 'product', of: (x) => x('w', 0) * x('w', 1), mean: logisticExpectation((a, b) => a * b) },
    ],
  },
];

describe('a flat correlation matrix', () => {
  // Uniform over correlation matrices of dimension d: r_ij = 2 Beta(d/2, d/2) - 1, variance 1 / (d + 1).
  test.each([
    [2, 1 / 3],
    [3, 1 / 4],
    [4, 1 / 5],
  ])('of dimension %i has entries of variance %f', (d, variance) => {
    const draws = draw(compile(`param R: corr[${d}]`, {}), 60_000, { seed: `corr ${d}` });
    for (let i = 0; i < d; i++)
      for (let j = 0; j < i; j++) {
        const r = draws.of('R', i * d + j);
        expect(Math.abs(zOfMean(r, 0, false))).toBeLessThan(limit);
        expect(
          Math.abs(
            zOfMean(
              r.map((x) => x * x),
              variance,
              false,
            ),
          ),
        ).toBeLessThan(limit);
      }
  });
  test('has determinants with the moments of a product of Betas', () => {
    // |R| = prod over rows of 1 - (squared multiple correlation); for d = 2: E(1 - r^2) = 2/3.
    const r = draw(compile('param R: corr[2]', {}), 60_000, { seed: 'determinant' }).of('R', 1);
    expect(
      Math.abs(
        zOfMean(
          r.map((x) => 1 - x * x),
          2 / 3,
          false,
        ),
      ),
    ).toBeLessThan(limit);
  });
});

for (const study of studies) {
  describe(study.title, () => {
    study.kernels.forEach((options) => {
      const named =
        options.exact === true ? 'exact draws' : (Object.values(options.kernels ?? {})[0] ?? options.backend ?? 'the default kernel');
      test(`${named} gives the posterior moments`, () => {
        const sampler = compile(study.source, study.data, options);
        if (options.exact === true) expect(sampler.plan[0]!.kernel).toBe('conjugate');
        const count = options.draws ?? (options.exact === true ? 20_000 : 40_000);
        checkAll(
          draw(sampler, count, { warmup: options.exact === true ? 10 : 3000, seed: study.title }),
          count,
          study.expectations,
          options.exact === true,
        );
      });
    });
  });
}
