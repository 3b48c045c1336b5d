/**
 * Log likelihoods of units against densities worked out here, at draws made up here: which units there are, what is
 * summed out of them, what is only warned about.
 */
import { describe, expect, it } from 'vitest';
import { pointwiseLikelihood, type PointwiseLikelihood } from '../../src/4-infer/pointwise.js';
import type { RunResult } from '../../src/4-infer/posterior.js';
import { ModelError } from '../../src/errors/diagnostic.js';
import { boundModel } from './machine.js';

type Draws = Readonly<
  Record<string, { readonly shape?: readonly number[] /** One row a draw. */; readonly draws: readonly (readonly number[])[] }>
>;

function resultOf(variables: Draws): RunResult {
  return {
    backend: 'gibbs',
    exchangeable: [],
    logEvidence: null,
    logEvidenceSe: null,
    elbo: null,
    logLikelihood: null,
    logJoint: null,
    traces: {},
    warnings: [],
    converged: true,
    seconds: { compile: 0, warmup: 0, sampling: 0 },
    plan: [],
    variables: Object.entries(variables).map(([name, { shape = [], draws }]) => ({
      name,
      shape,
      kind: 'latent',
      discrete: false,
      insidePlate: false,
      result: { form: 'draws', chains: 1, draws: draws.length, values: Float64Array.from(draws.flat()), independent: false },
    })),
  };
}
function pointwise(
  source: string,
  data: Readonly<Record<string, unknown>>,
  draws: Draws,
  unit: string | null = null,
  largest?: number,
): PointwiseLikelihood {
  return pointwiseLikelihood(boundModel(source, data), resultOf(draws), unit, largest);
}
/** Log likelihoods of a unit by its name. */
function of(found: PointwiseLikelihood, name: string): readonly number[] {
  const unit = found.names.indexOf(name),
    size = found.chains * found.draws;
  if (unit < 0) throw new Error(`no unit ${name} among ${found.names.join(' ')}`);
  return [...found.values!.subarray(unit * size, (unit + 1) * size)];
}
function close(found: readonly number[], wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((x, i) => {
    expect(Math.abs(x - wanted[i]!), `${x} against ${wanted[i]}`).toBeLessThan(1e-12 * (1 + Math.abs(wanted[i]!)));
  });
}
const normal = (x: number, mean: number, sd: number): number => -0.5 * Math.log(2 * Math.PI) - Math.log(sd) - 0.5 * ((x - mean) / sd) ** 2;
const logSum = (xs: readonly number[]): number => {
  const top = Math.max(...xs);
  return top + Math.log(xs.reduce((s, x) => s + Math.exp(x - top), 0));
};

describe('a unit without the label that others have', () => {
  it('is judged by its own density: the first has no label before it', () => {
    const y = [1, 2, 0.3];
    const found = pointwise(
      `data y: real[N]
      sample mu ~ Normal(0, 1)
      for n in 0..<N { sample z[n] ~ Bernoulli(0.3) }
      for n in 0..<N { observe y[n] ~ Normal(mu + (n > 0 ? 2 * z[n - 1] : 0.5), 1) }`,
      { N: 3, y },
      {
        mu: { draws: [[0.4], [-1]] },
        z: {
          shape: [3],
          draws: [
            [0, 1, 0],
            [1, 1, 0],
          ],
        },
      },
    );
    y.forEach((value, n) =>
      close(
        of(found, `y[${n}]`),
        [0.4, -1].map((mu) =>
          n === 0 ? normal(value, mu + 0.5, 1) : logSum([Math.log(0.7) + normal(value, mu, 1), Math.log(0.3) + normal(value, mu + 2, 1)]),
        ),
      ),
    );
  });
});

