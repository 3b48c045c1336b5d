/**
 * Finite unknowns whose supports depend on other finite unknowns, against the sum over all states: evidence and
 * marginals of exact, transition matrices of gibbs and mh, likelihoods of em, the bound of cavi.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile as compileProgram, ModelError, type Posterior } from '../../src/index.js';
import { bruteForce, type FiniteProgram, finiteProgram, logBinomial, logNormal, logPoisson } from './finiteUnknowns.js';
import { compile, type CompileOptions } from './machine.js';
import { checkMatrix, statesOf } from './transitions.js';

const choices = fc.array(fc.nat(999), { minLength: 8, maxLength: 24 });

async function infer(program: FiniteProgram, backend: string, options: Record<string, string> = {}): Promise<Posterior | null> {
  try {
    return await compileProgram(program.source).infer(program.data, {
      backend,
      chains: 1,
      draws: 20,
      warmup: 0,
      workers: 0,
      seed: 1,
      options,
    });
  } catch (error) {
    if (error instanceof ModelError) return null;
    throw new Error(program.source, { cause: error });
  }
}
const words = (p: FiniteProgram): string => `${p.source}\n${JSON.stringify(p.data)}`;

describe('random programs of finite unknowns that bound each other', () => {
  it('are solved by exact: evidence and marginals are those of the sum over all states', async () => {
    let solved = 0,
      moving = 0;
    await fc.assert(
      fc.asyncProperty(choices, async (c) => {
        const program = finiteProgram(c),
          truth = bruteForce(statesOf(program.variables), program.variables, program.logMass);
        if (truth.possible === 0) return;
        const found = await infer(program, 'exact');
        if (found === null) throw new Error(`refused: ${words(program)}`);
        solved++;
        if (/\(v\d|\(m\d/.test(program.source)) moving++;
        const { logEvidence, variables } = found.summary();
        if (!(Math.abs(logEvidence! - truth.logEvidence) < 1e-10))
          throw new Error(`evidence ${logEvidence} for ${truth.logEvidence}: ${words(program)}`);
        program.variables.forEach((v, k) => {
          for (let x = v.low; x <= v.high; x++) {
            const p = variables[v.name]!.probs![String(x)] ?? 0;
            if (!(Math.abs(p - truth.marginals[k]![x - v.low]!) < 1e-12))
              throw new Error(`P(${v.name} = ${x}) is ${p} for ${truth.marginals[k]![x - v.low]}: ${words(program)}`);
          }
        });
      }),
      { numRuns: 60, seed: 4, endOnFailure: true },
    );
    expect(solved).toBeGreaterThan(35);
    expect(moving).toBeGreaterThan(25);
  });

  it('are sampled: one sweep of any default leaves the posterior as it is', () => {
    const ways: readonly CompileOptions[] = [{ blocks: { kind: 'derived' } }, {}, { backend: 'mh' }];
    let checked = 0;
    fc.assert(
      fc.property(choices, (c) => {
        const program = finiteProgram(c),
          states = statesOf(program.variables),
          truth = bruteForce(states, program.variables, program.logMass);
        if (truth.possible < 2 || truth.possible > 16) return;
        ways.forEach((options) => {
          const check = checkMatrix(compile(program.source, program.data, options), program.variables, (...s) => program.logMass(s));
          checked++;
          if (!(check.joint < 1e-9 && check.leak === 0 && check.stationarity < 1e-12 && check.mixing < 1e-6))
            throw new Error(`${JSON.stringify(options)} ${JSON.stringify(check)}: ${words(program)}`);
        });
      }),
      { numRuns: 25, seed: 11, endOnFailure: true },
    );
    expect(checked).toBeGreaterThan(20);
  });

  it('have the likelihood that em reports, at its estimate', async () => {
    let fitted = 0;
    await fc.assert(
      fc.asyncProperty(choices, async (c) => {
        const program = finiteProgram(c, true),
          states = statesOf(program.variables);
        if (bruteForce(states, program.variables, program.logMass).possible === 0) return;
        const found = await infer(program, 'em');
        if (found === null) throw new Error(`refused: ${words(program)}`);
        fitted++;
        const { logLikelihood, variables } = found.summary();
        const truth = bruteForce(states, program.variables, (s) => program.logMass(s, variables['s']!.mean!)).logEvidence;
        if (!(Math.abs(logLikelihood! - truth) < 1e-7)) throw new Error(`likelihood ${logLikelihood} for ${truth}: ${words(program)}`);
      }),
      { numRuns: 25, seed: 6, endOnFailure: true },
    );
    expect(fitted).toBeGreaterThan(15);
  });

  it('bound the evidence from below by cavi, or are refused', async () => {
    let bounded = 0;
    await fc.assert(
      fc.asyncProperty(choices, async (c) => {
        const program = finiteProgram(c),
          truth = bruteForce(statesOf(program.variables), program.variables, program.logMass);
        const elbo = truth.possible === 0 ? null : ((await infer(program, 'cavi', { restarts: '1' }))?.elbo ?? null);
        if (elbo === null) return;
        bounded++;
        if (!(elbo <= truth.logEvidence + 1e-9)) throw new Error(`bound ${elbo}, evidence ${truth.logEvidence}: ${words(program)}`);
      }),
      { numRuns: 40, seed: 8, endOnFailure: true },
    );
    expect(bounded).toBeGreaterThan(5);
  });
});

interface Case extends FiniteProgram {
  readonly title: string;
  readonly kernels?: readonly CompileOptions[];
}

const unit = (name: string, count: number, low: number, high: number): FiniteProgram['variables'] =>
  Array.from({ length: count }, (_, element) => ({ name, element, low, high }));
const uniform = (low: number, high: number, x: number): number => (x < low || x > high ? -Infinity : -Math.log(high - low + 1));

const cases: readonly Case[] = [
  {
    title: 'a chain that thins itself out',
    source:
      'data y: real[T] sample m[0] ~ Binomial(3, 0.6) for t in 1..<T { sample m[t] ~ Binomial(m[t-1], 0.5) } for t in 0..<T { observe y[t] ~ Normal(m[t], 0.9) }',
    data: { y: [2.1, 1.4, 0.3] },
    variables: unit('m', 3, 0, 3),
    logMass: (m) =>
      logBinomial(3, 0.6, m[0]!) +
      logBinomial(m[0]!, 0.5, m[1]!) +
      logBinomial(m[1]!, 0.5, m[2]!) +
      [2.1, 1.4, 0.3].reduce((s, y, t) => s + logNormal(m[t]!, 0.9, y), 0),
    kernels: [{ kernels: { m: 'enumerate' } }, { kernels: { m: 'propose(DiscreteUniform(max(m - 1, 0), min(m + 1, 3)))' } }],
  },
  {
    title: 'a chain that thins out a known start',
    source:
      'data n: int data y: real[T] let m[0] = n for t in 1..<T { sample m[t] ~ DiscreteUniform(0, m[t-1]) } for t in 0..<T { observe y[t] ~ Normal(m[t], 0.9) }',
    data: { n: 3, y: [2.1, 1.4, 0.3] },
    variables: [1, 2].map((element) => ({ name: 'm', element, low: 0, high: 3 })),
    logMass: ([a, b]) =>
      uniform(0, 3, a!) + uniform(0, a!, b!) + logNormal(3, 0.9, 2.1) + logNormal(a!, 0.9, 1.4) + logNormal(b!, 0.9, 0.3),
    kernels: [{ kernels: { m: 'rw(scale: 1, adapt: false)' } }, { kernels: { m: 'enumerate' } }],
  },
  {
    title: 'supports of elements, by data and by unknowns',
    source:
      'data N: int[K] data y: real[K] for k in 0..<K { sample n[k] ~ Binomial(N[k], 0.5) sample m[k] ~ Binomial(n[k], 0.4) observe y[k] ~ Normal(m[k], 1) }',
    data: { N: [1, 2], y: [0.4, 1.1] },
    variables: [...unit('n', 2, 0, 2), ...unit('m', 2, 0, 2)],
    logMass: ([n0, n1, m0, m1]) =>
      logBinomial(1, 0.5, n0!) +
      logBinomial(2, 0.5, n1!) +
      logBinomial(n0!, 0.4, m0!) +
      logBinomial(n1!, 0.4, m1!) +
      logNormal(m0!, 1, 0.4) +
      logNormal(m1!, 1, 1.1),
    kernels: [{ kernels: { n: 'enumerate', m: 'independent' } }],
  },
  {
    title: 'bounds looked up by data and by unknowns',
    source:
      'data g: int[K] data N: int[2] data y: real[K] sample z ~ Bernoulli(0.3) sample n[0] ~ Binomial(N[z], 0.5) for j in 1..<2 { sample n[j] ~ DiscreteUniform(0, N[j - 1]) } for k in 0..<K { sample m[k] ~ DiscreteUniform(0, n[g[k]]) observe y[k] ~ Normal(m[k], 1) }',
    data: { g: [1, 0], N: [1, 2], y: [0.4, 1.1] },
    variables: [...unit('z', 1, 0, 1), ...unit('n', 2, 0, 2), ...unit('m', 2, 0, 2)],
    logMass: ([z, n0, n1, m0, m1]) =>
      logBinomial(1, 0.3, z!) +
      logBinomial([1, 2][z!]!, 0.5, n0!) +
      uniform(0, 1, n1!) +
      uniform(0, n1!, m0!) +
      uniform(0, n0!, m1!) +
      logNormal(m0!, 1, 0.4) +
      logNormal(m1!, 1, 1.1),
  },
  {
    title: 'a bound that is a sum, and one that is a product',
    source:
      'data y: real for i in 0..<2 { sample b[i] ~ Bernoulli(0.2 + 0.2 * i) } sample k ~ DiscreteUniform(0, sum(b)) sample l ~ Binomial(k * b[0] + 1, 0.4) observe y ~ Normal(k - l, 1)',
    data: { y: 0.8 },
    variables: [...unit('b', 2, 0, 1), ...unit('k', 1, 0, 2), ...unit('l', 1, 0, 3)],
    logMass: ([b0, b1, k, l]) =>
      [b0!, b1!].reduce((s, b, i) => s + logBinomial(1, 0.2 + 0.2 * i, b), 0) +
      uniform(0, b0! + b1!, k!) +
      logBinomial(k! * b0! + 1, 0.4, l!) +
      logNormal(k! - l!, 1, 0.8),
  },
  {
    title: 'an index that leaves its array where the states are impossible',
    source:
      'data a: real[3] data y: real sample n ~ DiscreteUniform(0, 2) sample k ~ DiscreteUniform(0, n) observe y ~ Normal(a[n - k], 1)',
    data: { a: [0.1, 0.9, -1], y: 0.8 },
    variables: [...unit('n', 1, 0, 2), ...unit('k', 1, 0, 2)],
    logMass: ([n, k]) => uniform(0, 2, n!) + uniform(0, n!, k!) + (k! > n! ? 0 : logNormal([0.1, 0.9, -1][n! - k!]!, 1, 0.8)),
    kernels: [{ kernels: { k: 'independent', n: 'enumerate' } }, { kernels: { k: 'rw(scale: 1, adapt: false)', n: 'independent' } }],
  },
  {
    title: 'missing counts with an unknown number of trials',
    source: 'data c: int[K] sample n ~ DiscreteUniform(2, 4) for k in 0..<K { observe c[k] ~ Binomial(n, 0.3) }',
    data: { c: [2, null, 1] },
    variables: [...unit('n', 1, 2, 4), { name: 'c', element: 1, low: 0, high: 4 }],
    logMass: ([n, c]) => uniform(2, 4, n!) + logBinomial(n!, 0.3, 2) + logBinomial(n!, 0.3, c!) + logBinomial(n!, 0.3, 1),
    kernels: [{ kernels: { c: 'independent' } }],
  },
  {
    title: 'a truncation at an unknown',
    source: 'data y: real sample n ~ Categorical([0.2, 0.5, 0.3]) sample k ~ truncated(Poisson(1.5), 0, n) observe y ~ Normal(k, 1)',
    data: { y: 1.2 },
    variables: [...unit('n', 1, 0, 2), ...unit('k', 1, 0, 2)],
    logMass: ([n, k]) => {
      const mass = [0, 1, 2].map((x) => Math.exp(logPoisson(1.5, x))),
        total = mass.reduce((s, m, x) => s + (x <= n! ? m : 0), 0);
      return Math.log([0.2, 0.5, 0.3][n!]!) + (k! <= n! ? Math.log(mass[k!]! / total) : -Infinity) + logNormal(k!, 1, 1.2);
    },
  },
];

describe.each(cases)('$title', (program) => {
  const states = statesOf(program.variables),
    truth = bruteForce(states, program.variables, program.logMass);
  it('is solved by exact', async () => {
    const found = (
      await compileProgram(program.source).infer(program.data, { backend: 'exact', chains: 1, draws: 20, workers: 0, seed: 1 })
    ).summary();
    expect(Math.abs(found.logEvidence! - truth.logEvidence)).toBeLessThan(1e-10);
    const rows = Object.entries(found.variables);
    program.variables.forEach((v, k) => {
      const row = rows.find(([name]) => name === v.name || name === `${v.name}[${v.element}]`)![1];
      for (let x = v.low; x <= v.high; x++)
        expect(Math.abs((row.probs![String(x)] ?? 0) - truth.marginals[k]![x - v.low]!)).toBeLessThan(1e-12);
    });
  });
  it.each([{ blocks: { kind: 'derived' } }, {}, { backend: 'mh' }, ...(program.kernels ?? [])] as readonly CompileOptions[])(
    'is left as it is by a sweep of %j',
    (options) => {
      const check = checkMatrix(compile(program.source, program.data, options), program.variables, (...s) => program.logMass(s));
      expect(check.joint).toBeLessThan(1e-9);
      expect(check.leak).toBe(0);
      expect(check.stationarity).toBeLessThan(1e-12);
      expect(check.mixing).toBeLessThan(1e-6);
    },
  );
});
