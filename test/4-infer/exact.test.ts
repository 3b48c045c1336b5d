/**
 * Exact posteriors: evidence and moments against values of SciPy (test/reference/exact.py), numerical
 * integration of random conjugate programs, enumeration with textbook formulas, and the program's own draws.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';
import { dense, gaussianEvidence, integrate, integrate2, type Matrix, normalLogPdf } from './exactTruth.js';

const here = dirname(fileURLToPath(import.meta.url));

interface Row {
  readonly mean: number | null;
  readonly sd: number | null;
  readonly q5: number | null;
  readonly q50: number | null;
  readonly q95: number | null;
  readonly mcse: number | null;
  readonly probs: Readonly<Record<string, number>> | null;
}
interface Solved {
  readonly logEvidence: number | null;
  readonly logJoint: number | null;
  readonly variables: Readonly<Record<string, Row>>;
  draws(name: string): Float64Array;
  readonly warnings: readonly string[];
}

async function solve(
  source: string,
  data: Readonly<Record<string, unknown>> = {},
  settings: { readonly draws?: number; readonly options?: Readonly<Record<string, boolean>>; readonly seed?: number } = {},
): Promise<Solved> {
  const { draws = 20, options = {}, seed = 1 } = settings;
  const posterior = await compile(source).infer(data, { backend: 'exact', chains: 1, draws, warmup: 0, seed, workers: 0, options });
  const { variables, logEvidence, logJoint, warnings } = posterior.summary();
  return { logEvidence, logJoint, variables, draws: (name) => posterior.draws(name), warnings };
}
async function refusal(
  source: string,
  data: Readonly<Record<string, unknown>> = {},
  options: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: string; readonly message: string; readonly hint: string; readonly span: string }> {
  try {
    await compile(source).infer(data, { backend: 'exact', chains: 1, draws: 10, workers: 0, options });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const d = error.diagnostics.find((x) => x.severity === 'error')!;
    return {
      code: d.code,
      message: d.message,
      hint: d.hint ?? '',
      span: d.span === undefined ? '' : source.slice(d.span.start, d.span.end),
    };
  }
  throw new Error('it was not refused');
}
function close(found: number | null | undefined, truth: number, tolerance: number, what: string): void {
  expect(Math.abs((found ?? Number.NaN) - truth), `${what}: ${found}, truth ${truth}`).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(truth)),
  );
}

describe('programs with data, against SciPy', () => {
  type Reference = Readonly<
    Record<string, { readonly logEvidence: number; readonly quantities: Readonly<Record<string, readonly (number | null)[]>> }>
  >;
  const reference = JSON.parse(readFileSync(join(here, '../reference/exact.json'), 'utf8')) as Reference;
  const read = (file: string): string => readFileSync(join(here, '../programs', file), 'utf8');

  it.each(Object.keys(reference))('%s', async (name) => {
    const { logEvidence, quantities } = reference[name]!;
    const found = await solve(read(`${name}.cred`), JSON.parse(read(`${name}.json`)) as Record<string, unknown>);
    close(found.logEvidence, logEvidence, 1e-9, 'log evidence');
    for (const [quantity, truth] of Object.entries(quantities)) {
      const row = found.variables[quantity]!;
      [row.mean, row.sd, row.q5, row.q50, row.q95].forEach((x, k) => {
        const t = truth[k];
        if (t !== null && t !== undefined) close(x, t, 1e-8, `${quantity} ${['mean', 'sd', 'q5', 'q50', 'q95'][k]}`);
      });
    }
  });
});

describe('one unknown, against quadrature of the joint density', () => {
  const positive = fc.double({ min: 0.3, max: 6, noNaN: true }),
    real = fc.double({ min: -3, max: 3, noNaN: true });
  const reals = fc.array(real, { minLength: 0, maxLength: 6 }),
    positives = fc.array(positive, { minLength: 1, maxLength: 6 }),
    counts = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 0, maxLength: 6 });
  const from0 = (
    data: readonly number[],
    hyper: readonly number[],
  ): { readonly y: readonly number[]; readonly a: number; readonly b: number } => ({ y: data, a: hyper[0]!, b: hyper[1]! });
  const cases: readonly {
    readonly name: string;
    readonly program: string;
    readonly data: fc.Arbitrary<readonly number[]>;
    readonly hyper: fc.Arbitrary<readonly number[]>;
    low(a: number, y: readonly number[]): number;
    high(a: number, b: number): number;
  }[] = [
    {
      name: 'Gamma rate of Poissons',
      program: 'sample v ~ Gamma(a, b)\nobserve y ~ Poisson(v)',
      data: counts,
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => Infinity,
    },
    {
      name: 'Gamma rate of Exponentials',
      program: 'sample v ~ Gamma(a, b)\nobserve y ~ Exponential(2 * v)',
      data: positives,
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => Infinity,
    },
    {
      name: 'Gamma precision',
      program: 'sample v ~ Gamma(a, b)\nobserve y ~ Normal(0.5, precision: v)',
      data: reals,
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => Infinity,
    },
    {
      name: 'InverseGamma variance',
      program: 'sample v ~ InverseGamma(a + 3, b)\nobserve y ~ Normal(0.5, variance: v)',
      data: reals,
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => Infinity,
    },
    {
      name: 'InverseGamma scale of a Gamma',
      program: 'sample v ~ InverseGamma(a + 3, b)\nobserve y ~ Gamma(2, scale: v)',
      data: positives,
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => Infinity,
    },
    {
      name: 'Normal mean',
      program: 'sample v ~ Normal(a, b)\nobserve y ~ Normal(2 * v + 1, 0.7)',
      data: reals,
      hyper: fc.tuple(real, positive),
      low: () => -Infinity,
      high: () => Infinity,
    },
    {
      name: 'Normal mean of logs',
      program: 'sample v ~ Normal(a, b)\nobserve y ~ LogNormal(v, 0.7)',
      data: positives,
      hyper: fc.tuple(real, positive),
      low: () => -Infinity,
      high: () => Infinity,
    },
    {
      name: 'Beta of Bernoullis',
      program: 'sample v ~ Beta(a, b)\nobserve y ~ Binomial(9, v)',
      data: counts,
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => 1,
    },
    {
      name: 'Beta of Geometrics and failures',
      program: 'sample v ~ Beta(a, b)\nobserve y ~ Geometric(v)\nobserve y[0] ~ Bernoulli(1 - v)',
      data: fc.constant([0, 3]),
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => 1,
    },
    {
      name: 'Beta of NegativeBinomials',
      program: 'sample v ~ Beta(a, b)\nobserve y ~ NegativeBinomial(2.5, v)',
      data: counts,
      hyper: fc.tuple(positive, positive),
      low: () => 0,
      high: () => 1,
    },
    {
      name: 'Uniform mean, so a truncated Normal',
      program: 'sample v ~ Uniform(a - 1, a + b)\nobserve y ~ Normal(v, 1)',
      data: fc.array(real, { minLength: 1, maxLength: 6 }),
      hyper: fc.tuple(real, positive),
      low: (a) => a - 1,
      high: (a, b) => a + b,
    },
    {
      name: 'truncated Gamma',
      program: 'sample v ~ truncated(Gamma(a, b), 0.2, 4)\nobserve y ~ Poisson(v)',
      data: counts,
      hyper: fc.tuple(positive, positive),
      low: () => 0.2,
      high: () => 4,
    },
    {
      name: 'power of a Gamma',
      program: 'sample v ~ Weibull(2, b)\nobserve y ~ Normal(a, sqrt(1 / v^2))',
      data: reals,
      hyper: fc.tuple(real, positive),
      low: () => 0,
      high: () => Infinity,
    },
    {
      name: 'Pareto bound of Uniforms',
      program: 'sample v ~ Pareto(0.7, b + 3)\nobserve y ~ Uniform(0, v)',
      data: fc.array(positive, { minLength: 1, maxLength: 5 }),
      hyper: fc.tuple(positive, positive),
      low: (_, y) => Math.max(0.7, ...y),
      high: () => Infinity,
    },
  ];
  it.each(cases)('$name', async ({ program, data, hyper, low, high }) => {
    const kind = program.includes('Poisson') || program.includes('Binomial') || program.includes('Geometric') ? 'int' : 'real';
    const source = `data y: ${kind}[N]\ndata a: real\ndata b: real\n${program}`;
    const model = compile(source);
    await fc.assert(
      fc.asyncProperty(data, hyper, async (y, h) => {
        const given = from0(y, h);
        const joint = model.logDensity(given);
        const density = (v: number): number => joint({ v });
        const truth = integrate(density, low(h[0]!, y), high(h[0]!, h[1]!));
        const found = await solve(source, given, { draws: 2 });
        close(found.logEvidence, truth.logIntegral, 1e-8, 'log evidence');
        close(found.variables['v']!.mean, truth.mean, 1e-8, 'mean');
        close(found.variables['v']!.sd, truth.sd, 1e-7, 'sd');
      }),
      { numRuns: 6, seed: 7 },
    );
  });
});

describe('two unknowns under one scale, against quadrature', () => {
  const positive = fc.double({ min: 0.5, max: 4, noNaN: true }),
    real = fc.double({ min: -2, max: 2, noNaN: true });
  it.each([
    [
      'Normal-InverseGamma',
      'sample v ~ InverseGamma(a + 2, b)\nsample m ~ Normal(0.3, variance: 2 * v)\nobserve y ~ Normal(m, variance: v)',
      (v: number): number => Math.sqrt(v),
    ],
    [
      'Normal-Gamma precision',
      'sample v ~ Gamma(a + 2, b)\nsample m ~ Normal(0.3, precision: 0.5 * v)\nobserve y ~ Normal(m, precision: v)',
      (v: number): number => 1 / Math.sqrt(v),
    ],
    [
      'sd with a power of a Gamma',
      'sample v ~ Weibull(2, b)\nsample m ~ Normal(0.3, 1 / v)\nobserve y ~ Normal(m, 0.5 / v)',
      (v: number): number => 1 / v,
    ],
    [
      'sd between bounds',
      'sample v ~ Uniform(0.2, 4)\nsample m ~ Normal(0.3, 2 * v)\nobserve y ~ Normal(m, a * v)',
      (v: number): number => v,
    ],
    [
      'flat mean',
      'sample v ~ InverseGamma(a + 2, b)\nparam m: real\nobserve y ~ Normal(m, variance: v)',
      (v: number): number => Math.sqrt(v),
    ],
  ])('%s', async (name, program, width) => {
    const source = `data y: real[N]\ndata a: real\ndata b: real\n${program}`;
    const model = compile(source);
    await fc.assert(
      fc.asyncProperty(fc.array(real, { minLength: 3, maxLength: 6 }), positive, positive, async (y, a, b) => {
        const joint = model.logDensity({ y, a, b });
        const truth = integrate2(
          (v, m) => joint({ v, m }),
          [name === 'sd between bounds' ? 0.2 : 0, name === 'sd between bounds' ? 4 : Infinity],
          width,
        );
        const found = await solve(source, { y, a, b }, { draws: 2 });
        if (name === 'flat mean') expect(found.logEvidence).toBeNull();
        else close(found.logEvidence, truth.logIntegral, 1e-8, 'log evidence');
        close(found.variables['v']!.mean, truth.first.mean, 1e-7, 'E v');
        close(found.variables['v']!.sd, truth.first.sd, 1e-6, 'sd v');
        close(found.variables['m']!.mean, truth.second.mean, 1e-7, 'E m');
        close(found.variables['m']!.sd, truth.second.sd, 1e-6, 'sd m');
      }),
      { numRuns: 3, seed: 3 },
    );
  });

  it('gives Normal-InverseWishart and Normal-Wishart the same evidence, that of the matrix t', async () => {
    const x = [
      [1, 0.5],
      [-1, 1],
      [1, 2],
      [2, 3.2],
      [0.1, -0.4],
    ];
    const covariance = await solve(
      'data x: real[N, D]\nsample S ~ InverseWishart(5, [[1, 0.3], [0.3, 2]])\nsample m ~ MvNormal([0.2, 0.1], 2 * S)\nfor n in 0..<N { observe x[n] ~ MvNormal(m, S) }',
      { x },
    );
    const precision = await solve(
      'data x: real[N, D]\nsample L ~ Wishart(5, inverse([[1, 0.3], [0.3, 2]]))\nsample m ~ MvNormal([0.2, 0.1], precision: 0.5 * L)\nfor n in 0..<N { observe x[n] ~ MvNormal(m, precision: L) }',
      { x },
    );
    // p(x) = pi^(-nd/2) Gamma_d(v_n/2)/Gamma_d(v_0/2) |S_0|^(v_0/2)/|S_n|^(v_n/2) (k_0/k_n)^(d/2) (Murphy 2007, section 9).
    const n = x.length,
      k0 = 0.5,
      kn = k0 + n,
      v0 = 5,
      vn = v0 + n,
      m0 = [0.2, 0.1];
    const mean = [0, 1].map((i) => x.reduce((s, r) => s + r[i]!, 0) / n);
    const S0 = [
      [1, 0.3],
      [0.3, 2],
    ];
    const Sn = [0, 1].map((i) =>
      [0, 1].map(
        (j) =>
          S0[i]![j]! +
          x.reduce((s, r) => s + (r[i]! - mean[i]!) * (r[j]! - mean[j]!), 0) +
          ((k0 * n) / kn) * (mean[i]! - m0[i]!) * (mean[j]! - m0[j]!),
      ),
    );
    const logdet = (m: readonly (readonly number[])[]): number => Math.log(m[0]![0]! * m[1]![1]! - m[0]![1]! * m[1]![0]!);
    // Gamma_2(a) = sqrt(pi) Gamma(a) Gamma(a - 1/2); at 5/2: Gamma(5/2) Gamma(2), at 5: Gamma(5) Gamma(9/2).
    const logGammaRatio = Math.log(24 * 11.631728396567446) - Math.log(1.329340388179137);
    const truth = -n * Math.log(Math.PI) + logGammaRatio + (v0 / 2) * logdet(S0) - (vn / 2) * logdet(Sn) + Math.log(k0 / kn);
    close(covariance.logEvidence, truth, 1e-10, 'InverseWishart');
    close(precision.logEvidence, truth, 1e-10, 'Wishart');
    for (const solved of [covariance, precision])
      [0, 1].forEach((i) => {
        const scale = Math.sqrt(Sn[i]![i]! / (kn * (vn - 1))),
          df = vn - 1;
        close(solved.variables[`m[${i}]`]!.mean, (k0 * m0[i]! + n * mean[i]!) / kn, 1e-12, 'mean');
        close(solved.variables[`m[${i}]`]!.sd, scale * Math.sqrt(df / (df - 2)), 1e-12, 'sd');
        // The 95 % point of Student t with 9 degrees of freedom (any table).
        close(solved.variables[`m[${i}]`]!.q95, (k0 * m0[i]! + n * mean[i]!) / kn + 1.8331129326536337 * scale, 1e-9, 'q95');
      });
    [0, 1].forEach((i) => close(covariance.variables[`S[${i},${i}]`]!.mean, Sn[i]![i]! / (vn - 3), 1e-12, 'E S'));
  });

  it('finds the scale of each group where there are several', async () => {
    const source = (k: string): string =>
      `data y: real[N]\ndata g: int[N]\nfor k in 0..<${k} {\n  sample v[k] ~ InverseGamma(3, 2)\n  sample m[k] ~ Normal(0, variance: 5 * v[k])\n}\nfor n in 0..<N { observe y[n] ~ Normal(m[g[n]], variance: v[g[n]]) }`;
    const y = [0.1, 1.4, -2, 3.1, 2.2, 0.7, 0.4],
      g = [0, 1, 2, 2, 0, 1, 1];
    const all = await solve(source('3'), { y, g });
    let total = 0;
    for (const k of [0, 1, 2]) {
      const own = await solve(source('1'), { y: y.filter((_, n) => g[n] === k), g: g.filter((x) => x === k).map(() => 0) });
      total += own.logEvidence!;
      for (const name of ['v', 'm'])
        for (const what of ['mean', 'sd', 'q5', 'q95'] as const)
          close(all.variables[`${name}[${k}]`]![what], own.variables[`${name}[0]`]![what]!, 1e-11, `${name}[${k}] ${what}`);
    }
    close(all.logEvidence, total, 1e-11, 'log evidence');
  });
});

describe('linear-Gaussian programs, against dense formulas', () => {
  it("regression: Sigma_N, m_N and N(y; X m0, X S0 X' + s2 I) (random designs)", async () => {
    const source =
      'data X: real[N, D]\ndata y: real[N]\ndata m0: real[D]\ndata s: positive\nsample w ~ MvNormal(m0, 2 * eye(D) + outer(ones(D), ones(D)))\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ w, s) }\nreport first = 2 * w[0] - w[1] + 1';
    const number = fc.double({ min: -3, max: 3, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.array(number, { minLength: 2, maxLength: 2 }), number), { minLength: 1, maxLength: 8 }),
        fc.array(number, { minLength: 2, maxLength: 2 }),
        async (rows, m0) => {
          const X = rows.map((r) => r[0]),
            y = rows.map((r) => r[1]),
            s = 0.8;
          const truth = gaussianEvidence(
            m0,
            [
              [3, 1],
              [1, 3],
            ],
            X,
            y.map((_, i) => y.map((__, j) => (i === j ? s * s : 0))),
            y,
          );
          const found = await solve(source, { X, y, m0, s }, { draws: 2 });
          close(found.logEvidence, truth.logEvidence, 1e-8, 'log evidence');
          [0, 1].forEach((i) => {
            close(found.variables[`w[${i}]`]!.mean, truth.mean[i]!, 1e-9, 'm_N');
            close(found.variables[`w[${i}]`]!.sd, Math.sqrt(truth.covariance[i]![i]!), 1e-9, 'sd');
          });
          const variance = 4 * truth.covariance[0]![0]! - 4 * truth.covariance[0]![1]! + truth.covariance[1]![1]!;
          close(found.variables['first']!.sd, Math.sqrt(variance), 1e-9, 'sd of an affine report');
          close(
            found.variables['first']!.q95,
            2 * truth.mean[0]! - truth.mean[1]! + 1 + 1.6448536269514722 * Math.sqrt(variance),
            1e-9,
            'its quantile',
          );
        },
      ),
      { numRuns: 15, seed: 5 },
    );
  });

  it('an affine report of Normals under scales of their own has the moments of its draws', async () => {
    const { variables } = await solve(
      'data x: real[N]\ndata g: int[N]\nsample t ~ iid(Gamma(3, 1), 2)\nfor k in 0..<2 { sample m[k] ~ Normal(1, precision: 2 * t[k]) }\nfor n in 0..<N { observe x[n] ~ Normal(m[g[n]], precision: t[g[n]]) }\nreport d = m[0] - m[1]',
      { x: [1, 2, 3, 4], g: [0, 0, 1, 1] },
      { draws: 20_000 },
    );
    // Normal-Gamma: m_k = (2 + sum x) / 4, rate 1 + (2 + sum x^2 - 4 m_k^2) / 2, variance of m_k = rate / (4 (shape - 1)), shape 4.
    const variance = ([a, b]: readonly [number, number]): number => (1 + (2 + a * a + b * b - (2 + a + b) ** 2 / 4) / 2) / (4 * 3);
    const sd = Math.sqrt(variance([1, 2]) + variance([3, 4]));
    close(variables['m[0]']!.sd, Math.sqrt(variance([1, 2])), 1e-9, 'sd of m[0]');
    // Kurtosis of Student's t with 8 degrees: 4.5, so that an sd of 20,000 draws has an error of 0.7 %; five of those.
    expect(Math.abs(variables.d!.sd! / sd - 1)).toBeLessThan(0.035);
    expect(Math.abs(variables.d!.mean! + 1)).toBeLessThan((5 * sd) / Math.sqrt(20_000));
  });
  it('an affine report of elements that never meet, over two components', async () => {
    const found = await solve(
      'sample z[0] ~ Normal(1, 1)\nfor t in 1..<6 { sample z[t] ~ Normal(0.8 * z[t-1], 0.5) }\nsample w ~ Normal(3, 2)\nreport r = z[5] - 2 * z[0] + 3 * w',
    );
    const covariance = (t: number): number => 0.8 ** t;
    const variance5 = 0.8 ** 10 + 0.25 * [0, 1, 2, 3, 4].reduce((s, k) => s + 0.64 ** k, 0);
    close(found.variables['r']!.mean, 0.8 ** 5 - 2 + 9, 1e-12, 'mean');
    close(found.variables['r']!.sd, Math.sqrt(variance5 + 4 - 4 * covariance(5) + 36), 1e-12, 'sd');
    expect(found.variables['r']!.mcse).toBeNull();
  });
});

describe('polynomials of Normals', () => {
  const monomials = ['1', 'a', 'b', 'c', 'a * b', 'b * c', 'a * c', 'a^2', 'a * b * c'] as const;
  it('are solved where no monomial has two, and refused otherwise (random polynomials)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.constantFrom(...monomials), fc.integer({ min: 1, max: 5 })), { selector: ([m]) => m, minLength: 1 }),
        async (terms) => {
          const mean = terms.map(([m, c]) => `${c} * ${m}`).join(' + ');
          const affine = terms.every(([m]) => m.length === 1);
          const program = `data y: real\n${['a', 'b', 'c'].map((v) => `sample ${v} ~ Normal(0, 1)`).join('\n')}\nobserve y ~ Normal(${mean}, 2)`;
          const run = compile(program).infer({ y: 3 }, { backend: 'exact', workers: 0 });
          if (!affine) {
            await expect(run).rejects.toThrow(/not-exact/);
            return;
          }
          const coefficient = (name: string): number => terms.find(([m]) => m === name)?.[1] ?? 0;
          // y ~ N(c, 4 + sum of squares): the gain of a is its coefficient over that variance.
          const variance = 4 + ['a', 'b', 'c'].reduce((sum, v) => sum + coefficient(v) ** 2, 0);
          const { variables } = (await run).summary();
          expect(variables.a!.mean).toBeCloseTo((coefficient('a') / variance) * (3 - coefficient('1')), 10);
        },
      ),
      { seed: 5, numRuns: 60 },
    );
  });
});

describe('mixtures over configurations, against enumeration', () => {
  /** All 0/1 vectors. */
  const configurations = (n: number): number[][] =>
    Array.from({ length: 2 ** n }, (_, c) => Array.from({ length: n }, (__, k) => (c >> k) & 1));

  it('unknown means and weight of two components', async () => {
    const source =
      'data x: real[N]\nsample p ~ Beta(2, 3)\nfor k in 0..<2 { sample mu[k] ~ Normal(k, 3) }\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(p)\n  observe x[n] ~ Normal(mu[z[n]], 0.5 + z[n])\n}\nreport same = z[0] == z[1]\nreport gap = mu[1] - mu[0]\nreport chosen = mu[z[2]]';
    const x = [-0.5, 0.2, 3.1, 2.2, 1.1];
    const found = await solve(source, { x });
    // By hand: p integrates to B(2 + s, 3 + n - s)/B(2, 3), each mu to a Gaussian of its members.
    const logBeta = (a: number, b: number): number => {
      const f = (k: number): number => {
        let s = 0;
        for (let i = 2; i < k; i++) s += Math.log(i);
        return s;
      };
      return f(a) + f(b) - f(a + b);
    };
    const rows = configurations(x.length).map((z) => {
      const ones = z.reduce((a, b) => a + b, 0);
      let log = logBeta(2 + ones, 3 + x.length - ones) - logBeta(2, 3);
      const parts = [0, 1].map((k) => {
        const own = x.filter((_, n) => z[n] === k),
          sd = 0.5 + k;
        const solved = gaussianEvidence(
          [k],
          [[9]],
          own.map(() => [1]),
          own.map((_, i) => own.map((__, j) => (i === j ? sd * sd : 0))),
          own,
        );
        log += solved.logEvidence;
        return solved;
      });
      return {
        z,
        log,
        mean: parts.map((q) => q.mean[0]!),
        variance: parts.map((q) => q.covariance[0]![0]!),
        p: [2 + ones, 3 + x.length - ones] as const,
      };
    });
    const top = Math.max(...rows.map((r) => r.log));
    const total = rows.reduce((s, r) => s + Math.exp(r.log - top), 0);
    close(found.logEvidence, top + Math.log(total), 1e-11, 'log evidence');
    const average = (f: (r: (typeof rows)[number]) => number): number =>
      rows.reduce((s, r) => s + (Math.exp(r.log - top) / total) * f(r), 0);
    const check = (name: string, mean: (r: (typeof rows)[number]) => number, variance: (r: (typeof rows)[number]) => number): void => {
      const m = average(mean);
      close(found.variables[name]!.mean, m, 1e-11, `E ${name}`);
      close(found.variables[name]!.sd, Math.sqrt(average((r) => variance(r) + (mean(r) - m) ** 2)), 1e-10, `sd ${name}`);
    };
    [0, 1].forEach((k) =>
      check(
        `mu[${k}]`,
        (r) => r.mean[k]!,
        (r) => r.variance[k]!,
      ),
    );
    check(
      'p',
      ({ p: [a, b] }) => a / (a + b),
      ({ p: [a, b] }) => (a * b) / ((a + b) ** 2 * (a + b + 1)),
    );
    x.forEach((_, n) =>
      close(
        found.variables[`z[${n}]`]!.probs!['1'],
        average((r) => r.z[n]!),
        1e-11,
        `P z[${n}]`,
      ),
    );
    check(
      'same',
      (r) => (r.z[0] === r.z[1] ? 1 : 0),
      () => 0,
    );
    check(
      'gap',
      (r) => r.mean[1]! - r.mean[0]!,
      (r) => r.variance[0]! + r.variance[1]!,
    );
    check(
      'chosen',
      (r) => r.mean[r.z[2]!]!,
      (r) => r.variance[r.z[2]!]!,
    );
    // Quantiles by the mixture of Normals.
    const q = found.variables['mu[0]']!.q95!;
    const phi = (t: number): number => {
      const v = integrate((u) => normalLogPdf(u, 0, 1), -Infinity, t);
      return Math.exp(v.logIntegral);
    };
    close(
      average((r) => phi((q - r.mean[0]!) / Math.sqrt(r.variance[0]!))),
      0.95,
      1e-7,
      'distribution function at q95',
    );
  });

  it('a chain that switches between two dynamics', async () => {
    const y = [1, 0.5, -0.2, 1.1, 0.3, -2];
    const source =
      'data y: real[T]\nsample s[0] ~ Bernoulli(0.5)\nsample x[0] ~ Normal(0, 1)\nfor t in 1..<T {\n  sample s[t] ~ Bernoulli(s[t-1] == 1 ? 0.8 : 0.1)\n  sample x[t] ~ Normal((s[t] == 1 ? -0.5 : 0.9) * x[t-1], s[t] == 1 ? 1 : 0.3)\n}\nfor t in 0..<T { observe y[t] ~ Normal(x[t], 0.5) }';
    const found = await solve(source, { y });
    const rows = configurations(y.length).map((s) => {
      let log = Math.log(0.5);
      const covariance: Matrix = y.map(() => y.map(() => 0));
      covariance[0]![0] = 1;
      for (let t = 1; t < y.length; t++) {
        const p = s[t - 1] === 1 ? 0.8 : 0.1,
          a = s[t] === 1 ? -0.5 : 0.9,
          q = s[t] === 1 ? 1 : 0.09;
        log += Math.log(s[t] === 1 ? p : 1 - p);
        for (let u = 0; u < t; u++) {
          covariance[t]![u] = a * covariance[t - 1]![u]!;
          covariance[u]![t] = covariance[t]![u]!;
        }
        covariance[t]![t] = a * a * covariance[t - 1]![t - 1]! + q;
      }
      const solved = gaussianEvidence(
        y.map(() => 0),
        covariance,
        dense(y.length),
        y.map((_, i) => y.map((__, j) => (i === j ? 0.25 : 0))),
        y,
      );
      return { s, log: log + solved.logEvidence, solved };
    });
    const top = Math.max(...rows.map((r) => r.log)),
      total = rows.reduce((a, r) => a + Math.exp(r.log - top), 0);
    close(found.logEvidence, top + Math.log(total), 1e-10, 'log evidence');
    const weight = (r: (typeof rows)[number]): number => Math.exp(r.log - top) / total;
    y.forEach((_, t) => {
      const mean = rows.reduce((a, r) => a + weight(r) * r.solved.mean[t]!, 0);
      close(found.variables[`x[${t}]`]!.mean, mean, 1e-10, `x[${t}]`);
      close(
        found.variables[`x[${t}]`]!.sd,
        Math.sqrt(rows.reduce((a, r) => a + weight(r) * (r.solved.covariance[t]![t]! + (r.solved.mean[t]! - mean) ** 2), 0)),
        1e-9,
        `sd x[${t}]`,
      );
      close(
        found.variables[`s[${t}]`]!.probs!['1'],
        rows.reduce((a, r) => a + weight(r) * r.s[t]!, 0),
        1e-10,
        `s[${t}]`,
      );
    });
    // The most probable path of s, x integrated out.
    const best = rows.reduce((a, b) => (b.log > a.log ? b : a));
    const mode = await solve(source, { y }, { options: { mode: true } });
    expect(best.s.map((_, t) => mode.variables[`s[${t}]`]!.mean)).toEqual(best.s);
    close(mode.logJoint, best.log, 1e-10, 'its log joint');
    y.forEach((_, t) => close(mode.variables[`x[${t}]`]!.mean, best.solved.mean[t]!, 1e-10, 'x given the path'));
  });

  it('sizes that the data rule out weigh nothing, whatever the law of the rest would be there: capture and recapture', async () => {
    const seen = [
        [10, 11, 10, 9, 10],
        [1, 1, 0, 2, 1],
      ],
      most = 60;
    const logFactorial = (n: number): number => Array.from({ length: n }, (_, k) => Math.log(k + 1)).reduce((a, b) => a + b, 0);
    // p integrates to B(1 + s, 1 + 5 n - s), and has the mean (1 + s) / (2 + 5 n).
    const solved = seen.map((y) => {
      const total = y.reduce((a, b) => a + b, 0);
      const sizes = Array.from({ length: most + 1 }, (_, n) => n).filter((n) => n >= Math.max(...y));
      const logs = sizes.map(
        (n) =>
          y.reduce((sum, k) => sum + logFactorial(n) - logFactorial(k) - logFactorial(n - k), 0) +
          logFactorial(total) +
          logFactorial(5 * n - total) -
          logFactorial(5 * n + 1),
      );
      const evidence = logs.reduce((sum, l) => sum + Math.exp(l), 0) / (most + 1);
      const average = (f: (n: number) => number): number =>
        sizes.reduce((sum, n, k) => sum + f(n) * Math.exp(logs[k]!), 0) / (evidence * (most + 1));
      return { logEvidence: Math.log(evidence), size: average((n) => n), p: average((n) => (1 + total) / (2 + 5 * n)) };
    });
    const one = await solve(
      'data y: int[K] data most: int sample size ~ DiscreteUniform(0, most) sample p ~ Beta(1, 1) for k in 0..<K { observe y[k] ~ Binomial(size, p) }',
      { y: seen[0], most },
    );
    close(one.logEvidence, solved[0]!.logEvidence, 1e-11, 'log evidence');
    close(one.variables['size']!.mean, solved[0]!.size, 1e-11, 'size');
    close(one.variables['p']!.mean, solved[0]!.p, 1e-11, 'p');
    const both = await solve(
      'data y: int[G, K] data most: int for g in 0..<G { sample size[g] ~ DiscreteUniform(0, most) sample p[g] ~ Beta(1, 1) for k in 0..<K { observe y[g, k] ~ Binomial(size[g], p[g]) } }',
      { y: seen, most },
    );
    close(both.logEvidence, solved[0]!.logEvidence + solved[1]!.logEvidence, 1e-11, 'log evidence of both');
    solved.forEach(({ size, p }, g) => {
      close(both.variables[`size[${g}]`]!.mean, size, 1e-11, `size[${g}]`);
      close(both.variables[`p[${g}]`]!.mean, p, 1e-11, `p[${g}]`);
      expect(both.variables[`p[${g}]`]!.q50, 'median').toBeGreaterThan(0);
    });
  });

  it('steps of a loop are independent, however many', async () => {
    const n = 3000,
      x = Array.from({ length: n }, (_, k) => Math.sin(k) * 4);
    const source =
      'data x: real[N]\nfor n in 0..<N {\n  sample z[n] ~ Categorical([0.2, 0.5, 0.3])\n  sample t[n] ~ Normal(2 * z[n], 0.5)\n  observe x[n] ~ Normal(t[n], 1)\n}';
    const found = await solve(source, { x }, { draws: 2 });
    let log = 0;
    x.forEach((value, k) => {
      const terms = [0.2, 0.5, 0.3].map((w, z) => w * Math.exp(normalLogPdf(value, 2 * z, Math.sqrt(1.25))));
      const sum = terms.reduce((a, b) => a + b, 0);
      log += Math.log(sum);
      if (k % 500 > 0) return;
      const means = [0, 1, 2].map((z) => (2 * z * 4 + value) / 5);
      const mean = means.reduce((a, m, z) => a + (m * terms[z]!) / sum, 0);
      close(found.variables[`t[${k}]`]!.mean, mean, 1e-11, `t[${k}]`);
      close(
        found.variables[`t[${k}]`]!.sd,
        Math.sqrt(means.reduce((a, m, z) => a + ((0.2 + (m - mean) ** 2) * terms[z]!) / sum, 0)),
        1e-11,
        `sd t[${k}]`,
      );
      close(found.variables[`z[${k}]`]!.probs!['2'], terms[2]! / sum, 1e-11, `z[${k}]`);
    });
    close(found.logEvidence, log, 1e-11, 'log evidence');
  });
});

