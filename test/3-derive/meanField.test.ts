/**
 * The derivation of mean field without its numbers: expected energy and expected coefficients are
 * linear in every factor, so at point masses they must be the log joint density itself and its
 * differences, exactly; and what cannot be derived is refused with the term that stands in the way.
 */
import { describe, expect, it } from 'vitest';
import { allocate, instantiate, printModule } from '../../src/code/module.js';
import { createRuntime } from '../../src/code/runtime.js';
import { createRandom } from '../../src/random/generator.js';
import { ref } from '../../src/expr/expr.js';
import { printText } from '../../src/expr/print.js';
import { factorForms } from '../../src/3-derive/conditional.js';
import { jointFactors } from '../../src/3-derive/joint.js';
import { meanField, MeanFieldRefusal } from '../../src/3-derive/meanField.js';
import { ancestralCode } from '../../src/4-infer/ancestral.js';
import { prepare, runFolds } from '../../src/4-infer/assemble.js';
import { FoldedTables } from '../../src/4-infer/contract.js';
import { logDensityFunction } from '../../src/4-infer/logDensity.js';
import { ProgramBuilder } from '../../src/4-infer/programBuilder.js';
import { blockCodes, energyCode } from '../../src/4-infer/variational/factors/blocks.js';
import { givenOneHots } from '../../src/4-infer/variational/factors/finite.js';
import { startTables } from '../../src/4-infer/variational/factors/stateStatistic.js';
import { declareTables } from '../../src/4-infer/variational/factors/tables.js';
import { boundModel, type Data } from '../4-infer/caviMachine.js';
import { examples } from '../4-infer/caviModels.js';

/** The expected energy at draws from the prior taken as point masses, beside the log joint density there. */
function energies(source: string, data: Data, draws: number): readonly { readonly energy: number; readonly joint: number }[] {
  const bound = boundModel(source, data);
  const builder = new ProgramBuilder(bound);
  prepare(builder);
  const { model } = builder;
  const field = meanField(factorForms(jointFactors(model), model), model),
    folded = new FoldedTables();
  declareTables(builder, field);
  const blocks = blockCodes(builder, field, folded);
  givenOneHots(builder, blocks);
  const value = builder.fresh('energy', [], 'state');
  builder.entry('initialise', [
    ...ancestralCode(builder, {
      generate: 'latents',
      wanted: (s) => s.kind !== 'predict' && s.kind !== 'factor' && s.target !== null && model.statusOf(s.target.variable) !== 'given',
    }),
    ...startTables(builder, field, blocks, folded),
  ]);
  builder.entry('energy', [...energyCode(builder, field.energy, folded, value), { do: 'return', value: ref(value, []) }]);
  const printed = printModule(builder.module()),
    folds = runFolds(builder);
  const initial = new Map(
    printed.storages.flatMap((s) => {
      const v = folds.get(s.name) ?? builder.initialValues(s.name);
      return v === undefined ? [] : [[s.name, s.place === 'data' ? v : v.slice()] as const];
    }),
  );
  const arrays = allocate(printed.storages, initial);
  const functions = instantiate(printed.source, arrays, createRuntime(createRandom('3', 'energy')));
  const memory = new Map(printed.storages.map((s, k) => [s.name, arrays[k]!]));
  const density = logDensityFunction(bound);
  return Array.from({ length: draws }, () => {
    functions['initialise']!();
    return { energy: functions['energy']!()!, joint: density.total(new Map(density.unknowns.map((u) => [u.name, memory.get(u.name)!]))) };
  });
}

