/**
 * Mean field with joint factors (`block=a+b`): equal to the exact posterior where one factor holds all unknowns,
 * to hand-written variational Bayes where parameters have factors of their own (test/reference/structuredMeanField.py),
 * never falling, below the evidence and above the bound of smaller factors; sets without a joint law are refused.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { begin } from '../../src/4-infer/variational/starts.js';
import { plainPoints } from '../../src/4-infer/variational/factors/factor.js';
import { VariationalProgram } from '../../src/4-infer/variational/program.js';
import { boundModel, normals, run, type Data } from './caviMachine.js';
import { toEnd } from './toEnd.js';

const reference = JSON.parse(readFileSync(new URL('../reference/structuredMeanField.json', import.meta.url), 'utf8')) as {
  readonly hiddenMarkov: {
    readonly y: number[];
    readonly elbo: number;
    readonly P: number[][];
    readonly mu: number[];
    readonly muSd: number[];
    readonly tau: number[];
    readonly z: number[];
  };
  readonly localLevel: { readonly elbo: number; readonly q: number; readonly r: number; readonly mean: number[]; readonly sd: number[] };
};
const { y } = reference.hiddenMarkov;
const precise = { tolerance: '1e-14' };
function close(found: ArrayLike<number>, truth: readonly number[], tolerance = 1e-7): void {
  expect(found).toHaveLength(truth.length);
  truth.forEach((x, k) => {
    expect(Math.abs(found[k]! - x), `element ${k}: ${found[k]} against ${x}`).toBeLessThan(tolerance * (1 + Math.abs(x)));
  });
}
async function evidence(source: string, data: Data): Promise<number> {
  return (await compile(source).infer(data as Record<string, unknown>, { backend: 'exact', workers: 0 })).logEvidence!;
}

const hiddenMarkov = `data y: real[T] data K: int
  for k in 0..<K { sample P[k] ~ Dirichlet(fill(1, K)) }
  sample mu ~ iid(Normal(0, 5), K)
  sample tau ~ iid(Gamma(2, 2), K)
  sample z[0] ~ Categorical(fill(1 / K, K))
  for t in 1..<T { sample z[t] ~ Categorical(P[z[t-1]]) }
  for t in 0..<T { observe y[t] ~ Normal(mu[z[t]], precision: tau[z[t]]) }`;
const localLevel = `data y: real[T] sample q ~ Gamma(2, 1) sample r ~ Gamma(2, 1)
  sample a[0] ~ Normal(0, 2) for t in 1..<T { sample a[t] ~ Normal(a[t-1], precision: q) } for t in 0..<T { observe y[t] ~ Normal(a[t], precision: r) }`;
/** Levels whose steps have one of two variances, by a chain of their own. */
const switching = `data y: real[T] data s: positive[2]
  sample z[0] ~ Categorical([0.5, 0.5]) for t in 1..<T { sample z[t] ~ Categorical(z[t-1] == 0 ? [0.8, 0.2] : [0.3, 0.7]) }
  sample a[0] ~ Normal(0, 2) for t in 1..<T { sample a[t] ~ Normal(a[t-1], s[z[t]]) } for t in 0..<T { observe y[t] ~ Normal(a[t], 0.5) }`;

