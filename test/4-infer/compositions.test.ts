/**
 * Vectors of counts with a known total: the kernels' exact transition matrices against joint masses written out
 * here, moments against closed forms, missing cells of observed vectors, and what is refused.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile as compileProgram } from '../../src/index.js';
import { compositionCount, compositionRank, firstComposition, nextComposition } from '../../src/random/compositions.js';
import { createRandom } from '../../src/random/generator.js';
import { bruteForce, logBinomial, logFactorial, logNormal, logPoisson } from './finiteUnknowns.js';
import { compile, type CompileOptions, draw } from './machine.js';
import { checkMatrix, finite, type FiniteVariable, statesOf } from './transitions.js';

const logMultinomial = (n: number, p: readonly number[], v: readonly number[]): number =>
  v.reduce((a, b) => a + b, 0) !== n
    ? -Infinity
    : logFactorial(n) + v.reduce((s, x, k) => s + (x === 0 ? 0 : x * Math.log(p[k]!)) - logFactorial(x), 0);
/** Gamma(x + a) / Gamma(a) of a natural x. */
const rising = (a: number, x: number): number => {
  let product = 1;
  for (let k = 0; k < x; k++) product *= a + k;
  return product;
};
const logDirichletMultinomial = (n: number, alpha: readonly number[], v: readonly number[]): number =>
  v.reduce((a, b) => a + b, 0) !== n
    ? -Infinity
    : logFactorial(n) -
      Math.log(
        rising(
          alpha.reduce((a, b) => a + b, 0),
          n,
        ),
      ) +
      v.reduce((s, x, k) => s + Math.log(rising(alpha[k]!, x)) - logFactorial(x), 0);

describe('compositions', () => {
  it('come each once, in the order of their ranks', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.integer({ min: 1, max: 4 }), (total, count) => {
        const random = createRandom('1', '1'),
          memory = new Int32Array(6).fill(-9),
          cells = Int32Array.from([4, 0, 3, 1]);
        const seen = new Set<string>(),
          states = compositionCount(null, total, count);
        firstComposition(random, memory, 1, cells, 0, count, total);
        for (let k = 0; k < states; k++) {
          const values = [...cells.slice(0, count)].map((c) => memory[1 + c]!);
          expect(values.reduce((a, b) => a + b, 0)).toBe(total);
          expect(compositionRank(random, memory, 1, cells, 0, count)).toBe(k);
          seen.add(values.join());
          nextComposition(random, memory, 1, cells, 0, count);
        }
        expect(seen.size).toBe(states);
        expect([...cells.slice(0, count)].map((c) => memory[1 + c]!)).toEqual([total, 0, 0, 0].slice(0, count));
        // Cells that are not listed keep their values.
        expect([...memory].filter((x) => x === -9).length).toBe(6 - count);
      }),
      { seed: 3, numRuns: 60 },
    );
    expect(compositionCount(null, 3000, 3)).toBe((3001 * 3002) / 2);
    expect(compositionCount(null, 1000, 40)).toBe(Number.POSITIVE_INFINITY);
  });
});