describe('units', () => {
  it('are the elements of each observation, a vector draw as a whole', () => {
    const found = pointwise(
      `
      data y: real[N]  data x: real[M, 2]
      sample m ~ Normal(0, 1)
      observe y ~ Normal(m, 2)
      for i in 0..<M { observe x[i] ~ MvNormal([m, 1], eye(2)) }
    `,
      {
        y: [1, 2],
        x: [
          [0, 1],
          [2, 3],
          [4, 5],
        ],
      },
      { m: { draws: [[0.5], [-1]] } },
    );
    expect(found.names).toEqual(['y[0]', 'y[1]', 'x[0]', 'x[1]', 'x[2]']);
    close(
      of(found, 'y[1]'),
      [0.5, -1].map((m) => normal(2, m, 2)),
    );
    close(
      of(found, 'x[2]'),
      [0.5, -1].map((m) => normal(4, m, 1) + normal(5, 1, 1)),
    );
    expect(found.observations).toEqual({ units: 5, count: 8, sum: 18, sumOfSquares: 5 + 1 + 13 + 41 });
    expect([...found.data.subarray(0, 2)]).toEqual([1, 2]);
    expect(found.warnings).toEqual([]);
  });

  const pair = `
    data x: real[N]  data y: real[N]
    sample a ~ Normal(0, 1)
    for n in 0..<N { observe x[n] ~ Normal(a, 1)  observe y[n] ~ Normal(a * x[n], 1) }
    for n in 0..<N { observe x[n] ~ Normal(0, 3) }
  `;
  it('of statements of one loop are one, of another loop their own', () => {
    const found = pointwise(pair, { x: [1, -1], y: [2, 0] }, { a: { draws: [[0.3], [0.8]] } });
    expect(found.names).toEqual(['n=0', 'n=1', 'x[0]', 'x[1]']);
    close(
      of(found, 'n=0'),
      [0.3, 0.8].map((a) => normal(1, a, 1) + normal(2, a, 1)),
    );
    close(
      of(found, 'x[1]'),
      [0, 0].map(() => normal(-1, 0, 3)),
    );
  });

  it('are those of the index that is named, whatever stands beneath it', () => {
    const source = `
      data y: real[I, J]  data w: real[I]
      sample a ~ Normal(0, 1)
      for i in 0..<I {
        observe w[i] ~ Normal(a, 1)
        for j in 0..<J { observe y[i, j] ~ Normal(a, 1) }
      }
    `;
    const data = {
        y: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        w: [7, 8, 9],
      },
      draws: Draws = { a: { draws: [[0.25]] } };
    expect(pointwise(source, data, draws).names).toEqual([
      'w[0]',
      'w[1]',
      'w[2]',
      'y[0,0]',
      'y[0,1]',
      'y[1,0]',
      'y[1,1]',
      'y[2,0]',
      'y[2,1]',
    ]);
    const whole = pointwise(source, data, draws, 'i');
    expect(whole.names).toEqual(['i=0', 'i=1', 'i=2']);
    close(of(whole, 'i=1'), [normal(8, 0.25, 1) + normal(3, 0.25, 1) + normal(4, 0.25, 1)]);
    expect(() => pointwise(source, data, draws, 'q')).toThrow(ModelError);
    expect(() => pointwise(source, data, draws, 'q')).toThrow(/no observe statement stands in a loop over 'q'/);
  });

  it('do not exist where data are missing, loops are ragged or a condition fails', () => {
    const found = pointwise(
      `
      data y: real[N]  data g: int[N]  data len: int[J]  data v: real[J, 3]
      sample a ~ Normal(0, 1)
      for n in 0..<N { if g[n] > 0 { observe y[n] ~ Normal(a, 1) } }
      for j in 0..<J { for k in 0..<len[j] { observe v[j, k] ~ Normal(a, 2) } }
    `,
      {
        y: [1, null, 3, 4],
        g: [1, 1, 0, 1],
        len: [1, 0, 3],
        v: [
          [1, 9, 9],
          [9, 9, 9],
          [4, 5, 6],
        ],
      },
      { a: { draws: [[0.5]] }, y: { shape: [4], draws: [[1, 0.1, 3, 4]] } },
    );
    expect(found.names).toEqual(['y[0]', 'y[3]', 'v[0,0]', 'v[2,0]', 'v[2,1]', 'v[2,2]']);
    close(of(found, 'v[2,1]'), [normal(5, 0.5, 2)]);
  });

  it('are lagged observations too, with quantities of a recursion computed anew', () => {
    const found = pointwise(
      `
      data y: real[T]
      sample a ~ Normal(0, 1)
      let h[0] = 1
      for t in 1..<T { let h[t] = 0.5 + a * y[t-1]^2 + 0.1 * h[t-1] }
      observe y[0] ~ Normal(0, 1)
      for t in 1..<T { observe y[t] ~ Normal(0, sqrt(h[t])) }
    `,
      { y: [1, -2, 0.5] },
      { a: { draws: [[0.3], [0.9]] } },
    );
    expect(found.names).toEqual(['y[0]', 'y[1]', 'y[2]']);
    close(
      of(found, 'y[2]'),
      [0.3, 0.9].map((a) => {
        const h1 = 0.5 + a + 0.1,
          h2 = 0.5 + 4 * a + 0.1 * h1;
        return normal(0.5, 0, Math.sqrt(h2));
      }),
    );
  });
});