describe('what is not conjugate and nothing depends on', () => {
  it('gaps that nobody reads are left out of the evidence and drawn from their law', async () => {
    const full = await solve('data y: int[N]\nsample rate ~ Gamma(2, 0.5)\nobserve y ~ Poisson(rate)', { y: [1, 2, 0, 4] });
    const gaps = await solve(
      'data y: int[N]\nsample rate ~ Gamma(2, 0.5)\nobserve y ~ Poisson(rate)',
      { y: [1, 2, null, 0, 4] },
      { draws: 20_000 },
    );
    close(gaps.logEvidence, full.logEvidence!, 1e-12, 'log evidence');
    close(gaps.variables['rate']!.mean, full.variables['rate']!.mean!, 1e-12, 'rate');
    const row = gaps.variables['y[2]']!,
      truth = 2; // E y = E rate = 9 / 4.5
    expect(Math.abs(row.mean! - truth)).toBeLessThan(5 * row.mcse!);
    close(row.sd, Math.sqrt(truth + truth / 4.5), 0.05, 'sd of the predictive');
  });
  describe('what is given beside a gap counts', () => {
    const laplace = (x: number, location = 0, scale = 1): number => -Math.log(2 * scale) - Math.abs(x - location) / scale;
    const logistic = (x: number): number => -x - 2 * Math.log1p(Math.exp(-x));
    const mixed = (x: number): number => Math.log(0.3 * Math.exp(normalLogPdf(x, 0, 1)) + 0.7 * Math.exp(laplace(x, 2)));
    const observed = 'data y: real[3]\nobserve y ~ ';
    it.each([
      ['Laplace', `${observed}Laplace(0, 1)`, { y: [1, -2, null] }, laplace(1) + laplace(-2)],
      ['Logistic', `${observed}Logistic(0, 1)`, { y: [1, null, -2] }, logistic(1) + logistic(-2)],
      ['a mixture', `${observed}mixture([0.3, 0.7], [Normal(0, 1), Laplace(2, 1)])`, { y: [null, 1, -2] }, mixed(1) + mixed(-2)],
      ['a sample with a gap', 'for k in 0..<2 { sample a[k] ~ Laplace(0, 2) }', { a: [0.2, null] }, laplace(0.2, 0, 2)],
      [
        'a gap that another unknown reads',
        'sample b ~ Laplace(a[1], 1)\nfor k in 0..<2 { sample a[k] ~ Normal(0, 1) }',
        { a: [0.2, null] },
        normalLogPdf(0.2, 0, 1),
      ],
      [
        'beside an unknown with data of its own',
        'data z: real\ndata y: real[3]\nsample m ~ Normal(0, 1)\nobserve z ~ Normal(m, 1)\nobserve y ~ Laplace(0, 1)',
        { z: 1, y: [1, -2, null] },
        normalLogPdf(1, 0, Math.SQRT2) + laplace(1) + laplace(-2),
      ],
      [
        'under a finite unknown',
        'data y: real[3]\nsample m ~ Bernoulli(0.4)\nobserve y ~ Laplace(m, 1)',
        { y: [1, -0.5, null] },
        Math.log(0.6 * Math.exp(laplace(1) + laplace(-0.5)) + 0.4 * Math.exp(laplace(1, 1) + laplace(-0.5, 1))),
      ],
    ])('%s', async (_, source, data, truth) => {
      close((await solve(source, data)).logEvidence, truth, 1e-12, 'log evidence');
    });
  });
  it('a program without data is its prior', async () => {
    const found = await solve('sample a ~ Normal(0, 1)\nsample b ~ Normal(a, exp(a))\nsample c ~ Poisson(exp(b / 4))', {}, { draws: 4000 });
    expect(found.logEvidence).toBe(0);
    expect(Math.abs(found.variables['a']!.mean!)).toBeLessThan(0.1);
  });
});