interface Study {
  readonly title: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly variables: readonly FiniteVariable[];
  readonly logMass: (...state: readonly number[]) => number;
}
const p3 = [0.2, 0.3, 0.5];
const studies: readonly Study[] = [
  {
    title: 'a Multinomial seen through a Poisson and a Binomial',
    source:
      'data y: int data c: int sample v ~ Multinomial(3, [0.2, 0.3, 0.5]) observe y ~ Poisson(v[0] + 0.5) observe c ~ Binomial(v[2] + 1, 0.4)',
    data: { y: 2, c: 1 },
    variables: finite('v', 3, 0, 3),
    logMass: (...v) => logMultinomial(3, p3, v) + logPoisson(v[0]! + 0.5, 2) + logBinomial(v[2]! + 1, 0.4, 1),
  },
  {
    title: 'vectors of a plate, with a label that they inform',
    source:
      'data n: int[N] data P: simplex[2, 3] data y: real[N] sample z ~ Bernoulli(0.4) for i in 0..<N { sample v[i] ~ Multinomial(n[i], P[z]) observe y[i] ~ Normal(v[i, 0] - v[i, 2], 1.5) }',
    data: {
      n: [1, 2],
      P: [
        [0.2, 0.3, 0.5],
        [0.6, 0.3, 0.1],
      ],
      y: [0.4, -1],
    },
    variables: [...finite('z', 1, 0, 1), ...finite('v', 6, 0, 2)],
    logMass: (z, ...v) => {
      const p = [
          [0.2, 0.3, 0.5],
          [0.6, 0.3, 0.1],
        ][z!]!,
        a = v.slice(0, 3),
        b = v.slice(3);
      return (
        Math.log(z === 1 ? 0.4 : 0.6) +
        logMultinomial(1, p, a) +
        logMultinomial(2, p, b) +
        logNormal(a[0]! - a[2]!, 1.5, 0.4) +
        logNormal(b[0]! - b[2]!, 1.5, -1)
      );
    },
  },
  {
    title: 'a DirichletMultinomial with a cell between that is impossible to see',
    source:
      'data y: int[2] sample v ~ DirichletMultinomial(2, [0.7, 1.2, 2]) observe y[0] ~ Poisson(v[0] + 0.2) observe y[1] ~ Poisson(v[2] + 0.2)',
    data: { y: [1, 2] },
    variables: finite('v', 3, 0, 2),
    logMass: (...v) => logDirichletMultinomial(2, [0.7, 1.2, 2], v) + logPoisson(v[0]! + 0.2, 1) + logPoisson(v[2]! + 0.2, 2),
  },
  {
    title: 'cells of probability zero on both sides of others',
    source: 'data y: real sample v ~ Multinomial(2, [0.5, 0, 0.5, 0]) observe y ~ Normal(v[2], 1)',
    data: { y: 0.7 },
    variables: [0, 1, 2, 3].map((element) => ({ name: 'v', element, low: 0, high: element % 2 === 0 ? 2 : 0 })),
    logMass: (a, _, c) => logMultinomial(2, [0.5, 0.5], [a!, c!]) + logNormal(c!, 1, 0.7),
  },
  {
    title: 'missing cells of observed vectors',
    source:
      'data y: int[N, K] data P: simplex[2, K] data x: real sample z ~ Bernoulli(0.4) for n in 0..<N { observe y[n] ~ Multinomial(4, P[z]) } observe x ~ Normal(y[0, 1], 1)',
    data: {
      y: [
        [1, null, null, 1],
        [2, 0, 1, 1],
        [1, 1, null, 1],
      ],
      P: [
        [0.2, 0.3, 0.4, 0.1],
        [0.4, 0.1, 0.2, 0.3],
      ],
      x: 1.4,
    },
    variables: [
      ...finite('z', 1, 0, 1),
      { name: 'y', element: 1, low: 0, high: 2 },
      { name: 'y', element: 2, low: 0, high: 2 },
      { name: 'y', element: 10, low: 1, high: 1 },
    ],
    logMass: (z, a, b, c) => {
      const p = [
        [0.2, 0.3, 0.4, 0.1],
        [0.4, 0.1, 0.2, 0.3],
      ][z!]!;
      return (
        Math.log(z === 1 ? 0.4 : 0.6) +
        logMultinomial(4, p, [1, a!, b!, 1]) +
        logMultinomial(4, p, [2, 0, 1, 1]) +
        logMultinomial(4, p, [1, 1, c!, 1]) +
        logNormal(a!, 1, 1.4)
      );
    },
  },
  {
    title: 'a recursion that follows the counts',
    source:
      'data y: real[T] sample v ~ Multinomial(2, [0.2, 0.3, 0.5]) let h[0] = 0.3 * v[0] for t in 1..<T { let h[t] = 0.5 * h[t-1] + v[1] } for t in 0..<T { observe y[t] ~ Normal(h[t], 0.8) }',
    data: { y: [0.2, 1.1, 0.9] },
    variables: finite('v', 3, 0, 2),
    logMass: (...v) => {
      let h = 0.3 * v[0]!,
        sum = logMultinomial(2, p3, v);
      [0.2, 1.1, 0.9].forEach((y, t) => {
        if (t > 0) h = 0.5 * h + v[1]!;
        sum += logNormal(h, 0.8, y);
      });
      return sum;
    },
  },
];