describe('finite latents of a unit', () => {
  const mixture = `
    data x: real[N]  data s: positive
    sample pi ~ Dirichlet([1, 1, 1])
    for k in 0..<3 { sample mu[k] ~ Normal(0, 5) }
    for n in 0..<N { sample z[n] ~ Categorical(pi)  observe x[n] ~ Normal(mu[z[n]], s) }
  `;
  const draws: Draws = {
    pi: {
      shape: [3],
      draws: [
        [0.2, 0.3, 0.5],
        [0.7, 0.1, 0.2],
      ],
    },
    mu: {
      shape: [3],
      draws: [
        [-1, 0, 2],
        [1, 2, 3],
      ],
    },
  };
  const density = (x: number, d: number): number =>
    logSum([0, 1, 2].map((k) => Math.log(draws['pi']!.draws[d]![k]!) + normal(x, draws['mu']!.draws[d]![k]!, 0.4)));
  it('are summed out, and their draws are not needed', () => {
    const found = pointwise(mixture, { x: [0.1, 2.5], s: 0.4 }, draws);
    close(of(found, 'x[0]'), [density(0.1, 0), density(0.1, 1)]);
    close(of(found, 'x[1]'), [density(2.5, 0), density(2.5, 1)]);
    expect(found.warnings).toEqual([]);
  });

  it('are known where the data give them: the label is then observed with the datum', () => {
    const source = mixture.replace('sample z[n]', 'observe z[n]').replace('data s', 'data z: int[N]  data s');
    const found = pointwise(
      source,
      { x: [0.1, 2.5], z: [1, null], s: 0.4 },
      {
        ...draws,
        z: {
          shape: [2],
          draws: [
            [1, 0],
            [1, 2],
          ],
        },
      },
    );
    close(of(found, 'n=0'), [Math.log(0.3) + normal(0.1, 0, 0.4), Math.log(0.1) + normal(0.1, 2, 0.4)]);
    close(of(found, 'n=1'), [density(2.5, 0), density(2.5, 1)]);
  });

  it('that meet at their own address are summed together', () => {
    const found = pointwise(
      `
      data x: real[N]
      sample p ~ Beta(1, 1)
      for n in 0..<N {
        sample u[n] ~ Bernoulli(p)
        sample z[n] ~ Binomial(2, u[n] == 1 ? 0.9 : 0.2)
        observe x[n] ~ Normal(z[n] + u[n], 1)
      }
    `,
      { x: [0.3, 2.2] },
      { p: { draws: [[0.4]] } },
    );
    const binomial = (z: number, q: number): number => Math.log([1, 2, 1][z]!) + z * Math.log(q) + (2 - z) * Math.log(1 - q);
    close(of(found, 'x[1]'), [
      logSum(
        [0, 1].flatMap((u) =>
          [0, 1, 2].map((z) => Math.log(u === 1 ? 0.4 : 0.6) + binomial(z, u === 1 ? 0.9 : 0.2) + normal(2.2, z + u, 1)),
        ),
      ),
    ]);
  });

  it('of a chain are summed given their neighbours', () => {
    const found = pointwise(
      `
      data y: real[T]
      sample z[0] ~ Bernoulli(0.5)
      for t in 1..<T { sample z[t] ~ Bernoulli(z[t-1] == 1 ? 0.8 : 0.3) }
      for t in 0..<T { observe y[t] ~ Normal(z[t], 0.7) }
    `,
      { y: [0.2, 0.9, 0.4] },
      {
        z: {
          shape: [3],
          draws: [
            [1, 0, 1],
            [0, 1, 0],
          ],
        },
      },
    );
    const step = (to: number, from: number): number => {
      const p = from === 1 ? 0.8 : 0.3;
      return Math.log(to === 1 ? p : 1 - p);
    };
    const given = (y: number, before: number | null, after: number | null): number => {
      const prior = [0, 1].map((k) => (before === null ? Math.log(0.5) : step(k, before)) + (after === null ? 0 : step(after, k)));
      return logSum([0, 1].map((k) => prior[k]! + normal(y, k, 0.7))) - logSum(prior);
    };
    close(of(found, 'y[0]'), [given(0.2, null, 0), given(0.2, null, 1)]);
    close(of(found, 'y[1]'), [given(0.9, 1, 1), given(0.9, 0, 0)]);
    close(of(found, 'y[2]'), [given(0.4, 0, null), given(0.4, 1, null)]);
  });

  const classes = `
    data x: int[I, J]
    sample w ~ Beta(1, 1)
    sample q ~ iid(Beta(1, 1), 2)
    for i in 0..<I {
      sample c[i] ~ Bernoulli(w)
      for j in 0..<J { observe x[i, j] ~ Bernoulli(q[c[i]]) }
    }
  `;
  const answers = {
      x: [
        [1, 1, 0],
        [0, 0, 0],
      ],
    },
    classDraws: Draws = { w: { draws: [[0.6]] }, q: { shape: [2], draws: [[0.2, 0.7]] }, c: { shape: [2], draws: [[1, 0]] } };
  it('are held where several units share them, summed where these are made one', () => {
    const single = pointwise(classes, answers, classDraws);
    close(of(single, 'x[0,2]'), [Math.log(0.3)]);
    expect(single.warnings).toEqual([]);
    const whole = pointwise(classes, answers, { w: classDraws['w']!, q: classDraws['q']! }, 'i');
    close(of(whole, 'i=0'), [
      logSum([Math.log(0.4) + 2 * Math.log(0.2) + Math.log(0.8), Math.log(0.6) + 2 * Math.log(0.7) + Math.log(0.3)]),
    ]);
  });

  it('keep every constant, and sum what other factors say of them', () => {
    const found = pointwise(
      `
      data y: int[N]
      sample s ~ Gamma(2, 1)
      for n in 0..<N {
        sample z[n] ~ Binomial(n + 1, 0.5)
        factor 0.3 * z[n]
        observe y[n] ~ Poisson(s * (1 + z[n]))
      }
    `,
      { y: [2, 0] },
      { s: { draws: [[1.3]] } },
    );
    const poisson = (y: number, rate: number): number => y * Math.log(rate) - rate - [0, 0, Math.log(2)][y]!;
    const prior = [0, 1, 2].map((z) => Math.log([1, 2, 1][z]! / 4) + 0.3 * z);
    close(of(found, 'y[1]'), [logSum(prior.map((p, z) => p + poisson(0, 1.3 * (1 + z)))) - logSum(prior)]);
  });
});

