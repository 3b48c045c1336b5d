/**
 * Joint blocks inside a sampler: draws against exact laws, the composite with unknown scales and gaps, the
 * user's choice, what is said where a block is not possible.
 *
 * Independent draws are held to distribution functions by the inequality of Dvoretzky, Kiefer and Wolfowitz
 * with Massart's constant: a false alarm has probability 2 exp(-2 n d^2), below 1e-9 each at d = 3.3 / sqrt(n).
 */
import { describe, expect, test } from 'vitest';
import { compile as compileModel, ModelError } from '../../../src/index.js';
import { ChainDraws } from '../../../src/5-report/diagnostics/chainDraws.js';
import { essBulk } from '../../../src/5-report/diagnostics/ess.js';
import { gammaP } from '../../../src/numeric/special/incompleteGamma.js';
import { Phi } from '../../../src/numeric/special/normal.js';
import { studentCdf } from '../../../src/numeric/special/student.js';
import { createRandom } from '../../../src/random/generator.js';
import { compile, draw } from '../machine.js';
import { BlockMachine, Pieces } from './gaussianMachine.js';

const derived = { kind: 'derived' } as const;

/** Largest distance of the empirical distribution function from the law's. */
function distance(values: Float64Array, cdf: (x: number) => number): number {
  const sorted = values.slice().sort();
  return sorted.reduce((most, x, k) => Math.max(most, Math.abs(cdf(x) - k / sorted.length), Math.abs(cdf(x) - (k + 1) / sorted.length)), 0);
}
function follows(values: Float64Array, cdf: (x: number) => number, what: string): void {
  expect(distance(values, cdf) * Math.sqrt(values.length), what).toBeLessThan(3.3);
}

const level = `data y: real[T]
  sample z[0] ~ Normal(0, 2)
  for t in 1..<T { sample z[t] ~ Normal(0.9 * z[t-1], 0.5) }
  sample c ~ Normal(1, 1)
  for t in 0..<T { observe y[t] ~ Normal(z[t] + c, 0.7) }`;

describe('independent draws', () => {
  test('every element, sums, differences and the quadratic form follow their laws', () => {
    const y = [1.2, 0.3, null, 2.5, 2, null],
      pieces = new Pieces(),
      T = y.length;
    for (let t = 0; t < T; t++) pieces.add(t === 0 ? { 'z[0]': 1 } : { [`z[${t}]`]: 1, [`z[${t - 1}]`]: -0.9 }, 0, t === 0 ? 2 : 0.5);
    pieces.add({ c: 1 }, 1, 1);
    y.forEach((v, t) => pieces.add({ [`z[${t}]`]: 1, c: 1, ...(v === null ? { [`y[${t}]`]: -1 } : {}) }, v ?? 0, 0.7));
    const { mean, covariance } = pieces.conditioned(),
      n = pieces.names.length;
    const machine = new BlockMachine(level, { y }),
      draws = 20_000;
    machine.prepare();
    const kept = Array.from({ length: n }, () => new Float64Array(draws));
    const read = (name: string): number => {
      const [, variable, at] = /^(\w+)(?:\[(\d+)\])?$/.exec(name)!;
      return machine.get(variable!)[Number(at ?? 0)]!;
    };
    for (let d = 0; d < draws; d++) {
      machine.draw();
      pieces.names.forEach((name, i) => {
        kept[i]![d] = read(name);
      });
    }
    const combination = (weights: readonly number[], what: string): void => {
      let m = 0,
        v = 0;
      for (let i = 0; i < n; i++) {
        m += weights[i]! * mean[i]!;
        for (let j = 0; j < n; j++) v += weights[i]! * weights[j]! * covariance[i * n + j]!;
      }
      const values = Float64Array.from({ length: draws }, (_, d) => kept.reduce((sum, k, i) => sum + weights[i]! * k[d]!, 0));
      follows(values, (x) => Phi((x - m) / Math.sqrt(v)), what);
    };
    pieces.names.forEach((name, i) =>
      combination(
        pieces.names.map((_, j) => (i === j ? 1 : 0)),
        name,
      ),
    );
    for (let k = 0; k < n; k++)
      combination(
        pieces.names.map((_, j) => (j === k ? 1 : j === (k + 1) % n ? -1 : 0)),
        `difference ${k}`,
      );
    combination(
      pieces.names.map(() => 1),
      'sum',
    );
    // The quadratic form needs the precision: by its rows, from the pieces.
    const squares = new Float64Array(draws);
    for (const { weights, covariance: r } of pieces.list)
      for (let d = 0; d < draws; d++) {
        const e = pieces.names.reduce((sum, name, i) => sum + (weights[0]![name] ?? 0) * (kept[i]![d]! - mean[i]!), 0);
        squares[d]! += (e * e) / r[0]![0]!;
      }
    follows(squares, (x) => gammaP(n / 2, x / 2), 'quadratic form');
  });
});

