/**
 * Numbers at the edge, long chains and many parts, and each fault that random programs once found, as
 * the smallest program that shows it. Truth: posteriors in closed form, worked out beside each case.
 */
import { describe, expect, it } from 'vitest';
import { compile, ModelError, type Posterior } from '../../src/index.js';
import type { InferOptions } from '../../src/index.js';

function run(source: string, data: Readonly<Record<string, unknown>>, options: InferOptions = {}): Promise<Posterior> {
  return compile(source, 'model.cred').infer(data, { chains: 1, draws: 500, warmup: 100, workers: 0, ...options });
}
/** Deviates with sample mean 0 and sum of squares close to n: points of the logistic quantile function, scaled. */
function deviates(n: number): number[] {
  const x = Array.from({ length: n }, (_, k) => Math.log((k + 0.5) / (n - k - 0.5)) * (Math.sqrt(3) / Math.PI));
  // Not in order, so that groups by position are alike.
  return x.map((_, k) => x[(k * 7919) % n]!);
}
const squares = (x: readonly number[]): number => x.reduce((sum, y) => sum + y * y, 0);
const row = (posterior: Posterior, name: string): { readonly mean: number; readonly sd: number } =>
  posterior.summary().variables[name] as { mean: number; sd: number };

describe('data far from zero', () => {
  const n = 997,
    e = deviates(n),
    source =
      'data y: real[N]\ndata o: real\nsample mu ~ Normal(o, 1e3)\nsample v ~ InverseGamma(2, 1)\nobserve y ~ Normal(mu, variance: v)\n';
  // Integrating mu out (flat, nearly): v | y ~ InverseGamma(2 + (n - 1) / 2, 1 + S / 2).
  const shape = 2 + (n - 1) / 2,
    mean = (1 + squares(e) / 2) / (shape - 1),
    sd = mean / Math.sqrt(shape - 2);

  it.each([0, 1e6, 1e8, 1e11])('keeps the digits of a variance at an offset of %d', async (offset) => {
    const found = row(await run(source, { y: e.map((x) => x + offset), o: offset }), 'v');
    // Six standard errors of 500 nearly independent draws.
    expect(Math.abs(found.mean - mean)).toBeLessThan((6 * sd) / Math.sqrt(500));
    expect(found.sd / sd).toBeGreaterThan(0.8);
    expect(found.sd / sd).toBeLessThan(1.25);
  });

  it('by group, and with missing values', async () => {
    const offset = 1e9,
      y = e.map((x, k) => (k === 5 ? null : offset + x));
    const posterior = await run(
      'data y: real[N] data g: int[N] data o: real\nfor k in 0..<2 { sample mu[k] ~ Normal(o, 1e3)  sample v[k] ~ InverseGamma(2, 1) }\nfor n in 0..<N { observe y[n] ~ Normal(mu[g[n]], variance: v[g[n]]) }\n',
      { y, g: e.map((_, k) => k % 2), o: offset },
    );
    for (const k of [0, 1]) {
      const own = e.filter((_, j) => j % 2 === k && j !== 5),
        centre = own.reduce((a, b) => a + b, 0) / own.length;
      const exact = (1 + squares(own.map((x) => x - centre)) / 2) / (1 + (own.length - 1) / 2);
      expect(Math.abs(row(posterior, `v[${k}]`).mean / exact - 1)).toBeLessThan(6 * Math.sqrt(2 / own.length / 500) + 1e-3);
    }
  });

  it('as vectors with a precision matrix', async () => {
    const offset = 1e8,
      x = e.slice(0, 200).map((a, k) => [offset + a, e[k + 300]! - offset]);
    const posterior = await run(
      'data x: real[N, D]\ndata o: real\nsample m ~ MvNormal([o, -o], 1e6 * eye(D))\nsample P ~ Wishart(D + 2, eye(D))\nobserve x ~ MvNormal(m, precision: P)\n',
      { x, o: offset },
    );
    // E P = (df + n - 1) (I + S)^-1 with S the centred scatter.
    const a = x.map(([u]) => u! - offset),
      b = x.map(([, u]) => u! + offset),
      am = a.reduce((s, u) => s + u, 0) / 200,
      bm = b.reduce((s, u) => s + u, 0) / 200;
    const aa = 1 + squares(a.map((u) => u - am)),
      bb = 1 + squares(b.map((u) => u - bm)),
      ab = a.reduce((s, u, k) => s + (u - am) * (b[k]! - bm), 0);
    expect(row(posterior, 'P[0,0]').mean / ((203 * bb) / (aa * bb - ab * ab))).toBeCloseTo(1, 1);
    expect(row(posterior, 'P[1,1]').mean / ((203 * aa) / (aa * bb - ab * ab))).toBeCloseTo(1, 1);
  });
});