describe('draws', () => {
  it('have the joint law: a scale and what it multiplies are not independent', async () => {
    const source =
      'data y: real[N]\nsample v ~ InverseGamma(6, 5)\nsample m ~ Normal(0, variance: 2 * v)\nobserve y ~ Normal(m, variance: v)\nreport ratio = (m - 0.5) / sqrt(v)';
    const count = 40_000;
    const found = await solve(source, { y: [1, 0.2, 2.5] }, { draws: count });
    for (const name of ['v', 'm']) {
      const draws = found.draws(name),
        row = found.variables[name]!;
      const mean = draws.reduce((a, x) => a + x, 0) / count;
      expect(Math.abs(mean - row.mean!)).toBeLessThan((5 * row.sd!) / Math.sqrt(count));
      // Shares below the three quantiles, within five standard errors.
      [
        [row.q5!, 0.05],
        [row.q50!, 0.5],
        [row.q95!, 0.95],
      ].forEach(([q, u]) => {
        const share = draws.reduce((a, x) => a + (x <= q! ? 1 : 0), 0) / count;
        expect(Math.abs(share - u!)).toBeLessThan(5 * Math.sqrt((u! * (1 - u!)) / count));
      });
    }
    // Given v, m has variance v / 3.5: (m - E m)^2 / v has mean 1 / 3.5.
    const v = found.draws('v'),
      m = found.draws('m'),
      centre = found.variables['m']!.mean!;
    const scaled = m.reduce((a, x, i) => a + (x - centre) ** 2 / v[i]!, 0) / count;
    expect(Math.abs(scaled - 1 / 3.5)).toBeLessThan((5 * Math.SQRT2) / 3.5 / Math.sqrt(count));
  });
  it('are the same for the same seed, and others for another', async () => {
    const source =
      'data x: real[N]\nsample mu ~ Normal(0, 3)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.3)\n  observe x[n] ~ Normal(mu * z[n], 1)\n}\npredict next ~ Normal(mu, 1)';
    const data = { x: [1, 2, 0.3] };
    const [a, b, c] = [await solve(source, data), await solve(source, data), await solve(source, data, { seed: 2 })];
    expect(a!.draws('next')).toEqual(b!.draws('next'));
    expect(a!.draws('next')).not.toEqual(c!.draws('next'));
  });
});