describe('a sweep', () => {
  test('regression of weights one by one with an unknown variance has the law of Student', () => {
    // w ~ N(0, 4 s2), s2 ~ InverseGamma(3, 2): s2 ~ InverseGamma(a, b) given y, w ~ Student(2a, m, b/a V), worked out here.
    const random = createRandom('1', 'rows'),
      N = 15,
      D = 2;
    const X = Array.from({ length: N }, () => Array.from({ length: D }, () => Number(random.normal().toFixed(2)))),
      y = X.map((x) => Number((x[0]! - x[1]! + random.normal()).toFixed(2)));
    const sampler = compile(
      `data X: real[N, D] data y: real[N]
      sample s2 ~ InverseGamma(3, 2)
      for d in 0..<D { sample w[d] ~ Normal(0, variance: 4 * s2) }
      observe y ~ Normal(X @ w, variance: s2)`,
      { X, y },
      { blocks: derived },
    );
    expect(sampler.plan.map((p) => p.kernel)).toEqual(['conjugate', 'joint Normal']);
    const p = [
        [0.25, 0],
        [0, 0.25],
      ],
      h = [0, 0];
    let yy = 0;
    X.forEach((x, n) => {
      for (let i = 0; i < 2; i++) {
        h[i]! += x[i]! * y[n]!;
        for (let j = 0; j < 2; j++) p[i]![j]! += x[i]! * x[j]!;
      }
      yy += y[n]! * y[n]!;
    });
    const det = p[0]![0]! * p[1]![1]! - p[0]![1]! ** 2,
      v = [p[1]![1]! / det, p[0]![0]! / det],
      across = -p[0]![1]! / det;
    const m = [v[0]! * h[0]! + across * h[1]!, across * h[0]! + v[1]! * h[1]!];
    const a = 3 + N / 2,
      b = 2 + 0.5 * (yy - m[0]! * h[0]! - m[1]! * h[1]!);
    // Two blocks by turns: thinned, successive draws are all but independent.
    const draws = draw(sampler, 20_000, { thin: 4 });
    follows(draws.of('w', 0), (x) => studentCdf((x - m[0]!) / Math.sqrt((b / a) * v[0]!), 2 * a), 'w[0]');
    follows(draws.of('w', 1), (x) => studentCdf((x - m[1]!) / Math.sqrt((b / a) * v[1]!), 2 * a), 'w[1]');
    follows(draws.of('s2'), (x) => 1 - gammaP(a, b / x), 's2');
  });

  test('crossed groupings of many levels are summed in one pass over the data', () => {
    // 40,000 rows, 4,000 by 200 levels: a loop over rows and both kinds of levels would be 3 10^10 steps.
    const N = 40_000,
      J = 4000,
      H = 200,
      random = createRandom('1', 'crossed');
    const g = Array.from({ length: N }, () => Math.floor(J * random.uniform())),
      h = Array.from({ length: N }, () => Math.floor(H * random.uniform())),
      y = g.map((j, n) => j / J + h[n]! / H + 0.5 * random.normal());
    const sampler = compile(
      `data y: real[N] data g: int[N] data h: int[N] data J: int data H: int
      sample s ~ Gamma(2, 2)
      for j in 0..<J { sample a[j] ~ Normal(0, 1) }
      for k in 0..<H { sample b[k] ~ Normal(0, 1) }
      for n in 0..<N { observe y[n] ~ Normal(a[g[n]] + b[h[n]], s) }`,
      { y, g, h, J, H },
      { blocks: derived },
    );
    expect(sampler.plan[1]!.reason).toMatch(/4200 scalars, sparse/);
    expect(draw(sampler, 12, { warmup: 4 }).of('s')[11]).toBeCloseTo(0.5, 1);
  });

  test('the level of the Nile mixes at once where state by state it does not', () => {
    const random = createRandom('1', 'nile'),
      T = 100;
    const y = Array.from({ length: T }, (_, t) => 1100 - (t > 28 ? 250 : 0) + 120 * random.normal());
    const program = `data y: real[T]
      sample noise ~ InverseGamma(3, 30000)
      sample drift ~ InverseGamma(3, 3000)
      sample z[0] ~ Normal(1000, 500)
      for t in 1..<T { sample z[t] ~ Normal(z[t-1], variance: drift) }
      for t in 0..<T { observe y[t] ~ Normal(z[t], variance: noise) }`;
    const size = (blocks: { readonly kind: 'derived' | 'none' }): number => {
      const chain = new ChainDraws(1, 2000);
      chain.values.set(draw(compile(program, { y }, { blocks }), 2000).of('z', 60));
      chain.changed();
      return essBulk(chain);
    };
    const whole = size(derived),
      single = size({ kind: 'none' });
    expect(whole).toBeGreaterThan(600);
    expect(whole / single, `${whole} and ${single}`).toBeGreaterThan(4);
  });
});

