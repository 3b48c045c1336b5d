/** Hints for people who come from other systems: each names something that is valid where it stands. */
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';

function hintsOf(program: string): readonly (string | undefined)[] {
  try {
    compile(program);
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown.diagnostics.map(({ hint }) => hint);
    throw thrown;
  }
  return [];
}

describe('names of other systems', () => {
  it.each([
    ['sample x ~ Normal(mu: 0, sigma: 1)', ['mean', 'sd']],
    ['sample x ~ Normal(0, tau: 1)', ['precision']],
    ['sample x ~ LogNormal(mu: 0, sigma: 1)', ['meanlog', 'sdlog']],
    ['sample x ~ Gamma(alpha: 1, beta: 1)', ['shape', 'rate']],
    ['sample x ~ Beta(alpha: 1, beta: 1)', ['a', 'b']],
    ['sample x ~ Poisson(lambda: 1)', ['rate']],
    ['sample x ~ StudentT(nu: 3, mu: 0, sigma: 1)', ['df', 'loc', 'scale']],
    ['sample x ~ Uniform(lower: 0, upper: 1)', ['low', 'high']],
    ['sample x ~ Gaussian(0, 1)', ['Normal']],
    ['sample x ~ MultiNormal(zeros(2), eye(2))', ['MvNormal']],
    ['sample x ~ NegBinomial(1, 0.5)', ['NegativeBinomial']],
    ['report x = inv_logit(1)', ['sigmoid']],
    ['report x = var([1, 2])', ['variance']],
    ['report x = identity(2)', ['eye']],
    ['data x: vector[N]', ['real']],
    ['data x: integer', ['int']],
  ])('%s', (program, names) => {
    expect(hintsOf(program)).toEqual(names.map((name) => `did you mean \`${name}\`?`));
  });

  it('does not replace the hint for a slip of the finger', () => {
    expect(hintsOf('sample x ~ Nromal(0, 1)')).toEqual(['did you mean `Normal`?']);
  });

  it('has none for what nobody has', () => {
    expect(hintsOf('sample x ~ Wobble(0, 1)')).toEqual([undefined]);
  });
});

describe('arguments that do not fit together', () => {
  it('are refused', () => {
    try {
      compile('sample x ~ Uniform(1, 0)');
      expect.unreachable();
    } catch (thrown) {
      expect((thrown as ModelError).diagnostics.map(({ code, message }) => [code, message])).toEqual([
        ['parameter-out-of-domain', 'These arguments of Uniform do not make a distribution.'],
      ]);
    }
  });
});
