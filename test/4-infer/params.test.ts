/**
 * `param` of every type under the samplers: flat on the scale it is written in, inside its type. Truth: closed forms,
 * quadrature, and rejection from exact draws, worked out here.
 */
import { describe, expect, it } from 'vitest';
import { compile, type ModelError } from '../../src/index.js';

const backends = ['gibbs', 'mh'] as const;
/** Mean of g under an unnormalised density on a grid of midpoints. */
function meanOf(density: (x: number) => number, g: (x: number) => number, low: number, high: number, points = 200_000): number {
  let total = 0,
    weight = 0;
  for (let k = 0; k < points; k++) {
    const x = low + (high - low) * ((k + 0.5) / points),
      w = density(x);
    total += w * g(x);
    weight += w;
  }
  return total / weight;
}
async function drawn(
  source: string,
  data: Record<string, unknown>,
  backend: string,
  draws = 8000,
): Promise<{
  readonly mean: (name: string) => number;
  readonly error: (name: string) => number;
  readonly values: (name: string) => Float64Array;
}> {
  const posterior = await compile(source).infer(data, { backend, draws, warmup: 1000, chains: 2, seed: 5, workers: 0 });
  const { variables } = posterior.summary();
  return { mean: (name) => variables[name]!.mean!, error: (name) => variables[name]!.mcse!, values: (name) => posterior.draws(name) };
}
const x = Array.from({ length: 12 }, (_, n) => [Math.sin(7 * n) * 0.7, Math.cos(5 * n) * 0.7]);
const leastEigenvalue = (a: number, b: number, d: number): number => (a + d) / 2 - Math.hypot((a - d) / 2, b);

describe.each(backends)('flat unknowns under %s', (backend) => {
  it('covariances with a floor: a variance is an inverse Gamma above it', async () => {
    const y = x.map(([a]) => [a!]),
      squares = y.reduce((s, [a]) => s + a! * a!, 0),
      floor = 0.3;
    // S^(-N/2) exp(-SS / 2S); a floor that was ignored would show in the mean.
    const density = (s: number): number => Math.exp(-6 * Math.log(s) - squares / (2 * s));
    const { mean, error, values } = await drawn(
      'data y: real[N, 1] param S: cov[1](floor: 0.3) observe y ~ MvNormal(zeros(1), S)',
      { y },
      backend,
    );
    expect(values('S').every((s) => s >= floor)).toBe(true);
    const truth = meanOf(density, (s) => s, floor, 40);
    expect(Math.abs(mean('S[0,0]') - truth) / error('S[0,0]')).toBeLessThan(5);
    expect(error('S[0,0]') / truth).toBeLessThan(0.03);
    expect(truth - meanOf(density, (s) => s, 1e-3, 40)).toBeGreaterThan(0.1);
  });

  it('covariances with a floor: exact draws without one that lie above it', async () => {
    const program = (type: string): string =>
      `data x: real[N, 2] param S: ${type} observe x ~ MvNormal(zeros(2), S) report least = (S[0, 0] + S[1, 1]) / 2 - sqrt(((S[0, 0] - S[1, 1]) / 2)^2 + S[0, 1]^2)`;
    const free = (await drawn(program('cov[2]'), { x }, 'gibbs', 20_000)).values('S');
    const sums: number[] = [];
    for (let k = 0; k < free.length; k += 4)
      if (leastEigenvalue(free[k]!, free[k + 1]!, free[k + 3]!) >= 0.25) sums.push(Math.log(free[k]! + free[k + 3]!));
    const truth = sums.reduce((a, b) => a + b, 0) / sums.length;
    const spread = Math.sqrt(sums.reduce((s, v) => s + (v - truth) ** 2, 0) / sums.length / sums.length);
    const floored = await drawn(`${program('cov[2](floor: 0.25)')} report size = log(trace(S))`, { x }, backend, 12_000);
    expect(floored.values('least').every((v) => v >= 0.25 - 1e-12)).toBe(true);
    expect(Math.abs(floored.mean('size') - truth) / Math.hypot(floored.error('size'), spread)).toBeLessThan(5);
  });

  it('correlations', async () => {
    const [a, b, c] = x.reduce(([p, q, r], [u, v]) => [p + u! * u!, q + v! * v!, r + u! * v!] as const, [0, 0, 0] as readonly [
      number,
      number,
      number,
    ]);
    const density = (r: number): number => Math.exp(-6 * Math.log1p(-r * r) - (a + b - 2 * r * c) / (2 * (1 - r * r)));
    const { mean, error, values } = await drawn('data x: real[N, 2] param R: corr[2] observe x ~ MvNormal(zeros(2), R)', { x }, backend);
    expect(values('R').every((v, k) => (k % 4 === 0 || k % 4 === 3 ? v === 1 : Math.abs(v) < 1))).toBe(true);
    expect(Math.abs(mean('R[0,1]') - meanOf(density, (r) => r, -1, 1)) / error('R[0,1]')).toBeLessThan(5);
  });

  it('ordered vectors', async () => {
    // c[1] is flat between its neighbours, so (c[0], c[2]) has the weight c[2] - c[0] beside its Normals.
    const { mean, error, values } = await drawn(
      'param c: ordered[3] observe 1.0 ~ Normal(c[0], 1) observe 3.0 ~ Normal(c[2], 1)',
      {},
      backend,
      20_000,
    );
    const c = values('c');
    for (let k = 0; k < c.length; k += 3) expect(c[k]! <= c[k + 1]! && c[k + 1]! <= c[k + 2]!).toBe(true);
    // c[2] - c[0] is Normal(2, sqrt 2) weighted by itself above 0; the sum of both is Normal(4, sqrt 2) and independent of it.
    const gap = meanOf(
      (d) => d * Math.exp(-((d - 2) ** 2) / 4),
      (d) => d,
      0,
      20,
    );
    expect(Math.abs(mean('c[0]') - (4 - gap) / 2) / error('c[0]')).toBeLessThan(5);
    expect(Math.abs(mean('c[1]') - 2) / error('c[1]')).toBeLessThan(5);
    expect(Math.abs(mean('c[2]') - (4 + gap) / 2) / error('c[2]')).toBeLessThan(5);
  });

  it('simplexes, intervals, positive numbers', async () => {
    const simplex = await drawn('data k: int[3] param p: simplex[3] observe k ~ Multinomial(10, p)', { k: [2, 3, 5] }, backend);
    [3, 4, 6].forEach((alpha, k) => expect(Math.abs(simplex.mean(`p[${k}]`) - alpha / 13) / simplex.error(`p[${k}]`)).toBeLessThan(5));
    const interval = await drawn(
      'data hi: real param m: interval(0, hi)[2] observe 2.0 ~ Normal(m[0] + 0 * m[1], 1)',
      { hi: 1.5 },
      backend,
    );
    expect(interval.values('m').every((v) => v >= 0 && v <= 1.5)).toBe(true);
    expect(
      Math.abs(
        interval.mean('m[0]') -
          meanOf(
            (m) => Math.exp(-((m - 2) ** 2) / 2),
            (m) => m,
            0,
            1.5,
          ),
      ) / interval.error('m[0]'),
    ).toBeLessThan(5);
    expect(Math.abs(interval.mean('m[1]') - 0.75) / interval.error('m[1]')).toBeLessThan(5);
    const positive = await drawn('param s: positive factor -2 * s', {}, backend);
    expect(Math.abs(positive.mean('s') - 0.5) / positive.error('s')).toBeLessThan(5);
  });
});