describe('what is drawn together', () => {
  const pair = `data y: real[N]
    sample a ~ Normal(0, 1) sample b ~ Normal(0, 1) sample s ~ HalfNormal(1) sample u ~ Normal(0, 1)
    observe y ~ Normal(a + b, s)
    factor -u^4`;
  const y = [1, 2, 0.5];
  const kernels = (blocks: Parameters<typeof compile>[2]): readonly string[] =>
    compile(pair, { y }, blocks).plan.map((p) => `${p.block}: ${p.kernel}`);

  test('what hangs together, unless told otherwise', () => {
    expect(kernels({ blocks: derived })).toEqual(['a, b: joint Normal', 's: slice', 'u: slice']);
    expect(kernels({ blocks: { kind: 'none' } })).toEqual(['a: conjugate', 'b: conjugate', 's: slice', 'u: slice']);
    expect(kernels({ blocks: derived, kernels: { b: 'slice' } })).toEqual(['a: conjugate', 'b: slice', 's: slice', 'u: slice']);
    expect(kernels({ blocks: { kind: 'groups', groups: [['b', 'a']] } })).toEqual(['a, b: joint Normal', 's: slice', 'u: slice']);
  });

  test('a block that is none is refused with the reason', async () => {
    const model = compileModel(pair);
    const failing = async (block: string): Promise<string> => {
      try {
        await model.infer({ y }, { backend: 'gibbs', chains: 1, draws: 1, warmup: 0, seed: 1, workers: 0, options: { block } });
      } catch (error) {
        if (error instanceof ModelError) return error.message;
        throw error;
      }
      return 'accepted';
    };
    expect(await failing('a+u')).toMatch(/a and u cannot be drawn as one block[\s\S]*u: it enters with another power/);
    expect(await failing('a+s')).toMatch(/s: its support is not the whole real line/);
    expect(await failing('a+c')).toMatch(/no unknown is called 'c' in 'block=a\+c'/);
    expect(await failing('a+b,b')).toMatch(/'b' stands in 'block=a\+b,b' more than once/);
    expect(await failing('b+a')).toBe('accepted');
    expect(await failing('none')).toBe('accepted');
  });

  test('factors of products are drawn by turns: weights given scores, scores given weights', () => {
    const x = Array.from({ length: 6 }, (_, n) => [n % 3, 1 - (n % 2), 0.5 * n]);
    const sampler = compile(
      `data x: real[N, D] data K: int
      for d in 0..<D, k in 0..<K { sample W[d, k] ~ Normal(0, 1) }
      for n in 0..<N, k in 0..<K { sample z[n, k] ~ Normal(0, 1) }
      for n in 0..<N, d in 0..<D { observe x[n, d] ~ Normal(sum(W[d, k] * z[n, k] for k in 0..<K), 0.3) }`,
      { x, K: 2 },
      { blocks: derived },
    );
    expect(sampler.plan.map((p) => `${p.block}: ${p.reason}`)).toEqual([
      'W[d,k]: jointly Normal given the rest: 6 scalars, banded, half bandwidth 1',
      'z[n,k]: jointly Normal given the rest: 12 scalars, banded, half bandwidth 1',
    ]);
  });

  test('components of a mixture stay apart; a tree by data does not', () => {
    const mixture = compile(
      'data x: real[N] for k in 0..<2 { sample mu[k] ~ Normal(0, 3) } for n in 0..<N { sample z[n] ~ Categorical([0.5, 0.5]) observe x[n] ~ Normal(mu[z[n]], 1) }',
      { x: [1, 2, 3] },
      { blocks: derived },
    );
    expect(mixture.plan.map((p) => p.kernel)).toEqual(['conjugate', 'enumerate']);
    const tree = compile(
      'data parent: int[N] data y: real[N] for t in 0..<N { sample z[t] ~ Normal(parent[t] == t ? 0 : z[parent[t]], 1) observe y[t] ~ Normal(z[t], 1) }',
      { parent: [0, 0, 0, 1, 1, 2, 2], y: [1, 2, 3, 4, 5, 6, 7] },
      { blocks: derived },
    );
    expect(tree.plan[0]!.reason).toMatch(/^jointly Normal given the rest: 7 scalars/);
  });

  test('too dear: drawn alone, and the plan says why', () => {
    const D = 450,
      X = Array.from({ length: 3 }, (_, n) => Array.from({ length: D }, (_, d) => ((n + 2) * d) % 7));
    const sampler = compile(
      'data X: real[N, D] data y: real[N] for d in 0..<D { sample w[d] ~ Normal(0, 1) } observe y ~ Normal(X @ w, 1)',
      { X, y: [1, 2, 3] },
      { blocks: derived },
    );
    expect(sampler.plan[0]!.reason).toMatch(/drawn alone because drawing its 450 scalars together \(dense\) takes about \de\+7 operations/);
  });

  test('explain shows the block, with data its structure', () => {
    const model = compileModel(level);
    expect(model.explain({ backend: 'gibbs' }).toText()).toMatch(
      /z\[0\], z\[t\], c\n {2}MvNormal\n {4}log density = [\s\S]*joint Normal: jointly Normal given the rest/,
    );
    expect(model.explain({ backend: 'gibbs', data: { y: [1, 2] } }).toText()).toContain(
      'joint Normal: jointly Normal given the rest: 3 scalars, dense',
    );
  });
});

describe('where a block cannot be drawn', () => {
  test('a warning names the element, and the draws stay finite', async () => {
    const model = compileModel(`data X: real[N, D] data y: real[N]
      for d in 0..<D { sample w[d] ~ Flat() }
      sample s2 ~ InverseGamma(2, 1)
      observe y ~ Normal(X @ w, variance: s2)`);
    const posterior = await model.infer(
      {
        X: [
          [1, 2],
          [2, 4],
          [3, 6],
        ],
        y: [1, 2, 3],
      },
      { backend: 'gibbs', chains: 1, draws: 50, warmup: 10, seed: 1, workers: 0 },
    );
    const { warnings } = JSON.parse(posterior.files()['summary.json']!) as { warnings: readonly string[] };
    expect(warnings.join('\n')).toMatch(
      /50 joint draws of w\[d\] were not possible and kept the old values in chain 0: w\[1\] is not determined given the rest/,
    );
    expect(posterior.draws('w').every(Number.isFinite)).toBe(true);
  });
});