describe('scales and counts', () => {
  it.each([1e-150, 1e-8, 1e8, 1e140])('a normal mean in units of %d', async (unit) => {
    const y = deviates(50).map((x) => x * unit);
    // Precision 50 + 1/100 in the unit, mean 0.
    const found = row(await run(`data y: real[N]\nsample mu ~ Normal(0, ${10 * unit})\nobserve y ~ Normal(mu, ${unit})\n`, { y }), 'mu');
    expect((found.sd * Math.sqrt(50.01)) / unit).toBeGreaterThan(0.85);
    expect((found.sd * Math.sqrt(50.01)) / unit).toBeLessThan(1.15);
  });
  it.each(['gibbs', 'cavi'])('a count of 1e9 by %s', async (backend) => {
    // Gamma(1 + 1e9, 1 + 1e-9)
    const found = row(await run('data y: int\nsample r ~ Gamma(1, 1e-9)\nobserve y ~ Poisson(r)\n', { y: 1e9 }, { backend }), 'r');
    expect(Math.abs(found.mean - 1e9)).toBeLessThan(6 * Math.sqrt(1e9 / 500) + 2);
  });
  it.each(['gibbs', 'mh', 'cavi'])('probabilities 0 and 1 by %s', async (backend) => {
    const posterior = await run(
      'data p: unit\ndata y: real[N]\nfor n in 0..<N {\n  sample a[n] ~ Bernoulli(p)\n  sample b[n] ~ Bernoulli(1 - p)\n  observe y[n] ~ Normal(a[n] + b[n], 1)\n}\n',
      { p: 1, y: [0, 5] },
      { backend },
    );
    expect([row(posterior, 'a[0]').mean, row(posterior, 'b[1]').mean]).toEqual([1, 0]);
  });
  it('a latent with a thousand million values is not enumerated', async () => {
    const source = 'data y: real\nsample n ~ Binomial(1000000000, 0.3)\nobserve y ~ Normal(n, 1e4)\n';
    // Normal to six digits: precision 1 / 2.1e8 + 1e-8.
    const sd = 1 / Math.sqrt(1 / 2.1e8 + 1e-8),
      mean = 3e8 + 1e4 * sd * sd * 1e-8;
    const found = row(await run(source, { y: 3.0001e8 }, { draws: 2000 }), 'n');
    expect(Math.abs(found.mean - mean)).toBeLessThan(0.2 * sd);
    expect(found.sd / sd).toBeGreaterThan(0.9);
    expect(found.sd / sd).toBeLessThan(1.1);
    await expect(run(source, { y: 3e8 }, { backend: 'cavi' })).rejects.toThrow(/more than a table of probabilities holds/);
  });
});

describe('size', () => {
  it.each(['gibbs', 'mh', 'cavi'])('a chain of 20,000 steps by %s', async (backend) => {
    const posterior = await run(
      'data y: real[T]\nsample q ~ InverseGamma(3, 1)\nsample z[0] ~ Normal(0, 1)\nfor t in 1..<T { sample z[t] ~ Normal(0.9 * z[t-1], variance: q) }\nobserve y ~ Normal(z, 1)\n',
      { y: deviates(20_000) },
      { backend, draws: 5, warmup: 5 },
    );
    expect(row(posterior, 'q').mean).toBeGreaterThan(0);
  });
  it('code of a regression does not grow with its predictors', () => {
    const length = (d: number): number =>
      compile(
        'data X: real[N, D]\ndata y: real[N]\nsample w ~ iid(Normal(0, 1), D)\nsample v ~ InverseGamma(2, 1)\nobserve y ~ Normal(X @ w, variance: v)\n',
        'm',
      ).explain({ data: { X: Array.from({ length: 20 }, (_, n) => deviates(d).map((x) => x + n)), y: deviates(20) } }).code!.length;
    expect(length(100)).toBeLessThan(1.1 * length(20));
  });
  it('programs of 300 and of 600 statements: the work does not grow with the square, however fast the machine is', async () => {
    const spent = async (n: number): Promise<number> => {
      const source = Array.from({ length: n }, (_, k) => `sample a${k} ~ Normal(${k === 0 ? '0' : `a${k - 1}`}, 1)\n`).join('');
      const start = process.cpuUsage();
      expect((await run(source, {}, { draws: 5, warmup: 5 })).names).toHaveLength(n);
      return process.cpuUsage(start).user;
    };
    await spent(50);
    const half = await spent(300);
    const whole = await spent(600);
    expect(whole).toBeLessThan(3.6 * half);
  });
});