describe('at point masses the expected energy is the log joint density', () => {
  it.each(examples.map((e) => [e.title, e] as const))('%s', (_title, e) => {
    // A bound is a matter of the factor's support, not of its energy: draws beyond one say nothing.
    const possible = energies(e.source, e.data, 12).filter(({ joint }) => joint > -Infinity);
    expect(possible.length).toBeGreaterThan(0);
    for (const { energy, joint } of possible) {
      expect(Math.abs(energy - joint)).toBeLessThan(1e-9 * (1 + Math.abs(joint)));
    }
  });

  it('with three gathers of one array, two of which may meet', () => {
    const source = `data y: real[N]  data g: int[N]
      for j in 0..<4 { sample a[j] ~ Normal(0, 1) }
      for n in 0..<N { sample z[n] ~ Categorical([0.1, 0.2, 0.3, 0.4])  observe y[n] ~ Normal(a[z[n]] + 2 * a[g[n]], 1) }`;
    for (const { energy, joint } of energies(source, { y: [0.3, 1.2, -0.5], g: [0, 3, 1] }, 8)) expect(energy).toBeCloseTo(joint, 10);
  });

  it('with a latent whose range does not begin at 0, and one compared with an index', () => {
    const source = `data y: real
      sample n ~ DiscreteUniform(2, 5)
      for k in 0..<5 { sample a[k] ~ Normal(0, 1) }
      observe y ~ Normal(sum(k < n ? a[k] : 0 for k in 0..<5) / n, 1)`;
    for (const { energy, joint } of energies(source, { y: 0.7 }, 8)) expect(energy).toBeCloseTo(joint, 10);
  });
});

function derive(source: string, data: Data = {}): ReturnType<typeof meanField> {
  const { model } = new ProgramBuilder(boundModel(source, data));
  return meanField(factorForms(jointFactors(model), model), model);
}
function refusal(source: string, data: Data = {}): MeanFieldRefusal {
  try {
    derive(source, data);
  } catch (error) {
    if (error instanceof MeanFieldRefusal) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('tables of expectations', () => {
  it('are one for each statistic that some factor reads, whoever reads it', () => {
    const names = derive(
      `data y: real[N]
      sample m ~ Normal(0, 1)  sample t ~ Gamma(1, 1)
      for n in 0..<N { observe y[n] ~ Normal(m, precision: t) }`,
      { y: [1] },
    )
      .needed.map((n) => n.name)
      .sort();
    expect(names).toEqual(['E|m|x', 'E|m|x^2', 'E|t|log x', 'E|t|x']);
  });

  it('of functions of one scalar are shared between elements although each has its own constant', () => {
    const field = derive('data A: real[J]  for j in 0..<J { sample t[j] ~ HalfCauchy(A[j])  sample a[j] ~ Normal(0, t[j]) }', {
      A: [1, 2, 3],
    });
    const functions = field.needed.filter((n) => n.variable === 't' && n.kind.kind === 'other');
    expect(functions).toHaveLength(1);
  });
});

describe('refusals name the term and the unknown', () => {
  it.each<readonly [string, string, Data, string, RegExp]>([
    [
      'a sum under a reciprocal',
      'data y: real  sample a ~ Gamma(1, 1)  sample b ~ Gamma(1, 1)  observe y ~ Normal(0, variance: a + b)',
      { y: 1 },
      'a',
      /1\/\(a \+ b\)/,
    ],
    [
      'a sum under an exponential',
      'data c: int  sample a ~ Normal(0, 1)  sample b ~ Normal(0, 1)  observe c ~ Poisson(exp(a + b))',
      { c: 1 },
      'a',
      /exp\(a \+ b\)/,
    ],
    ['a moving bound', 'sample c ~ Gamma(2, 1)  sample x ~ Uniform(0, c)', {}, 'c', /^x$/],
    [
      'a support decided by a finite and bounded by another unknown',
      'sample n ~ DiscreteUniform(0, 5)  sample k ~ Poisson(2)  observe 1 ~ Binomial(n + k, 0.5)',
      {},
      'k',
      /n \+ k|k \+ n/,
    ],
    [
      'a latent under a sine, with another',
      'sample a ~ Normal(0, 1)  sample b ~ Normal(0, 1)  observe 0.3 ~ Normal(sin(a + b), 1)',
      {},
      'a',
      /sin\(a \+ b\)/,
    ],
  ])('%s', (_title, source, data, variable, term) => {
    const r = refusal(source, data);
    expect(r.variable).toBe(variable);
    expect(printText(r.term)).toMatch(term);
  });
});