describe('one factor of all unknowns is the posterior, its bound the evidence', () => {
  const X = y.map((v, n) => [1, Math.cos(n), v > 0 ? 1 : (0.3 * n) / 24]);
  const cases: readonly {
    readonly title: string;
    readonly source: string;
    readonly data: Data;
    readonly block: string;
    readonly means: readonly string[];
  }[] = [
    {
      title: 'a chain of states',
      block: 'a',
      means: ['a'],
      data: { y },
      source:
        'data y: real[T] sample a[0] ~ Normal(0, 2) for t in 1..<T { sample a[t] ~ Normal(0.9 * a[t-1], 0.7) } observe y ~ Normal(a, 0.5)',
    },
    {
      title: 'a chain with gaps far from zero',
      block: 'a+y',
      means: ['a'],
      data: { y: y.map((v, n) => (n % 5 === 2 ? null : 1e6 + v)) },
      source:
        'data y: real[T] sample a[0] ~ Normal(1e6, 2) for t in 1..<T { sample a[t] ~ Normal(a[t-1], 0.7) } observe y ~ Normal(a, 0.5)',
    },
    {
      title: 'a hierarchy and a regression',
      block: 'm+w+u',
      means: ['m', 'w', 'u'],
      data: { y, X, g: y.map((_, n) => n % 3) },
      source:
        'data y: real[N] data X: real[N, D] data g: int[N] sample m ~ Normal(0, 3) sample u ~ iid(Normal(m, 1), 3) sample w ~ MvNormal(zeros(D), eye(D)) for n in 0..<N { observe y[n] ~ Normal(X[n] @ w + u[g[n]], 0.8) }',
    },
    {
      title: 'a hidden Markov chain',
      block: 'z',
      means: ['z'],
      data: { y },
      source:
        'data y: real[T] sample z[0] ~ Categorical([0.3, 0.3, 0.4]) for t in 1..<T { sample z[t] ~ Categorical(z[t-1] == 0 ? [0.7, 0.2, 0.1] : z[t-1] == 1 ? [0, 0.9, 0.1] : [0.2, 0.2, 0.6]) } for t in 0..<T { observe y[t] ~ Normal(z[t] - 1, 0.6 + 0.2 * z[t]) }',
    },
    {
      title: 'a network with impossible states',
      block: 'a+b+c',
      means: ['a', 'b', 'c'],
      data: { k: [1, 0, 1] },
      source:
        'data k: int[3] sample a ~ Bernoulli(0.3) sample b ~ Categorical(a == 1 ? [0.1, 0.2, 0.7] : [0.6, 0.4, 0]) sample c ~ Bernoulli(a + b == 0 ? 0 : 0.25 * (a + b)) for n in 0..<3 { observe k[n] ~ Bernoulli(0.2 + 0.3 * c + 0.1 * b) }',
    },
  ];
  it.each(cases)('$title', async ({ source, data, block, means }) => {
    const r = await run(source, data, { block });
    const exact = await compile(source).infer(data as Record<string, unknown>, { backend: 'exact', workers: 0 });
    expect(r.result.converged).toBe(true);
    expect(Math.abs(r.result.elbo! - exact.logEvidence!)).toBeLessThan(1e-9 * (1 + Math.abs(exact.logEvidence!)));
    for (const name of means) close(r.mean(name), [exact.mean(name)].flat(3) as number[], 1e-8);
  });
});

describe('parameters with factors of their own', () => {
  it('a hidden Markov model with Dirichlet rows: variational Bayes by hand', async () => {
    const r = await run(hiddenMarkov, { y, K: 2 }, { block: 'z', ...precise }),
      t = reference.hiddenMarkov;
    expect(r.result.elbo).toBeCloseTo(t.elbo, 8);
    close(r.mean('mu'), t.mu);
    close(r.sd('mu'), t.muSd);
    close(r.mean('tau'), t.tau);
    close(r.mean('P'), t.P.flat());
    close(r.mean('z'), t.z);
  });
  it('a local level with unknown precisions: variational Bayes by hand, also far from zero', async () => {
    const t = reference.localLevel,
      r = await run(localLevel, { y }, { block: 'a', ...precise });
    expect(r.result.elbo).toBeCloseTo(t.elbo, 8);
    close(r.mean('a'), t.mean);
    close(r.sd('a'), t.sd);
    close([...r.mean('q'), ...r.mean('r')], [t.q, t.r]);
    const far = await run(localLevel.replace('Normal(0, 2)', 'Normal(1e6, 2)'), { y: y.map((v) => 1e6 + v) }, { block: 'a', ...precise });
    expect(far.result.elbo).toBeCloseTo(t.elbo, 6);
    close(far.sd('a'), t.sd, 1e-6);
  });
  it('draws of what follows from the block keep its covariances', async () => {
    const r = await run(`${localLevel} report step = a[5] - a[4]`, { y }, { block: 'a' }, { draws: 4000 });
    const { result } = r.variable('step');
    if (result.form !== 'draws') throw new Error('step is not drawn');
    const values = Array.from(result.values);
    const mean = values.reduce((s, v) => s + v, 0) / 4000,
      sd = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / 4000);
    // The law of the block given the precisions' expectations, by dense algebra: Var(a5 - a4).
    const q = r.mean('q')[0]!,
      noise = r.mean('r')[0]!;
    const exact = await compile(`${localLevel} report step = a[5] - a[4]`).infer({ y, q, r: noise }, { backend: 'exact', workers: 0 });
    const truth = exact.summary().variables['step']! as unknown as { mean: number; sd: number };
    expect(Math.abs(mean - truth.mean)).toBeLessThan((4.5 * truth.sd) / Math.sqrt(4000));
    expect(Math.abs(sd / truth.sd - 1)).toBeLessThan(0.06);
  });
});