describe.each(studies)('$title', (study) => {
  const name = study.variables.at(-1)!.name;
  it.each([{}, { kernels: { [name]: 'transfer' } }, { kernels: { [name]: 'enumerate' } }, { backend: 'mh' }] as readonly CompileOptions[])(
    'is left as it is by a sweep of %j',
    (options) => {
      const check = checkMatrix(compile(study.source, study.data, options), study.variables, study.logMass);
      expect(check.joint).toBeLessThan(1e-9);
      expect(check.leak).toBe(0);
      expect(check.stationarity).toBeLessThan(1e-12);
      expect(check.mixing).toBeLessThan(1e-6);
    },
  );
});

describe('missing cells', () => {
  it.each(['gibbs', 'mh'])('start with what the given ones leave of the total, and share it in their proportions (%s)', async (backend) => {
    const found = await compileProgram('data y: int[K] observe y ~ Multinomial(12, [0.1, 0.3, 0.2, 0.4])').infer(
      { y: [3, null, null, 2] },
      { backend, chains: 1, draws: 4000, warmup: 10, workers: 0, seed: 3 },
    );
    const draws = found.draws('y'),
      at = (cell: number): number[] => [...draws].filter((_, k) => k % 4 === cell);
    const one = at(1),
      two = at(2);
    expect(one.every((x, k) => x + two[k]! === 7)).toBe(true);
    // Given the others, the second cell is Binomial(7, 0.3 / 0.5); its draws are independent.
    expect(Math.abs(one.reduce((a, b) => a + b, 0) / one.length - 4.2)).toBeLessThan(5 * Math.sqrt((7 * 0.6 * 0.4) / 4000));
  });
  it('that the given ones determine are what is left', async () => {
    const found = await compileProgram('data y: int[K] sample p ~ Dirichlet(ones(K)) observe y ~ Multinomial(10, p)').infer(
      { y: [3, null, 5] },
      { backend: 'gibbs', chains: 2, draws: 100, warmup: 10, workers: 0, seed: 3 },
    );
    expect(found.summary().variables['y[1]']).toMatchObject({ mean: 2, sd: 0 });
  });
});

describe('a proposal of whole vectors', () => {
  it('has the posterior as its law', () => {
    const study = studies[0]!,
      counts = [0, 1, 2, 3];
    const draws = draw(compile(study.source, study.data, { kernels: { v: 'propose(Multinomial(3, [0.3, 0.3, 0.4]))' } }), 20_000, {
      warmup: 100,
      seed: '2',
    });
    const states = statesOf(study.variables),
      { marginals } = bruteForce(states, study.variables, (s) => study.logMass(...s));
    // More than 5,000 of the draws are independent.
    for (const x of counts) {
      const p = marginals[0]![x]!;
      expect(Math.abs(draws.of('v', 0).reduce((n, d) => n + (d === x ? 1 : 0), 0) / 20_000 - p)).toBeLessThan(
        5 * Math.sqrt((p * (1 - p)) / 5000),
      );
    }
  });
});