describe('floors', () => {
  const program = 'data x: real[N, 2] param S: cov[2](floor: 0.3) observe x ~ MvNormal(zeros(2), S)';
  const refusal = async (source: string, data: Record<string, unknown>, options: Record<string, unknown> = {}): Promise<string> => {
    try {
      await compile(source).infer(data, { backend: 'gibbs', draws: 1, warmup: 0, chains: 1, workers: 0, ...options });
    } catch (thrown) {
      return (thrown as ModelError).diagnostics[0]!.message;
    }
    return 'accepted';
  };

  it('are said by explain', () => {
    expect(String(compile(program).explain({ backend: 'gibbs' }))).toContain(
      'rw(scale: 0.2, adapt: true): no eigenvalue may be below 0.3, which cuts the support of InverseWishart',
    );
  });

  it('are refused where they cannot be kept', async () => {
    expect(await refusal(program, { x }, { backend: 'exact' })).toMatch(/floor for its eigenvalues/);
    expect(await refusal(program, { x }, { options: { 'kernel.S': 'conjugate' } })).toMatch(/the floor of its type cuts the support/);
    expect(await refusal('sample S: cov[2](floor: 0.5) ~ InverseWishart(4, eye(2))', {})).toMatch(/normalising constant that is not known/);
    expect(await refusal('param S: cov[2](floor: -1) factor -trace(S)', {})).toMatch(/^The floor of S is -1/);
    expect(
      await refusal('data S: cov[2](floor: 0.5) sample z ~ Normal(S[0, 0], 1)', {
        S: [
          [1, 0.9],
          [0.9, 1],
        ],
      }),
    ).toMatch(/has an eigenvalue below the floor 0.5/);
    expect(
      await refusal('data S: cov[2](floor: 0.1) sample z ~ Normal(S[0, 0], 1)', {
        S: [
          [1, 0.9],
          [0.9, 1],
        ],
      }),
    ).toBe('accepted');
    expect(
      await refusal(
        program,
        { x },
        {
          init: {
            S: [
              [0.1, 0],
              [0, 1],
            ],
          },
        },
      ),
    ).toMatch(/^As a start: S has an eigenvalue below the floor 0.3/);
  });

  it('are kept by proposals of the language', async () => {
    const posterior = await compile(program).infer(
      { x },
      { backend: 'gibbs', options: { 'kernel.S': 'propose(InverseWishart(20, 17 * S))' }, draws: 2000, chains: 1, workers: 0 },
    );
    const S = posterior.draws('S');
    for (let k = 0; k < S.length; k += 4) expect(leastEigenvalue(S[k]!, S[k + 1]!, S[k + 3]!)).toBeGreaterThanOrEqual(0.3 - 1e-12);
  });
});