it('blocks that read moments of each other: below the evidence, above smaller factors', async () => {
  const data = { y: y.slice(0, 9), s: [0.2, 1.5] };
  const whole = await evidence(switching, data);
  const joint = await run(switching, data, { block: 'z,a' }),
    chain = await run(switching, data, { block: 'a' }),
    apart = await run(switching, data);
  expect(joint.result.elbo!).toBeLessThan(whole);
  expect(joint.result.elbo!).toBeGreaterThan(chain.result.elbo! + 1e-3);
  expect(chain.result.elbo!).toBeGreaterThan(apart.result.elbo! + 1e-3);
  // The same optimum whichever is named first.
  expect((await run(switching, data, { block: 'a,z' })).result.elbo).toBeCloseTo(joint.result.elbo!, 6);
});

describe('no update lowers the bound', () => {
  const normal = normals(3),
    x = Array.from({ length: 12 }, () => [normal(), normal()]);
  const programs: readonly {
    readonly title: string;
    readonly source: string;
    readonly data: Data;
    readonly groups: readonly (readonly string[])[];
  }[] = [
    { title: 'a hidden Markov model', source: hiddenMarkov, data: { y, K: 3 }, groups: [['z']] },
    { title: 'a local level', source: localLevel, data: { y }, groups: [['a']] },
    { title: 'switching steps', source: switching, data: { y, s: [0.2, 1.5] }, groups: [['z'], ['a']] },
    {
      title: 'means of a mixture as one factor',
      source:
        'data x: real[N, 2] sample m ~ MvNormal(zeros(2), 4 * eye(2)) for k in 0..<2 { sample mu[k] ~ MvNormal(m, eye(2)) } sample w ~ Dirichlet([1, 1]) sample S ~ Wishart(4, eye(2)) for n in 0..<N { sample z[n] ~ Categorical(w) observe x[n] ~ MvNormal(mu[z[n]], precision: S) }',
      data: { x },
      groups: [['mu', 'm']],
    },
    {
      title: 'a factor times a loading',
      source:
        'data x: real[N, 2] sample f ~ iid(Normal(0, 1), N) sample b ~ iid(Normal(0, 1), 2) sample c ~ iid(Normal(0, 3), 2) sample t ~ Gamma(2, 1) for n in 0..<N, d in 0..<2 { observe x[n, d] ~ Normal(c[d] + b[d] * f[n], precision: t) }',
      data: { x },
      groups: [['b', 'c']],
    },
    {
      title: 'a param beside a block',
      source:
        'data y: real[T] param q: positive sample r ~ Gamma(2, 1) sample a[0] ~ Normal(0, 2) for t in 1..<T { sample a[t] ~ Normal(a[t-1], variance: q) } for t in 0..<T { observe y[t] ~ Normal(a[t], precision: r) }',
      data: { y },
      groups: [['a']],
    },
  ];
  it.each(programs)('$title', ({ source, data, groups }) => {
    for (const seed of ['1', '2', '3']) {
      const p = new VariationalProgram(boundModel(source, data), seed, new Map(), plainPoints, { groups });
      toEnd(begin(p, 'prior', 0));
      let last = p.bound();
      expect(Number.isFinite(last)).toBe(true);
      for (let sweep = 0; sweep < 10; sweep++)
        for (let k = 0; k < p.blocks.length; k++) {
          p.update(k);
          const next = p.bound();
          expect(next - last, `block ${k} in sweep ${sweep}`).toBeGreaterThan(-1e-9 * (1 + Math.abs(last)));
          last = next;
        }
      // Coming back to a state is coming back to its bound.
      const saved = p.save();
      toEnd(begin(p, 'prior', 1));
      p.restore(saved);
      expect(p.bound()).toBeCloseTo(last, 9);
    }
  });
});

describe('what is refused', () => {
  it.each([
    ['a+q', 'q: its support is not the whole real line'],
    ['q', 'q: its support'],
    ['y', 'y is given'],
    ['b', "no unknown is called 'b'"],
    ['a+a', 'more than once'],
    ['derived', 'derives no blocks'],
    ['a+w', 'no factor joins'],
  ])('block=%s', async (block, words) => {
    await expect(run(`${localLevel} sample w ~ Normal(0, 1)`, { y }, { block })).rejects.toThrow(words);
  });
  it('a param, and finite with Gaussian unknowns', async () => {
    await expect(run(localLevel.replace('sample r ~ Gamma(2, 1)', 'param r: positive'), { y }, { block: 'a+r' })).rejects.toThrow(
      'r is a param',
    );
    await expect(run(switching, { y, s: [0.2, 1.5] }, { block: 'a+z' })).rejects.toThrow('cannot share one factor');
  });
});

it('explain says what shares a factor', () => {
  const text = compile(localLevel)
    .explain({ backend: 'cavi', options: { block: 'a' } })
    .toString();
  expect(text).toContain('Gaussian, joint');
  expect(text).toContain('E(');
});