describe('large totals', () => {
  const moments = (x: Float64Array): { readonly mean: number; readonly variance: number } => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    return { mean, variance: x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length };
  };
  it('move by slices along pairs of cells: thinned counts have the law of what was not seen', () => {
    // y_k of v_k seen, each with probability q: v - y is Multinomial(n - sum y, p_k (1 - q) / (1 - q)) = Multinomial(n - sum y, p).
    const y = [40, 130, 260],
      n = 900,
      source = 'data y: int[K] sample v ~ Multinomial(900, [0.2, 0.3, 0.5]) for k in 0..<K { observe y[k] ~ Binomial(v[k], 0.5) }';
    const sampler = compile(source, { y });
    expect(sampler.plan).toMatchObject([
      { block: 'v', kernel: 'transfer', reason: expect.stringMatching(/406351 compositions/) as string },
    ]);
    const draws = draw(sampler, 12_000, { warmup: 200, seed: '4' });
    const left = n - 430;
    y.forEach((seen, k) => {
      const { mean, variance } = moments(draws.of('v', k)),
        spread = left * p3[k]! * (1 - p3[k]!);
      // Two sweeps forget most of the past; five standard errors of 4,000 independent draws.
      expect(Math.abs(mean - seen - left * p3[k]!)).toBeLessThan(5 * Math.sqrt(spread / 4000));
      expect(Math.abs(variance / spread - 1)).toBeLessThan(5 * Math.sqrt(2 / 4000));
    });
  });
  it('forget their start with unknown probabilities: Dirichlet and Multinomial together have the moments of a DirichletMultinomial', () => {
    const alpha = [1.5, 2.5, 4],
      source = 'sample p ~ Dirichlet([1.5, 2.5, 4]) sample v ~ Multinomial(60, p)';
    const draws = draw(compile(source, {}), 30_000, { warmup: 500, seed: '8' });
    alpha.forEach((a, k) => {
      const share = a / 8,
        spread = 60 * share * (1 - share) * ((60 + 8) / 9);
      const { mean, variance } = moments(draws.of('v', k));
      // The autocorrelation of p and v is 60 / 68: 30,000 draws are worth 1,800.
      expect(Math.abs(mean - 60 * share)).toBeLessThan(5 * Math.sqrt(spread / 1800));
      expect(Math.abs(variance / spread - 1)).toBeLessThan(5 * Math.sqrt(3 / 1800));
    });
  });
});

describe('what counts with a total refuse', () => {
  const problem = async (
    program: string,
    data: Record<string, unknown>,
    backend: string,
    options: Record<string, string> = {},
  ): Promise<string> => {
    try {
      await compileProgram(program).infer(data, { backend, chains: 1, draws: 5, warmup: 5, workers: 0, seed: 1, options });
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const program = 'sample v ~ Multinomial(5, [0.2, 0.3, 0.5]) sample x ~ Normal(0, 1)';
  it('an unknown total, slices and walks, and transfers of anything else', async () => {
    expect(await problem('sample n ~ Poisson(4) sample v ~ Multinomial(n, [0.5, 0.5])', {}, 'gibbs')).toMatch(
      /vector of counts whose total is unknown/,
    );
    expect(await problem('sample n ~ Poisson(4) sample v ~ Multinomial(n, [0.5, 0.5])', { v: [1, 3] }, 'gibbs')).toBe('');
    expect(await problem(program, {}, 'gibbs', { 'kernel.v': 'slice' })).toMatch(
      /single counts cannot move alone.*Use transfer, enumerate/s,
    );
    expect(await problem(program, {}, 'mh', { 'kernel.v': 'rw(scale: 1)' })).toMatch(/single counts cannot move alone/);
    expect(await problem(program, {}, 'gibbs', { 'kernel.x': 'transfer' })).toMatch(/'x' is no vector of counts/);
    for (const kernel of ['transfer', 'enumerate', 'propose(Multinomial(5, [0.2, 0.3, 0.5]))'])
      expect(await problem(program, {}, 'mh', { 'kernel.v': kernel })).toBe('');
  });
  it('given cells that exceed the total', async () => {
    expect(await problem('data y: int[K] observe y ~ Multinomial(4, [0.2, 0.3, 0.5])', { y: [3, null, 4] }, 'gibbs')).toMatch(
      /y.*has 7 in its given cells, more than the total of 4/s,
    );
  });
});