describe('warnings and refusals', () => {
  it('name latents that a unit has for itself', () => {
    const found = pointwise(
      `
      data y: int[N]
      sample s ~ Gamma(2, 1)
      for n in 0..<N { sample b[n] ~ Normal(0, s)  observe y[n] ~ Poisson(exp(b[n])) }
    `,
      { y: [2, 0] },
      { b: { shape: [2], draws: [[0.1, 0.2]] } },
    );
    expect(found.warnings.map((w) => w.code)).toEqual(['local-latent']);
    expect(found.warnings[0]!.message).toContain('its own b,');
  });
  it('leave out draws with missing parts, and say so', () => {
    const found = pointwise(
      'data x: real[N, 2]\nsample m ~ Normal(0, 1)\nfor n in 0..<N { observe x[n] ~ MvNormal([m, m], eye(2)) }',
      {
        x: [
          [1, 2],
          [null, 3],
        ],
      },
      { m: { draws: [[0]] }, x: { shape: [2, 2], draws: [[1, 2, 0, 3]] } },
    );
    expect(found.names).toEqual(['x[0]']);
    expect(found.warnings.map((w) => w.code)).toEqual(['partly-missing']);
  });
  it('take a missing part of a unit for an unknown that its label bears on', () => {
    const source = (law: string, type: string): string =>
      `data y: real[N]\ndata x: ${type}\nsample m ~ Normal(0, 1)\nfor n in 0..<N {\n  sample z[n] ~ Bernoulli(0.3)\n  observe y[n] ~ Normal(m * z[n], 1)\n  observe x[n] ~ ${law}\n}`;
    const normal = (x: number, mean: number): number => -0.5 * (x - mean) ** 2 - 0.5 * Math.log(2 * Math.PI);
    const label = [Math.log(0.7), Math.log(0.3)],
      [m, drawn] = [1.5, 2.2];
    const told = [0, 1].map((k) => label[k]! + normal(0.5, m * k) + normal(1, 2 * k)),
      untold = [0, 1].map((k) => label[k]! + normal(drawn, 2 * k));
    const wanted = [logSum(told), logSum(untold.map((l, k) => l + normal(-0.4, m * k))) - logSum(untold)];
    const draws = (x: readonly number[], shape: readonly number[]): Draws => ({
      m: { draws: [[m]] },
      x: { shape, draws: [x] },
      z: { shape: [2], draws: [[0, 1]] },
    });
    const scalar = pointwise(source('Normal(2 * z[n], 1)', 'real[N]'), { y: [0.5, -0.4], x: [1, null] }, draws([1, drawn], [2]));
    close([...of(scalar, 'n=0'), ...of(scalar, 'n=1')], wanted);
    const vector = pointwise(
      source('MvNormal([2.0 * z[n], 0.0], eye(2))', 'real[N, 2]'),
      {
        y: [0.5, -0.4],
        x: [
          [1, 0],
          [null, null],
        ],
      },
      draws([1, 0, drawn, 0.3], [2, 2]),
    );
    close([...of(vector, 'n=0'), ...of(vector, 'n=1')], [wanted[0]! + normal(0, 0), wanted[1]!]);
  });
  it('have the density at the label that a definition gives', () => {
    const found = pointwise(
      'data y: real[N]\nsample m ~ Normal(0, 1)\nlet z[0] = 1\nfor n in 1..<N { sample z[n] ~ Bernoulli(0.3) }\nfor n in 0..<N { observe y[n] ~ Normal(m * z[n], 1) }',
      { y: [0.5, -0.4] },
      { m: { draws: [[1.5]] }, z: { shape: [2], draws: [[1, 0]] } },
    );
    const normal = (x: number, mean: number): number => -0.5 * (x - mean) ** 2 - 0.5 * Math.log(2 * Math.PI);
    close(
      [...of(found, 'y[0]'), ...of(found, 'y[1]')],
      [normal(0.5, 1.5), logSum([Math.log(0.7) + normal(-0.4, 0), Math.log(0.3) + normal(-0.4, 1.5)])],
    );
  });
  it('say what is missing', () => {
    expect(() => pointwise('sample x ~ Normal(0, 1)', {}, { x: { draws: [[1]] } })).toThrow(/observes nothing/);
    expect(() => pointwise('data y: real\nsample x ~ Normal(0, 1)\nobserve y ~ Normal(x, 1)', { y: 1 }, {})).toThrow(
      /draws of x, which the data depend on, were not kept/,
    );
  });
});

it('keeps running sums that equal those of all draws where these are too many', () => {
  const source = 'data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)';
  const draws: Draws = { m: { draws: Array.from({ length: 70 }, (_, d) => [Math.sin(d * 1.7)]) } };
  const all = pointwise(source, { y: [1, -2, 40] }, draws),
    streamed = pointwise(source, { y: [1, -2, 40] }, draws, null, 100);
  expect(streamed.values).toBeNull();
  all.names.forEach((name, u) => {
    const values = of(all, name),
      mean = values.reduce((a, b) => a + b, 0) / 70;
    close(
      [streamed.logMean[u]!, streamed.variance[u]!],
      [logSum(values) - Math.log(70), values.reduce((s, x) => s + (x - mean) ** 2, 0) / 69],
    );
  });
});