describe('nothing, little and impossible data', () => {
  it('no data: the prior, and evidence one', async () => {
    const found = await solve(
      'data y: real[N]\nsample v ~ InverseGamma(3, 2)\nsample m ~ Normal(1, variance: v)\nobserve y ~ Normal(m, variance: v)',
      { y: [] },
    );
    close(found.logEvidence, 0, 1e-12, 'log evidence');
    close(found.variables['v']!.mean, 1, 1e-12, 'E v');
    close(found.variables['m']!.sd, 1, 1e-12, 'sd m');
  });
  it('one datum', async () => {
    const found = await solve('data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)', { y: [2] });
    close(found.logEvidence, normalLogPdf(2, 0, Math.SQRT2), 1e-12, 'log evidence');
  });
  it('collinear columns under a flat prior are refused, under a proper one solved', async () => {
    const X = [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      y = [1, 2, 3.5];
    const flat = await refusal(
      'data X: real[N, D]\ndata y: real[N]\nparam w: real[D]\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 1) }',
      { X, y },
    );
    expect(flat.code).toBe('improper-posterior');
    expect(flat.message).toMatch(/w\[\d\] is improper: the precision matrix is singular \(rank deficient\)/);
    const prior = await solve(
      'data X: real[N, D]\ndata y: real[N]\nsample w ~ MvNormal(zeros(D), eye(D))\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 1) }',
      { X, y },
    );
    const truth = gaussianEvidence([0, 0], dense(2), X, dense(3), y);
    close(prior.logEvidence, truth.logEvidence, 1e-11, 'log evidence');
  });
  it('nearly collinear columns come with a warning', async () => {
    const X = [
        [1, 2],
        [2, 4],
        [3, 6.00001],
      ],
      y = [1, 2, 3.5];
    const found = await solve(
      'data X: real[N, D]\ndata y: real[N]\nsample w ~ MvNormal(zeros(D), 1e14 * eye(D))\nfor n in 0..<N { observe y[n] ~ Normal(X[n] @ w, 1) }',
      { X, y },
    );
    expect(found.warnings.join()).toMatch(/nearly singular/);
  });
  it('a flat mean without data is improper', async () => {
    const none = await refusal('data y: real[N]\nparam m: real\nobserve y ~ Normal(m, 1)', { y: [] });
    expect(none).toMatchObject({ code: 'improper-posterior', span: 'param m: real' });
  });
  it('impossible evidence is refused', async () => {
    expect(
      await refusal('data y: int\nsample z ~ Bernoulli(0.3)\nsample w ~ Bernoulli(z == 1 ? 0.2 : 0.1)\nobserve y ~ Binomial(z + w, 0.5)', {
        y: 5,
      }),
    ).toMatchObject({ code: 'impossible-evidence' });
    expect(await refusal('data y: real\nsample c ~ Uniform(0, 2)\nobserve y ~ Uniform(0, c)', { y: 3 })).toMatchObject({
      code: 'impossible-evidence',
    });
    expect(
      await refusal('data y: real\nsample z ~ Bernoulli(0.3)\nsample m ~ Normal(z, 1)\nobserve y ~ Normal(m, 1)\nfactor z < 2 ? -inf : 0', {
        y: 1,
      }),
    ).toMatchObject({ code: 'impossible-evidence' });
  });
});

describe('refusals name the block, the term and what would help', () => {
  it('no family has the statistic', async () => {
    const found = await refusal('data y: int[N]\nsample l ~ Normal(0, 1)\nobserve y ~ Poisson(exp(l))', { y: [1, 2] });
    expect(found).toMatchObject({ code: 'not-exact', span: 'observe y ~ Poisson(exp(l))' });
    expect(found.message).toMatch(/l has no closed form: exp\(l\)/);
    expect(found.hint).toMatch(/gibbs/);
  });
  it('a prior that does not share the scale', async () => {
    const found = await refusal(
      'data y: real[N]\nsample v ~ InverseGamma(2, 3)\nsample m ~ Normal(0, 10)\nobserve y ~ Normal(m, variance: v)',
      { y: [1, 2] },
    );
    expect(found).toMatchObject({ code: 'not-exact', span: 'sample m ~ Normal(0, 10)' });
    expect(found.message).toMatch(/m meets v in the term .*m\^2, which has no unknown scale/);
    expect(found.hint).toMatch(/v or for m/);
  });
  it('two scales', async () => {
    const found = await refusal(
      'data y: real[N]\nsample v ~ InverseGamma(2, 3)\nsample u ~ InverseGamma(2, 3)\nsample m ~ Normal(0, variance: u)\nobserve y ~ Normal(m, variance: v)',
      { y: [1, 2] },
    );
    expect(found.message).toMatch(/another scale/);
  });
  it('a conjugate chain', async () => {
    const found = await refusal('data y: int[N]\nsample b ~ Gamma(2, 1)\nsample l ~ Gamma(2, b)\nobserve y ~ Poisson(l)', { y: [1, 2] });
    expect(found.message).toMatch(/has a closed form only while \w is held fixed/);
    expect(found.hint).toMatch(/With a value for b or for l/);
  });
  it('a matrix that is not one scale', async () => {
    const found = await refusal(
      'data x: real[N, D]\nsample S ~ InverseWishart(5, eye(D))\nsample m ~ MvNormal(zeros(D), eye(D))\nfor n in 0..<N { observe x[n] ~ MvNormal(m, S) }',
      {
        x: [
          [1, 2],
          [0, 1],
        ],
      },
    );
    expect(found).toMatchObject({ code: 'not-exact' });
    expect(found.message).toMatch(/^exact does not apply: m meets S/);
  });
  it('a design between a vector and its matrix', async () => {
    const found = await refusal(
      'data x: real[N, D]\ndata A: real[D, D]\nsample S ~ InverseWishart(5, eye(D))\nsample m ~ MvNormal(zeros(D), S)\nfor n in 0..<N { observe x[n] ~ MvNormal(A @ m, S) }',
      {
        x: [
          [1, 2],
          [0, 1],
        ],
        A: [
          [1, 2],
          [0, 1],
        ],
      },
    );
    expect(found.message).toMatch(/is not one matrix times what is known/);
  });
  it.each([
    ['a mean', 'data y: real\nsample a ~ Normal(0.3, 1)\nsample b ~ Normal(0, 1)\nobserve y ~ Normal(a * b, 0.5)', { y: 2 }],
    [
      'the mean of an unknown',
      'sample a ~ Normal(0, 1)\nsample b ~ Normal(0, 1)\nsample c ~ Normal(a * b, 1)\nobserve d ~ Normal(c, 1)',
      { d: 1 },
    ],
    [
      'a covariate with a gap',
      'data x: real[N]\ndata y: real[N]\nsample b ~ Normal(0, 1)\nobserve x ~ Normal(0.3, 1)\nobserve y ~ Normal(b * x, 0.5)',
      { x: [1, null], y: [1.5, 2] },
    ],
    [
      'a design with a gap',
      'data X: real[N, 2]\ndata y: real[N]\nsample w ~ iid(Normal(0, 1), 2)\nfor n in 0..<N {\n  for d in 0..<2 { observe X[n, d] ~ Normal(0, 1) }\n  observe y[n] ~ Normal(X[n] @ w, 0.5)\n}',
      {
        X: [
          [1, 2],
          [3, null],
        ],
        y: [1, 2],
      },
    ],
    [
      'an autoregression with a gap',
      'data y: real[T]\nsample phi ~ Normal(0, 1)\nobserve y[0] ~ Normal(0, 1)\nfor t in 1..<T { observe y[t] ~ Normal(phi * y[t - 1], 1) }',
      { y: [1, null, 2, 1.5] },
    ],
    [
      'states with an unknown coefficient',
      'data y: real[T]\nsample phi ~ Normal(0, 1)\nsample x[0] ~ Normal(0, 1)\nfor t in 1..<T { sample x[t] ~ Normal(phi * x[t - 1], 1) }\nfor t in 0..<T { observe y[t] ~ Normal(x[t], 1) }',
      { y: [1, 2, 1.5] },
    ],
    [
      'factors and loadings',
      'data y: real[N, 2]\nsample w ~ MvNormal(zeros(2), eye(2))\nfor n in 0..<N {\n  sample f[n] ~ Normal(0, 1)\n  observe y[n] ~ MvNormal(f[n] * w, eye(2))\n}',
      {
        y: [
          [1, 2],
          [0, 1],
        ],
      },
    ],
    ['a factor', 'sample a ~ Normal(0, 1)\nsample b ~ Normal(0, 1)\nfactor -(a * b - 1)^2', {}],
    ['three', 'sample a ~ Normal(0, 1)\nsample b ~ Normal(0, 1)\nsample c ~ Normal(0, 1)\nfactor -(a * b * c - 1)^2', {}],
    [
      'configurations',
      'data y: real[N]\nsample b ~ Normal(0, 1)\nsample s ~ Normal(0, 1)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.5)\n  observe y[n] ~ Normal(z[n] * b * s, 0.5)\n}',
      { y: [1, 2] },
    ],
    [
      'one scale',
      'data y: real[N]\nsample t ~ Gamma(2, 1)\nsample a ~ Normal(0, precision: t)\nsample b ~ Normal(0, precision: t)\nobserve y ~ Normal(a * b, precision: t)',
      { y: [1, 2] },
    ],
  ])('Normals that are multiplied are not jointly Gaussian: %s', async (_, program, data) => {
    const found = await refusal(program.replace('observe d', 'data d: real\nobserve d'), data);
    expect(found.code).toBe('not-exact');
    expect(found.message).toMatch(/product/);
  });
  it('too many configurations', async () => {
    const found = await refusal(
      'data x: real[N]\nsample mu ~ Normal(0, 1)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.5)\n  observe x[n] ~ Normal(mu * z[n], 1)\n}',
      { x: Array.from({ length: 17 }, (_, k) => k) },
    );
    expect(found).toMatchObject({ code: 'too-many-configurations' });
    expect(found.message).toMatch(/z has 131072 configurations that meet mu, above the 65536/);
  });
  it('wrong options', async () => {
    expect(await refusal('sample a ~ Normal(0, 1)', {}, { mod: 'true' })).toMatchObject({ code: 'wrong-option' });
    expect(await refusal('sample a ~ Normal(0, 1)', {}, { mode: 'yes' })).toMatchObject({ code: 'wrong-option' });
  });
});

describe('the most probable assignment', () => {
  it('of a chain, with its log joint probability (by enumeration)', async () => {
    const P = [
        [0.9, 0.1],
        [0.3, 0.7],
      ],
      x = [0.2, 1.4, 0.9, 2.2, -0.3];
    const found = await solve(
      'data x: real[T]\nsample z[0] ~ Bernoulli(0.4)\nfor t in 1..<T { sample z[t] ~ Categorical(z[t-1] == 0 ? [0.9, 0.1] : [0.3, 0.7]) }\nfor t in 0..<T { observe x[t] ~ Normal(2 * z[t], 1) }',
      { x },
      { options: { mode: true } },
    );
    const all = Array.from({ length: 32 }, (_, c) => x.map((__, t) => (c >> t) & 1)).map((z) => ({
      z,
      log: x.reduce(
        (s, v, t) => s + normalLogPdf(v, 2 * z[t]!, 1) + Math.log(t === 0 ? (z[0] === 1 ? 0.4 : 0.6) : P[z[t - 1]!]![z[t]!]!),
        0,
      ),
    }));
    const best = all.reduce((a, b) => (b.log > a.log ? b : a));
    expect(x.map((_, t) => found.variables[`z[${t}]`]!.mean)).toEqual(best.z);
    close(found.logJoint, best.log, 1e-12, 'log joint');
    const top = best.log;
    close(found.logEvidence, top + Math.log(all.reduce((s, a) => s + Math.exp(a.log - top), 0)), 1e-12, 'log evidence');
  });
});

describe('explain', () => {
  it('says of each block what was found', () => {
    const text = (source: string): string => String(compile(source).explain({ backend: 'exact' }));
    const nig = text(
      'data y: real[N]\nsample v ~ InverseGamma(3, 2)\nsample m ~ Normal(1, variance: 2 * v)\nobserve y ~ Normal(m, variance: v)',
    );
    expect(nig).toMatch(/InverseGamma/);
    expect(nig).toMatch(/shape = 3 \+ 0\.5\*N/);
    expect(nig).toMatch(/Student t/);
    expect(text('sample z ~ Bernoulli(0.2)')).toMatch(/elimination/);
    expect(text('sample z ~ Bernoulli(0.2)\nsample m ~ Normal(z, 1)\ndata y: real\nobserve y ~ Normal(m, 1)')).toMatch(/enumerated/);
  });
});

describe('lanes of Normals that meet', () => {
  it('have evidence and weights of their own: missing features of labelled points', async () => {
    const source =
      'data x: real[N, D]\ndata mu: real[2, D]\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.3)\n  observe x[n] ~ MvNormal(mu[z[n]], [[1, 0.5], [0.5, 2]] + z[n] * eye(D))\n}';
    const mu = [
        [0, 0],
        [2, 1],
      ],
      x = [
        [0.3, null],
        [null, 1.4],
        [0.2, 1],
        [null, null],
        [2.5, null],
      ];
    const found = await solve(source, { x, mu });
    let log = 0;
    x.forEach((row, n) => {
      const terms = [0, 1].map(
        (z) =>
          (z === 1 ? 0.3 : 0.7) *
          (row.every((v) => v !== null)
            ? Math.exp(
                gaussianEvidence(
                  [0, 0],
                  [
                    [1 + z, 0.5],
                    [0.5, 2 + z],
                  ],
                  dense(2),
                  [
                    [0, 0],
                    [0, 0],
                  ],
                  row.map((v, i) => v! - mu[z]![i]!),
                ).logEvidence,
              )
            : row.reduce<number>(
                (p, v, i) => (v === null ? p : p * Math.exp(normalLogPdf(v, mu[z]![i]!, Math.sqrt((i === 0 ? 1 : 2) + z)))),
                1,
              )),
      );
      const sum = terms[0]! + terms[1]!;
      log += Math.log(sum);
      close(found.variables[`z[${n}]`]!.probs!['1'], terms[1]! / sum, 1e-11, `z[${n}]`);
      row.forEach((v, i) => {
        if (v !== null) return;
        const other = row[1 - i];
        const means = [0, 1].map(
          (z) => mu[z]![i]! + (other === null || other === undefined ? 0 : (0.5 / ((i === 0 ? 2 : 1) + z)) * (other - mu[z]![1 - i]!)),
        );
        close(found.variables[`x[${n},${i}]`]!.mean, (terms[0]! * means[0]! + terms[1]! * means[1]!) / sum, 1e-11, `x[${n},${i}]`);
      });
    });
    close(found.logEvidence, log, 1e-11, 'log evidence');
  });
});

describe('systems of the notes', () => {
  it('complete data of a Gaussian mixture under flat priors, in closed form', async () => {
    const x = Array.from({ length: 21 }, (_, n) => [Math.sin(3 * n) + (n % 2) * 4, Math.cos(5 * n) - (n % 2) + 0.5 * Math.sin(3 * n)]),
      z = x.map((_, n) => n % 2);
    const found = await solve(
      'data x: real[N, D]\ndata z: int[N]\nparam pi: simplex[2]\nfor k in 0..<2 {\n  param mu[k]: real[D]\n  param Sigma[k]: cov[D]\n}\nfor n in 0..<N {\n  observe z[n] ~ Categorical(pi)\n  observe x[n] ~ MvNormal(mu[z[n]], Sigma[z[n]])\n}',
      { x, z },
    );
    expect(found.logEvidence).toBeNull();
    for (const k of [0, 1]) {
      const own = x.filter((_, n) => z[n] === k),
        n = own.length;
      const mean = [0, 1].map((i) => own.reduce((s, r) => s + r[i]!, 0) / n);
      const scatter = (i: number, j: number): number => own.reduce((s, r) => s + (r[i]! - mean[i]!) * (r[j]! - mean[j]!), 0);
      close(found.variables[`pi[${k}]`]!.mean, (n + 1) / (x.length + 2), 1e-12, 'weight');
      for (const i of [0, 1]) {
        close(found.variables[`mu[${k},${i}]`]!.mean, mean[i]!, 1e-11, 'mean');
        // Sigma ~ InverseWishart(n - 4, S) under a flat prior on mean and covariance; the mean is Student t with n - 5 degrees of freedom.
        close(
          found.variables[`mu[${k},${i}]`]!.sd,
          Math.sqrt((scatter(i, i) / n / (n - 5)) * ((n - 5) / (n - 7))),
          1e-10,
          'sd of the mean',
        );
        for (const j of [0, 1]) close(found.variables[`Sigma[${k},${i},${j}]`]!.mean, scatter(i, j) / (n - 7), 1e-10, 'covariance');
      }
    }
  });
  it('a discrete pushforward adds masses', async () => {
    const found = await solve('sample a ~ pushforward(t => t < 2 ? 0 : 1, Categorical([0.1, 0.1, 0.5, 0.3]))');
    close(found.variables['a']!.probs!['0'], 0.2, 1e-12, 'mass');
    close(found.variables['a']!.probs!['1'], 0.8, 1e-12, 'mass');
  });
  it('data far from zero lose no digits', async () => {
    const source =
      'data x: real[N]\ndata c: real\nsample v ~ InverseGamma(3, 2)\nsample m ~ Normal(c, variance: 2 * v)\nobserve x ~ Normal(m, variance: v)';
    const near = await solve(source, { c: 0, x: [1.25, 0.5, 2.25, 3] });
    for (const c of [1e4, 1e6, 1e8]) {
      const far = await solve(source, { c, x: [1.25, 0.5, 2.25, 3].map((u) => u + c) });
      close(far.logEvidence, near.logEvidence!, 1e-12, 'log evidence');
      close(far.variables['v']!.mean, near.variables['v']!.mean!, 1e-12, 'v');
      close(far.variables['m']!.sd, near.variables['m']!.sd!, 1e-12, 'm');
    }
  });
});

describe('lanes with a scale each', () => {
  it('are the same together as one by one', async () => {
    const source =
      'data x: real[N, M]\nfor n in 0..<N {\n  sample v[n] ~ InverseGamma(3, 1)\n  sample z[n] ~ Categorical([0.5, 0.3, 0.2])\n  sample m[n] ~ Normal(2 * z[n], variance: 2 * v[n])\n  for j in 0..<M { observe x[n, j] ~ Normal(m[n], variance: v[n] * (1 + z[n])) }\n}';
    const x = Array.from({ length: 20 }, (_, n) => [Math.sin(n) * 3, Math.cos(n) + 2, Math.sin(2 * n)]);
    const all = await solve(source, { x }, { draws: 2 });
    let total = 0;
    for (const [n, row] of x.entries()) {
      const own = await solve(source, { x: [row] }, { draws: 2 });
      total += own.logEvidence!;
      if (n % 6 > 0) continue;
      for (const name of ['v', 'm', 'z'])
        for (const what of ['mean', 'sd', 'q5', 'q95'] as const)
          close(all.variables[`${name}[${n}]`]![what], own.variables[`${name}[0]`]![what]!, 1e-9, `${name}[${n}] ${what}`);
    }
    close(all.logEvidence, total, 1e-11, 'log evidence');
    // One of them by the matrix formula of the Student t, value by value of z.
    const row = x[0]!;
    const terms = [0.5, 0.3, 0.2].map((w, z) => {
      const S = [0, 1, 2].map((i) => [0, 1, 2].map((j) => 2 + (i === j ? 1 + z : 0))),
        df = 6,
        scale = 1 / 3;
      const solvedBy = gaussianEvidence(
        [0, 0, 0],
        S,
        dense(3),
        [0, 1, 2].map(() => [0, 0, 0]),
        row.map((v) => v - 2 * z),
      );
      const half = gaussianEvidence(
        [0, 0, 0],
        S,
        dense(3),
        [0, 1, 2].map(() => [0, 0, 0]),
        [0, 0, 0],
      );
      const quadratic = -2 * (solvedBy.logEvidence - half.logEvidence),
        logdet = -2 * half.logEvidence - 3 * Math.log(2 * Math.PI);
      // Gamma(9/2) / Gamma(3) = 11.631728396567446 / 2.
      return (
        Math.log(w) +
        Math.log(11.631728396567446 / 2) -
        1.5 * Math.log(df * Math.PI) -
        0.5 * (logdet + 3 * Math.log(scale)) -
        ((df + 3) / 2) * Math.log1p(quadratic / scale / df)
      );
    });
    const single = await solve(source, { x: [row] }, { draws: 2 });
    close(single.logEvidence, Math.log(terms.reduce((a, t) => a + Math.exp(t), 0)), 1e-11, 'evidence of one');
  });
});

describe('finite unknowns that elimination leaves', () => {
  const source =
    'data x: real[T]\nfor t in 0..<T { sample z[t] ~ Bernoulli(0.3) }\nlet h[0] = 0\nfor t in 1..<T { let h[t] = 0.5 * h[t-1] + z[t] }\nfor t in 0..<T { observe x[t] ~ Normal(h[t], 1) }\nreport last = h[T-1]';
  it('are enumerated where they feed a recursion', async () => {
    const x = [0, 1, 1.2, 0.3, 0.9];
    const found = await solve(source, { x }, { draws: 4000 });
    const rows = Array.from({ length: 32 }, (_, c) => x.map((__, t) => (c >> t) & 1)).map((z) => {
      let h = 0,
        log = z.reduce((s, v) => s + Math.log(v === 1 ? 0.3 : 0.7), 0);
      x.forEach((v, t) => {
        if (t > 0) h = 0.5 * h + z[t]!;
        log += normalLogPdf(v, h, 1);
      });
      return { z, h, log };
    });
    const total = rows.reduce((s, r) => s + Math.exp(r.log), 0);
    close(found.logEvidence, Math.log(total), 1e-12, 'log evidence');
    x.forEach((_, t) =>
      close(
        found.variables[`z[${t}]`]!.probs!['1'],
        rows.reduce((s, r) => s + (Math.exp(r.log) / total) * r.z[t]!, 0),
        1e-12,
        `z[${t}]`,
      ),
    );
    const last = found.variables['last']!;
    expect(Math.abs(last.mean! - rows.reduce((s, r) => s + (Math.exp(r.log) / total) * r.h, 0))).toBeLessThan(5 * last.mcse!);
  });
  it('or refused with both reasons', async () => {
    const found = await refusal(source, { x: Array.from({ length: 20 }, () => 0.3) });
    expect(found).toMatchObject({ code: 'too-many-configurations' });
    expect(found.message).toMatch(
      /1048576 configurations, above the 65536 that are enumerated, and elimination does not apply: z: quantities computed by recursion/,
    );
  });
});

describe('odds and ends', () => {
  it('a count that was thinned: n - y is Poisson', async () => {
    const found = await solve('data y: int\nsample n ~ Poisson(6)\nobserve y ~ Binomial(n, 0.3)', { y: 2 });
    // y ~ Poisson(1.8), n - y ~ Poisson(4.2).
    close(found.logEvidence, 2 * Math.log(1.8) - 1.8 - Math.log(2), 1e-12, 'log evidence');
    close(found.variables['n']!.mean, 6.2, 1e-12, 'mean');
    close(found.variables['n']!.sd, Math.sqrt(4.2), 1e-12, 'sd');
  });
  it('a gap under an unknown variance is a Student t of its own, and costs no evidence', async () => {
    const source =
      'data x: real[N]\ndata y: real[N]\nsample v ~ InverseGamma(3, 2)\nsample b ~ Normal(0, variance: 4 * v)\nfor n in 0..<N { observe y[n] ~ Normal(b * x[n], variance: v) }\nreport next = y[1] - b';
    const gap = await solve(source, { x: [1, 2, -1], y: [0.8, null, -1.3] }),
      full = await solve(source.replace('\nreport next = y[1] - b', ''), { x: [1, -1], y: [0.8, -1.3] });
    close(gap.logEvidence, full.logEvidence!, 1e-12, 'log evidence');
    for (const name of ['v', 'b'])
      for (const what of ['mean', 'sd', 'q5', 'q95'] as const) close(gap.variables[name]![what], full.variables[name]![what]!, 1e-11, name);
    // y = 2 b + noise: variance E v + 4 var b; b has variance E v / (1/4 + 2).
    const variance = full.variables['v']!.mean!;
    close(gap.variables['y[1]']!.mean, 2 * full.variables['b']!.mean!, 1e-12, 'gap');
    close(gap.variables['y[1]']!.sd, Math.sqrt(variance * (1 + 4 / 2.25)), 1e-11, 'its sd');
    close(gap.variables['next']!.sd, Math.sqrt(variance * (1 + 1 / 2.25)), 1e-11, 'sd of a report of both');
  });
  it('conditions of finite unknowns have probabilities', async () => {
    const found = await solve(
      'data wet: int\nsample rain ~ Bernoulli(0.2)\nsample sprinkler ~ Bernoulli(rain == 1 ? 0.01 : 0.4)\nobserve wet ~ Bernoulli(sprinkler == 1 ? (rain == 1 ? 0.99 : 0.9) : rain == 1 ? 0.8 : 0)\nreport both = rain == 1 && sprinkler == 1\nreport level = rain + 2 * sprinkler',
      { wet: 1 },
    );
    const joint = [
        [0, 0.8 * 0.4 * 0.9],
        [0.2 * 0.99 * 0.8, 0.2 * 0.01 * 0.99],
      ],
      total = joint.flat().reduce((a, b) => a + b, 0);
    close(found.logEvidence, Math.log(total), 1e-12, 'log evidence');
    close(found.variables['both']!.probs!['1'], joint[1]![1]! / total, 1e-12, 'both');
    close(found.variables['level']!.mean, (joint[1]![0]! + 2 * joint[0]![1]! + 3 * joint[1]![1]!) / total, 1e-12, 'level');
  });
  it('keeps what is asked for, and says how far it is', async () => {
    const seen: number[] = [];
    const posterior = await compile(
      'data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)\nreport twice = 2 * m\npredict next ~ Normal(m, 1)',
    ).infer(
      { y: [1] },
      {
        backend: 'exact',
        draws: 10,
        keep: ['twice', 'next'],
        workers: 0,
        onProgress: (event) => {
          seen.push(event.done);
        },
      },
    );
    expect(posterior.names).toEqual(['twice', 'next']);
    expect(posterior.draws('next').shape).toEqual([4, 10]);
    expect(seen.length).toBeGreaterThan(0);
    expect(posterior.converged).toBe(true);
  });
});

it('the most probable assignment: reports of labels are what they are there', async () => {
  // P(0, k) = 0.4 / 3 for each k, P(1, 2) = 0.6 * 0.9.
  const source = `data y: int
    sample first ~ Bernoulli(0.6)
    sample second ~ Categorical(first == 1 ? [0.05, 0.05, 0.9] : [1/3, 1/3, 1/3])
    observe y ~ Bernoulli(second == 1 ? 0.5 : 0.5)
    report total = first + second
    report isFirst = first == 1`;
  const p = await compile(source).infer({ y: 1 }, { backend: 'exact', workers: 0, options: { mode: true } });
  const { variables } = p.summary();
  expect([variables['first']!.mean, variables['second']!.mean]).toEqual([1, 2]);
  expect(variables['total']).toMatchObject({ mean: 3, sd: 0 });
  expect(variables['isFirst']).toMatchObject({ mean: 1, sd: 0 });
});

it('the most probable assignment has the finite unknowns that nothing observes, whatever follows them', async () => {
  // p(z) p(w | z) Poisson(1; z + 1): 0.5 * 0.25 * e^-1 at (0, w), 0.4 * 2 e^-2 at (1, 0), the largest.
  const source = `data y: int
    sample z ~ Categorical([0.5, 0.4, 0.1])
    sample w ~ Categorical(z == 0 ? [0.25, 0.25, 0.25, 0.25] : [1, 0, 0, 0])
    observe y ~ Poisson(z + 1)`;
  for (const rest of ['', '\nsample g ~ Weibull(1 + w, 1)\nsample h ~ Weibull(1 + g, 1)']) {
    const p = await compile(source + rest).infer({ y: 1 }, { backend: 'exact', workers: 0, options: { mode: true } });
    const { variables } = p.summary();
    expect([variables['z']!.mean, variables['w']!.mean]).toEqual([1, 0]);
    expect(p.result.logJoint).toBeCloseTo(Math.log(0.8) - 2, 9);
  }
});