describe('faults that random programs found', () => {
  it.each([
    [
      'a gap under a logarithm',
      'data y: positive[N]\nsample b ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Gamma(2, 2 / exp(0.3 * b)) }\n',
      { y: [null, 1.9] },
      'gibbs',
    ],
    [
      'a gap under a power',
      'data y: positive[N]\nsample b ~ Gamma(1, 1)\nfor n in 0..<N { observe y[n] ~ Weibull(2.5, b) }\n',
      { y: [null, 1.9] },
      'gibbs',
    ],
    [
      'a function of a sum of elements',
      'data D: int\ndata y: int\nsample c ~ iid(Normal(0, 1), D)\nsample n ~ Poisson(exp(0.3 * sum(c)) + 2)\nobserve y ~ Binomial(n, 0.5)\n',
      { D: 2, y: 2 },
      'gibbs',
    ],
    [
      'a range that follows a label',
      'data y: real[N]\nsample v ~ iid(Beta(1, 2), 2)\nfor k in 0..<3 { let w[k] = (k < 2 ? v[min(k, 1)] : 1) * prod(1 - v[j] for j in 0..<k) }\nfor n in 0..<N { sample z[n] ~ Categorical(w)  observe y[n] ~ Normal(z[n], 1) }\n',
      { y: [-1, 1, 2] },
      'cavi',
    ],
    [
      'a transition of a chain of one step',
      'data K: int\ndata y: real[T]\nfor k in 0..<K { sample P[k] ~ Dirichlet(ones(K))  sample mu[k] ~ Normal(k, 1) }\nsample z[0] ~ Categorical(fill(1 / K, K))\nfor t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) }\nfor t in 0..<T { observe y[t] ~ Normal(mu[z[t]], 0.7) }\n',
      { K: 1, y: [0.5] },
      'cavi',
    ],
    [
      'a vector that shares a name with no other',
      'data D: int\nsample S ~ Wishart(D + 2, eye(D))\nsample m ~ Laplace(logdet(S), 1)\n',
      { D: 2 },
      'gibbs',
    ],
  ] as const)('%s', async (_, source, data, backend) => {
    const posterior = await run(source, data, { backend, draws: 50, warmup: 50 });
    for (const name of posterior.names)
      expect(Object.keys(posterior.summary().variables).some((element) => element.startsWith(name))).toBe(true);
  });

  it('only elements that exist are named, and simulated ones outside are null', async () => {
    const source =
      'data len: int[G]\ndata y: positive[G, M]\nfor i in 0..<G {\n  for j in 0..<len[i] {\n    sample e[i, j] ~ Gamma(2, 2)\n    report q[i, j] = e[i, j]^2\n    observe y[i, j] ~ Exponential(e[i, j])\n  }\n}\n';
    const y = [
      [1, null],
      [null, null],
      [1, 2],
    ];
    for (const backend of ['gibbs', 'cavi']) {
      expect(Object.keys((await run(source, { len: [1, 0, 2], y }, { backend, draws: 20 })).summary().variables)).toEqual([
        'e[0,0]',
        'e[2,0]',
        'e[2,1]',
        'q[0,0]',
        'q[2,0]',
        'q[2,1]',
      ]);
    }
    const simulated = compile(source, 'm').sample({ len: [1, 0, 2], M: 2 }, { observed: true });
    expect((JSON.parse(JSON.stringify(simulated)) as { y: unknown[][] }).y.map((line) => line.map((x) => x === null))).toEqual([
      [false, true],
      [true, true],
      [false, false],
    ]);
    await expect(run(source, JSON.parse(JSON.stringify(simulated)) as Record<string, unknown>, { draws: 20 })).resolves.toBeDefined();
  });
  it('simulated data keep the columns of a matrix without rows', async () => {
    const model = compile('data X: real[N, D]\ndata y: real[N]\nsample w ~ iid(Normal(0, 1), D)\nobserve y ~ Normal(X @ w, 1)\n', 'm');
    const simulated = model.sample({ X: [], D: 2 }, { observed: true });
    expect(simulated).toEqual(expect.objectContaining({ D: 2, X: [], y: [] }));
    expect((await model.infer(simulated, { chains: 1, draws: 20, warmup: 0, workers: 0 })).draws('w').shape).toEqual([1, 20, 2]);
  });
  it('ordered vectors can be simulated', () => {
    const { m } = compile('sample m: ordered[4] ~ iid(Normal(0, 2), 4)\n', 'm').sample() as { m: number[] };
    expect(m).toEqual([...m].sort((a, b) => a - b));
  });
  it('no outcomes are refused', async () => {
    await expect(run('data K: int\nsample p ~ Dirichlet(ones(K))\nsample z ~ Categorical(p)\n', { K: 0 })).rejects.toThrow(ModelError);
  });
});

describe('a number that is none', () => {
  // Its product with itself is never equal to itself.
  it('in a formula is shown, not looked for again and again', () => {
    const text = compile(
      'data y: real[N]\nsample v ~ InverseGamma(3, 1)\nsample a ~ Normal(v * (0 / 0), variance: 4 - v)\nobserve y ~ Normal(a, variance: v)\n',
      'model.cred',
    )
      .explain({ backend: 'gibbs' })
      .toText();
    expect(text).toContain('a');
  });
});
